#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "kernels/error.h"
#include "loaders/tensors/safetensors.h"
#include "tests/support/hostile.h"
#include "tests/support/tree.h"

using namespace yent;
using yent::test::contents;
using yent::test::refusal;
using yent::test::TemporaryFolder;
using yent::test::touch;

namespace {

std::vector<uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

// A file of this header and this many bytes of data: 0, 1, 2, ...
std::vector<uint8_t> file_of(std::string_view header, size_t data_bytes) {
  std::vector<uint8_t> file(8);
  const uint64_t size = header.size();
  std::memcpy(file.data(), &size, 8);
  file.insert(file.end(), header.begin(), header.end());
  for (size_t i = 0; i < data_bytes; ++i) file.push_back(static_cast<uint8_t>(i));
  return file;
}

// The sentence that these bytes are refused with, without the path; "" when they are read.
std::string refused(const std::vector<uint8_t>& bytes) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.safetensors", bytes);
  const std::string sentence = refusal([&] { read_safetensors(path); });
  if (sentence.empty()) return "";
  REQUIRE(sentence.starts_with(path.string() + ": "));
  return sentence.substr(path.string().size() + 2);
}

std::string refused(std::string_view header, size_t data_bytes) {
  return refused(file_of(header, data_bytes));
}

// A file with one tensor "w", field by field.
std::string entry(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return fmt::format(R"({{"w":{{"dtype":{},"shape":{},"data_offsets":{}}}}})", dtype, shape,
                     offsets);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

HostTensor tensor_of(std::string name, DType dtype, std::vector<int64_t> dims,
                     const std::vector<uint8_t>& bytes) {
  return {.name = std::move(name),
          .dtype = dtype,
          .dims = std::move(dims),
          .data = reinterpret_cast<const std::byte*>(bytes.data()),
          .bytes = bytes.size()};
}

}  // namespace

TEST_CASE("safetensors: what is written is read back, every type, sorted by name") {
  std::mt19937 random(7);
  const TemporaryFolder folder;
  std::vector<std::vector<uint8_t>> data;
  std::vector<HostTensor> tensors;
  const DType dtypes[] = {DType::u8, DType::f64, DType::boolean, DType::f16, DType::i32,
                          DType::i8, DType::f32, DType::bf16,    DType::i64, DType::i16};
  for (const DType dtype : dtypes) {
    data.emplace_back(3 * 5 * static_cast<size_t>(block_bytes(dtype)));
    for (uint8_t& byte : data.back()) byte = static_cast<uint8_t>(random());
    tensors.push_back(
        tensor_of(fmt::format("{}.weight", dtype_name(dtype)), dtype, {3, 1, 5}, data.back()));
  }
  const std::vector<uint8_t> none;
  tensors.push_back(tensor_of("empty", DType::f32, {4, 0}, none));
  const std::vector<uint8_t> one = {1, 2, 3, 4};
  tensors.push_back(tensor_of("scalar \"\xc3\xa9\"", DType::f32, {}, one));

  const std::map<std::string, std::string> metadata = {{"format", "pt"}, {"by", "yent"}};
  const auto path = folder / "all.safetensors";
  write_safetensors(path, tensors, metadata);
  CHECK(!std::filesystem::exists(path.string() + ".part"));

  const TensorSet set = read_tensors(path);
  CHECK(set.path == path.string());
  CHECK(set.metadata == metadata);
  REQUIRE(set.tensors.size() == tensors.size());
  CHECK(std::is_sorted(set.tensors.begin(), set.tensors.end(),
                       [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const HostTensor& expected : tensors) {
    CAPTURE(expected.name);
    const HostTensor* found = set.find(expected.name);
    REQUIRE(found);
    CHECK(found->dtype == expected.dtype);
    CHECK(found->dims == expected.dims);
    REQUIRE(found->bytes == expected.bytes);
    CHECK(std::equal(found->data, found->data + found->bytes, expected.data));
    // The header is padded and larger elements come first: all are aligned in the mapping.
    CHECK(reinterpret_cast<uintptr_t>(found->data) %
              static_cast<size_t>(block_bytes(found->dtype)) ==
          0);
    set.release(*found);
    CHECK(std::equal(found->data, found->data + found->bytes, expected.data));
  }
  CHECK(set.find("f32") == nullptr);
  CHECK(set.find("") == nullptr);
  CHECK(set.find("zzz") == nullptr);
}

TEST_CASE("safetensors: tensors without data are filled one at a time") {
  const TemporaryFolder folder;
  const auto path = folder / "filled.safetensors";
  const std::vector<HostTensor> tensors = {
      {.name = "b", .dtype = DType::i32, .dims = {2, 3}},
      {.name = "a", .dtype = DType::u8, .dims = {7}},
  };
  write_safetensors(path, tensors, {}, [](const HostTensor& tensor, std::span<std::byte> bytes) {
    std::fill(bytes.begin(), bytes.end(), static_cast<std::byte>(tensor.name[0]));
  });
  const TensorSet set = read_safetensors(path);
  REQUIRE(set.find("b")->bytes == 24);
  REQUIRE(set.find("a")->bytes == 7);
  for (const HostTensor& tensor : set.tensors) {
    for (size_t i = 0; i < tensor.bytes; ++i) {
      CHECK(static_cast<char>(tensor.data[i]) == tensor.name[0]);
    }
  }

  // A failed write leaves the old file and nothing else.
  const auto before = contents(path);
  CHECK_THROWS_AS(write_safetensors(path, tensors, {},
                                    [](const HostTensor&, std::span<std::byte>) {
                                      throw std::runtime_error("stop");
                                    }),
                  std::runtime_error);
  CHECK(contents(path) == before);
  CHECK(!std::filesystem::exists(path.string() + ".part"));
  try {
    write_safetensors(folder / "no" / "folder", tensors);
    FAIL("written into a folder that does not exist");
  } catch (const Error& error) {
    CHECK(error.kind() == Error::run);
  }
}

TEST_CASE("safetensors: odd but valid files are read") {
  CHECK(refused("{}", 0) == "");
  CHECK(refused("{}   \n\t ", 0) == "");
  CHECK(refused(R"({"__metadata__":{}})", 0) == "");
  CHECK(refused(entry(R"("F32")", "[]", "[0,4]"), 4) == "");
  CHECK(refused(entry(R"("F32")", "[0]", "[0,0]"), 0) == "");
  CHECK(refused(entry(R"("F64")", "[3,0,4611686018427387904]", "[0,0]"), 0) == "");
  // Empty tensors between others, out of order, unaligned data.
  CHECK(refused(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[3,7]},)"
                R"("e":{"dtype":"F16","shape":[0,2],"data_offsets":[3,3]},)"
                R"("a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})",
                7) == "");

  const TemporaryFolder folder;
  const TensorSet set = read_safetensors(
      folder.file("odd", file_of(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[3,7]},)"
                                 R"("a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})",
                                 7)));
  CHECK(static_cast<int>(set.find("b")->data[0]) == 3);
  CHECK(static_cast<int>(set.find("a")->data[2]) == 2);
}

TEST_CASE("safetensors: sizes that do not fit the file are refused") {
  CHECK(refused({}) == "0 bytes, expected a safetensors file");
  CHECK(refused({1, 2, 3, 4, 5, 6, 7}) == "7 bytes, expected a safetensors file");
  const auto with_length = [](uint64_t length) {
    std::vector<uint8_t> file = file_of("{}", 3);
    std::memcpy(file.data(), &length, 8);
    return refused(file);
  };
  CHECK(with_length(0) == "a safetensors header of 0 bytes, expected 1 to 5");
  CHECK(with_length(6) == "a safetensors header of 6 bytes, expected 1 to 5");
  CHECK(contains(with_length(100'000'001), "header of 100000001 bytes"));
  CHECK(contains(with_length(UINT64_MAX), "header of 18446744073709551615 bytes"));
  CHECK(contains(with_length(UINT64_MAX - 7), "expected 1 to 5"));
  CHECK(contains(with_length(1), "not valid JSON"));
}

TEST_CASE("safetensors: headers that are no JSON object of objects are refused") {
  CHECK(refused(" {}", 0) == "the safetensors header is not a JSON object");
  CHECK(refused("[]", 0) == "the safetensors header is not a JSON object");
  CHECK(refused("\xef\xbb\xbf{}", 0) == "the safetensors header is not a JSON object");
  for (std::string_view header :
       {"{", "{}}", "{\"a\"}", "{\"\xff\":1}", "{} x", "{'a':1}", "{\"__metadata__\":{},}"}) {
    CAPTURE(header);
    CHECK(contains(refused(header, 0), "not valid JSON at byte"));
  }
  CHECK(contains(refused(std::string_view("{}\0\0", 4), 0), "not valid JSON at byte 3"));
  for (const char* value : {"1", "null", "[]", "\"F32\""}) {
    CHECK(contains(refused(fmt::format("{{\"w\":{}}}", value), 0), "expected an object"));
  }

  std::string deep = "{\"w\":";
  for (int i = 0; i < 100'000; ++i) deep += "{\"w\":";
  CHECK(contains(refused(deep, 0), "nested deeper"));
  CHECK(contains(refused("{\"w\":" + std::string(100'000, '['), 0), "nested deeper"));

  CHECK(contains(refused(R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                         R"("w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                         2),
                 "the key \"w\" occurs twice"));
  CHECK(
      contains(refused(R"({"w":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
               "the key \"dtype\" occurs twice"));
  CHECK(contains(refused(R"({"__metadata__":{"a":"b","a":"b"}})", 0), "occurs twice"));
  for (const char* metadata : {"null", "[]", "\"a\"", "{\"a\":1}", "{\"a\":null}", "{\"a\":{}}"}) {
    CHECK(refused(fmt::format("{{\"__metadata__\":{}}}", metadata), 0) ==
          "__metadata__ is not an object of strings");
  }
}

TEST_CASE("safetensors: entries with fields missing, wrong or out of range are refused") {
  CHECK(refused(R"({"w":{"shape":[1],"data_offsets":[0,1]}})", 1) == "w: \"dtype\" is missing");
  CHECK(refused(R"({"w":{"dtype":"U8","data_offsets":[0,1]}})", 1) ==
        "w: no shape, expected a list of dims");
  CHECK(refused(R"({"w":{"dtype":"U8","shape":[1]}})", 1) ==
        "w: data_offsets are not two natural numbers");

  CHECK(refused(entry("8", "[1]", "[0,1]"), 1) == "w: \"dtype\" is 8, expected a string");
  for (const char* dtype : {"F8_E8M0", "F4", "F6_E2M3", "C64", "U16", "f32", ""}) {
    CHECK(refused(entry(fmt::format("\"{}\"", dtype), "[1]", "[0,1]"), 1) ==
          fmt::format("w: dtype {} is not supported", dtype));
  }
  for (const char* shape : {"1", "null", "\"1\"", "{}"}) {
    CHECK(contains(refused(entry(R"("U8")", shape, "[0,1]"), 1), "no shape"));
  }
  for (const char* dim : {"-1", "-0", "1.0", "1e0", "\"1\"", "null", "[1]", "true",
                          "9223372036854775808", "18446744073709551616", "1e30"}) {
    CAPTURE(dim);
    CHECK(contains(refused(entry(R"("U8")", fmt::format("[1,{}]", dim), "[0,1]"), 1),
                   "w: dim 1 is "));
  }
  for (const char* offsets :
       {"0", "null", "[]", "[0]", "[0,1,2]", "[0,\"1\"]", "[-1,0]", "[0,1.0]", "[0,1e0]",
        "[0,null]", "{\"0\":0,\"1\":1}", "[0,18446744073709551616]"}) {
    CAPTURE(offsets);
    CHECK(refused(entry(R"("U8")", "[1]", offsets), 1) ==
          "w: data_offsets are not two natural numbers");
  }
  // Products that wrap around to small numbers: 2^64 elements, 2^63 elements, 2^61 elements of 8
  // bytes.
  for (const char* shape : {"[4294967296,4294967296]", "[4294967296,2147483648]",
                            "[9223372036854775807,2]", "[4294967296,4294967296,0]"}) {
    CHECK(contains(refused(entry(R"("U8")", shape, "[0,0]"), 0), "is too large a shape"));
  }
  CHECK(contains(refused(entry(R"("F64")", "[2305843009213693952]", "[0,0]"), 0),
                 "is too large a shape"));
  CHECK(refused(entry(R"("F32")", "[2,3]", "[0,20]"), 20) ==
        "w: data_offsets are 0 to 20, expected 24 bytes for {2, 3} f32");
  CHECK(contains(refused(entry(R"("U8")", "[1]", "[1,0]"), 1), "data_offsets are 1 to 0"));
}

TEST_CASE("safetensors: data that the tensors do not cover exactly is refused") {
  const auto two = [](int begin, int end, size_t data_bytes) {
    return refused(fmt::format(R"({{"a":{{"dtype":"U8","shape":[4],"data_offsets":[0,4]}},)"
                               R"("b":{{"dtype":"U8","shape":[{}],"data_offsets":[{},{}]}}}})",
                               end - begin, begin, end),
                   data_bytes);
  };
  CHECK(two(4, 6, 6) == "");
  CHECK(two(3, 6, 6) == "b begins at byte 3 of the data, expected 4");   // overlap
  CHECK(two(5, 7, 7) == "b begins at byte 5 of the data, expected 4");   // hole
  CHECK(two(0, 4, 4) == "b begins at byte 0 of the data, expected 4");   // alias
  CHECK(two(2, 2, 4) == "b begins at byte 2 of the data, expected 4");   // empty, inside another
  CHECK(two(4, 6, 5) == "5 bytes of data, expected 6 for its tensors");  // truncated
  CHECK(two(4, 6, 7) == "7 bytes of data, expected 6 for its tensors");  // trailing
  CHECK(refused(entry(R"("U8")", "[2]", "[1,3]"), 3) ==
        "w begins at byte 1 of the data, expected 0");
  CHECK(refused("{}", 1) == "1 bytes of data, expected 0 for its tensors");
  CHECK(refused(entry(R"("U8")", "[1099511627776]", "[0,1099511627776]"), 4) ==
        "4 bytes of data, expected 1099511627776 for its tensors");
}

TEST_CASE("safetensors: names in sentences are harmless") {
  const std::string header =
      R"({"\u001b[2J\n)" + std::string(500, 'n') + R"(":{"dtype":"U8","shape":[1]}})";
  const std::string sentence = refused(header, 1);
  CHECK(sentence.starts_with("\\x1b[2J\\x0annn"));
  CHECK(contains(sentence, "nnn...: data_offsets"));
  CHECK(sentence.size() < 200);
}

TEST_CASE("safetensors: a file cut short is refused, any byte may be wrong") {
  const TemporaryFolder folder;
  const std::vector<uint8_t> data = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const std::vector<HostTensor> tensors = {
      tensor_of("a", DType::f32, {3, 1}, data),
      tensor_of("b", DType::u8, {2, 6}, data),
      tensor_of("c", DType::i16, {0, 6}, {}),
  };
  const auto path = folder / "a.safetensors";
  write_safetensors(path, tensors, {{"format", "pt"}});
  const auto damage = yent::test::damage(contents(path), "a.safetensors",
                                         [](const auto& file) { touch(read_tensors(file)); });
  CHECK(damage.cuts_accepted == 0);
  // Changed data, names and metadata are another valid file; a changed structure is not.
  CHECK(damage.changes_accepted > 0);
  CHECK(damage.changes_accepted < damage.changes / 2);
}

TEST_CASE("safetensors: the shards of an index are one set") {
  const TemporaryFolder folder;
  const std::vector<uint8_t> first = {1, 2, 3, 4}, second = {5, 6, 7, 8};
  write_safetensors(folder / "m-1.safetensors",
                    std::vector{tensor_of("x.weight", DType::f32, {1}, first),
                                tensor_of("unlisted", DType::f32, {1}, first)},
                    {{"format", "pt"}});
  write_safetensors(folder / "m-2.safetensors",
                    std::vector{tensor_of("a.weight", DType::u8, {4}, second)});
  const auto index = [&](const std::string& json) {
    return folder.file("m.safetensors.index.json", bytes_of(json));
  };
  const auto refused_index = [&](const std::string& json) {
    const auto path = index(json);
    return refusal([&] { read_tensors(path); });
  };

  const TensorSet set = read_tensors(
      index(R"({"metadata":{"total_size":8},"weight_map":{"x.weight":"m-1.safetensors",)"
            R"("a.weight":"m-2.safetensors"}})"));
  REQUIRE(set.tensors.size() == 2);
  CHECK(set.files.size() == 2);
  CHECK(set.metadata.at("format") == "pt");
  CHECK(set.tensors[0].name == "a.weight");
  CHECK(static_cast<int>(set.find("x.weight")->data[1]) == 2);
  CHECK(static_cast<int>(set.find("a.weight")->data[3]) == 8);
  set.release(set.tensors[0]);
  set.release(set.tensors[1]);

  CHECK(contains(refused_index(R"({"weight_map":{"y":"m-1.safetensors"}})"),
                 "m-1.safetensors: y is missing, "));
  CHECK(contains(refused_index(R"({"weight_map":{"y":"m-3.safetensors"}})"),
                 "m-3.safetensors: No such file"));
  for (const char* file : {"\"../m-1.safetensors\"", "\"/etc/passwd\"", "\"..\"", "\".\"", "\"\"",
                           "\"a/b\"", "\"a\\\\b\"", "\"m-1.safetensors\\u0000\"", "7", "null"}) {
    CAPTURE(file);
    CHECK(contains(refused_index(fmt::format(R"({{"weight_map":{{"x.weight":{}}}}})", file)),
                   "expected the name of a file beside the index"));
  }
  for (const char* json : {"{}", "[]", R"({"weight_map":[]})"}) {
    CHECK(contains(refused_index(json), "no \"weight_map\" object"));
  }
}

TEST_CASE("safetensors: the recorded files of the other tests are read and written alike") {
  const std::filesystem::path golden = in_tree("tests/golden");
  const TemporaryFolder folder;
  for (const char* name : {"painter_lora_style.safetensors", "llama_micro.safetensors"}) {
    const TensorSet set = read_tensors(golden / name);
    CHECK(set.tensors.size() > 1);
    write_safetensors(folder / name, set.tensors, set.metadata);
    const TensorSet again = read_tensors(folder / name);
    REQUIRE(again.tensors.size() == set.tensors.size());
    CHECK(touch(again) == touch(set));
  }
}

TEST_CASE("safetensors: a file is known by its first bytes, then by its name") {
  const TemporaryFolder folder;
  const auto sentence = [&](const char* name, std::string_view bytes) {
    const auto path = folder.file(name, bytes_of(bytes));
    return refusal([&] { read_tensors(path); });
  };
  CHECK(refusal([&] { read_tensors(folder.file("model.ckpt", file_of("{}", 0))); }) == "");
  CHECK(contains(sentence("a.safetensors", "abc"), "expected a safetensors file"));
  CHECK(contains(sentence("a.ckpt", "abc"), "no end record: truncated, or no zip"));
  CHECK(contains(sentence("a.safetensors", "PK\3\4"), "no end record"));
  CHECK(contains(sentence("a.bin", "GGUF\3"), "a GGUF file"));
  CHECK(contains(sentence("a", "abc"), "neither a safetensors file nor one of torch.save"));
  CHECK(contains(refusal([&] { read_tensors(folder.path()); }), "not a regular file"));
}
