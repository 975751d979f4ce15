#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "kernels/error.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/gguf.h"
#include "loaders/tensors/write/gguf_writer.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tree.h"

using namespace yent;

namespace {

// The sentence that a file of these bytes is refused with, without its path; "" if it opens.
std::string refusal(const std::string& bytes) {
  const test::TemporaryFolder folder;
  const auto* first = reinterpret_cast<const uint8_t*>(bytes.data());
  const std::filesystem::path path = folder.file("x.gguf", {first, bytes.size()});
  const std::string sentence = test::refusal([&] { GgufFile::open(path); });
  if (sentence.empty()) return "";
  CHECK(sentence.starts_with(path.string() + ": "));
  return sentence.substr(path.string().size() + 2);
}

// The bytes of a file, value by value, so that each value can be wrong.
struct Raw {
  std::string bytes;

  template <class T>
  Raw& add(T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Raw& text(std::string_view s) {
    add<uint64_t>(s.size());
    bytes.append(s);
    return *this;
  }
  Raw& pad(size_t alignment = 32) {
    while (bytes.size() % alignment) bytes.push_back('\0');
    return *this;
  }
  Raw& data(size_t count) {
    bytes.append(count, '\1');
    return *this;
  }
  Raw& tensor(std::string_view name, std::vector<uint64_t> dims, uint32_t type, uint64_t offset) {
    text(name).add<uint32_t>(static_cast<uint32_t>(dims.size()));
    for (const uint64_t dim : dims) add(dim);
    return add(type).add(offset);
  }
};

Raw header(uint64_t tensors, uint64_t keys, uint32_t version = 3) {
  Raw raw;
  raw.bytes = "GGUF";
  raw.add(version).add(tensors).add(keys);
  return raw;
}

constexpr uint32_t f32_type = 0, q8_0_type = 8;

Raw one_tensor(std::vector<uint64_t> dims, uint32_t type = f32_type, uint64_t offset = 0) {
  return header(1, 0).tensor("w", std::move(dims), type, offset).pad();
}

std::string small_valid_file() {
  Raw raw = header(2, 4);
  raw.text("general.alignment").add(uint32_t{4}).add(uint32_t{8});
  raw.text("a.flag").add(uint32_t{7}).add(uint8_t{1});
  raw.text("a.list").add(uint32_t{9}).add(uint32_t{8}).add(uint64_t{2}).text("xy").text("");
  raw.text("a.number").add(uint32_t{12}).add(0.25);
  raw.tensor("first", {3, 2}, f32_type, 0).tensor("second", {32}, q8_0_type, 24);
  return raw.pad(8).data(24 + 34).bytes;
}

}  // namespace

TEST_CASE("gguf: reads what the Python package writes") {
  const GgufFile file = GgufFile::open(in_tree("tests/golden/gguf_blocks.gguf"));
  CHECK(file.text("general.architecture") == "golden");
  CHECK(file.integer("an.u8") == 255);
  CHECK(file.integer("an.i8") == -128);
  CHECK(file.integer("an.u16") == 65535);
  CHECK(file.integer("an.i16") == -32768);
  CHECK(file.integer("an.u32") == 4294967295);
  CHECK(file.integer("an.i32") == -2147483648LL);
  CHECK(file.integer("an.i64") == std::numeric_limits<int64_t>::min());
  CHECK_THROWS_WITH_AS(file.integer("an.u64"), (file.path() + ": an.u64 is too large").c_str(),
                       Error);
  CHECK(file.number("an.f32") == 1e-5f);
  CHECK(file.number("an.f64") == 0.1);
  CHECK(file.boolean("an.bool"));
  CHECK(file.text("an.string") == "▁Yent");
  CHECK(file.texts("some.strings") == std::vector<std::string>{"<unk>", "", "▁a"});
  CHECK(file.numbers("some.floats") == std::vector<float>{0, -1.5f, 2.25f});
  CHECK(file.integers("some.integers") == std::vector<int64_t>{1, -2, 3});
  CHECK(file.has_prefix("some."));
  CHECK_FALSE(file.has_prefix("none."));
  REQUIRE(file.find("halves"));
  CHECK(file.find("halves")->dims == std::vector<int64_t>{2, 3, 5});
  CHECK(file.find("halves")->dtype == DType::f16);
  CHECK(file.find("q4_k")->dims == std::vector<int64_t>{3, 256});
  CHECK_FALSE(file.find("none"));
}

TEST_CASE("gguf: getters fall back when a key is absent and only then") {
  const GgufFile file = GgufFile::open(in_tree("tests/golden/gguf_blocks.gguf"));
  CHECK(file.integer("none", 7) == 7);
  CHECK(file.number("none", 0.5) == 0.5);
  CHECK(file.boolean("none", true));
  CHECK(file.text("none", "llama") == "llama");
  const std::string path = file.path() + ": ";
  CHECK_THROWS_WITH(file.integer("none"), (path + "the key none is missing").c_str());
  CHECK_THROWS_WITH(file.texts("none"), (path + "the key none is missing").c_str());
  CHECK_THROWS_WITH(file.integer("an.f32", 7),
                    (path + "an.f32 is f32, expected an integer").c_str());
  CHECK_THROWS_WITH(file.integer("an.bool"),
                    (path + "an.bool is bool, expected an integer").c_str());
  CHECK_THROWS_WITH(file.number("an.u8"), (path + "an.u8 is u8, expected a float").c_str());
  CHECK_THROWS_WITH(file.text("an.u8"), (path + "an.u8 is u8, expected a string").c_str());
  CHECK_THROWS_WITH(
      file.texts("some.floats"),
      (path + "some.floats is an array of f32, expected an array of strings").c_str());
  CHECK_THROWS_WITH(file.texts("an.string"),
                    (path + "an.string is string, expected an array").c_str());
}

TEST_CASE("gguf: the writer's files read back") {
  const test::TemporaryFolder folder;
  const std::filesystem::path path = folder / "written.gguf";
  const std::vector<float> matrix = {1, 2, 3, 4, 5, 6};
  std::vector<std::byte> blocks(2 * 34);
  const std::vector<float> source(64, 0.5f);
  quantize_q8_0(source.data(), 64, blocks.data());
  {
    GgufWriter writer(path);
    writer.set_u32("u", 7);
    writer.set_f32("f", 0.5f);
    writer.set_bool("b", false);
    writer.set_text("t", "text");
    writer.set_i32s("is", std::vector<int32_t>{-1, 5});
    writer.set_f32s("fs", std::vector<float>{0.25f});
    writer.set_texts("ts", std::vector<std::string>{"a", "", "bc"});
    writer.declare("matrix", DType::f32, {2, 3});
    writer.declare("blocks", DType::q8_0, {2, 32});
    const auto bytes = std::as_bytes(std::span(matrix));
    writer.write(bytes.first(5));  // in pieces
    writer.write(bytes.subspan(5));
    writer.write(blocks);
    CHECK_FALSE(std::filesystem::exists(path));
    writer.finish();
  }
  const GgufFile file = GgufFile::open(path);
  CHECK(file.integer("u") == 7);
  CHECK(file.number("f") == 0.5);
  CHECK_FALSE(file.boolean("b"));
  CHECK(file.text("t") == "text");
  CHECK(file.integers("is") == std::vector<int64_t>{-1, 5});
  CHECK(file.numbers("fs") == std::vector<float>{0.25f});
  CHECK(file.texts("ts") == std::vector<std::string>{"a", "", "bc"});
  REQUIRE(file.tensors().size() == 2);
  CHECK(file.tensors()[0].dims == std::vector<int64_t>{2, 3});
  CHECK(std::memcmp(file.tensors()[0].data, matrix.data(), 24) == 0);
  CHECK(file.tensors()[1].dims == std::vector<int64_t>{2, 32});
  CHECK(std::memcmp(file.tensors()[1].data, blocks.data(), blocks.size()) == 0);
}

TEST_CASE("gguf: an unfinished writer leaves nothing behind") {
  const test::TemporaryFolder folder;
  const std::filesystem::path path = folder / "unfinished.gguf";
  {
    GgufWriter writer(path);
    writer.declare("w", DType::f32, {4});
  }
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(std::filesystem::exists(path.string() + ".part"));
  CHECK_THROWS_WITH(GgufWriter("/nonexistent/x.gguf"), "/nonexistent/x.gguf: cannot be written");
}

TEST_CASE("gguf: versions, magic and counts") {
  CHECK(refusal("GGUF") == "4 bytes, shorter than the 24 of a GGUF header");
  CHECK(refusal("GGML" + header(0, 0).bytes.substr(4)) == "not a GGUF file: wrong magic");
  CHECK(refusal(header(0, 0, 2).bytes) == "");
  CHECK(refusal(header(0, 0, 3).bytes) == "");
  CHECK(refusal(header(0, 0, 1).bytes) == "GGUF version 1, expected 2 or 3");
  CHECK(refusal(header(0, 0, 0x03000000).bytes) == "a big-endian GGUF file");
  const uint64_t wrap = (uint64_t{1} << 63) / 7;
  CHECK(refusal(header(0, wrap).data(40).bytes).starts_with("the key count is"));
  CHECK(refusal(header(~uint64_t{0}, 0).data(40).bytes).starts_with("the tensor count is"));
  CHECK(refusal(header(2, 0).data(65).bytes).starts_with("the tensor count is 2, more than"));
}

TEST_CASE("gguf: strings, keys and values") {
  CHECK(refusal(header(0, 1).text("").data(12).bytes) == "the name of key 0 is empty");
  CHECK(refusal(header(0, 1).add(~uint64_t{0}).data(20).bytes)
            .starts_with("the name of key 0 is a string of 18446744073709551615 bytes"));
  CHECK(refusal(header(0, 1).add(uint64_t{1000}).data(20).bytes) ==
        "the name of key 0 needs 1000 bytes at offset 32, the file has 20 left");
  Raw twice = header(0, 2);
  for (int i = 0; i < 2; ++i) twice.text("k").add(uint32_t{4}).add(uint32_t{1});
  CHECK(refusal(twice.bytes) == "the key k occurs twice");
  const auto value = [](uint32_t type) { return header(0, 1).text("k").add(type); };
  CHECK(refusal(value(13).data(8).bytes) == "k has the unknown value type 13");
  CHECK(refusal(value(7).add(uint8_t{2}).bytes) == "k is a bool of value 2");
  CHECK(refusal(value(10).data(7).bytes) == "k needs 8 bytes at offset 37, the file has 7 left");
  const auto array = [&](uint32_t element, uint64_t count) {
    return value(9).add(element).add(count).data(16).bytes;
  };
  CHECK(refusal(array(5, 4)) == "");
  CHECK(refusal(array(5, 5)) == "k is 5, more than the 16 bytes left can hold");
  CHECK(refusal(array(10, (uint64_t{1} << 61) + 1)).starts_with("k is 2305843009213693953"));
  CHECK(refusal(array(8, uint64_t{1} << 60)).starts_with("k is 1152921504606846976"));
  CHECK(refusal(array(8, 1)).starts_with("k is a string of"));
  CHECK(refusal(array(7, 16)) == "");
  CHECK(refusal(array(9, 1)) == "k is an array of arrays");
  CHECK(refusal(array(99, 1)) == "k has the unknown value type 99");
}

TEST_CASE("gguf: alignment") {
  const auto aligned = [](uint32_t alignment) {
    return refusal(header(0, 1).text("general.alignment").add(uint32_t{4}).add(alignment).bytes);
  };
  CHECK(aligned(8) == "");
  CHECK(aligned(64) == "");
  for (const uint32_t bad : {0u, 4u, 24u, 1u << 21, 1u << 31}) {
    CHECK(aligned(bad) ==
          fmt::format("general.alignment is {}, expected a power of two from 8 to 1048576", bad));
  }
}

TEST_CASE("gguf: tensor infos") {
  CHECK(refusal(one_tensor({3}).data(12).bytes) == "");
  CHECK(refusal(one_tensor({3}).data(11).bytes) ==
        "w takes 12 bytes at offset 0 of the data, which has 11: truncated?");
  CHECK(refusal(one_tensor({}).data(99).bytes) == "w has 0 dims, expected 1 to 4");
  CHECK(refusal(one_tensor({1, 1, 1, 1, 1}).data(99).bytes) == "w has 5 dims, expected 1 to 4");
  CHECK(refusal(one_tensor({3, 0}).data(99).bytes) == "w has a dim of 0 that is zero or too large");
  CHECK(refusal(one_tensor({~uint64_t{0}}).data(99).bytes) ==
        "w has a dim of 18446744073709551615 that is zero or too large");
  CHECK(refusal(one_tensor({uint64_t{1} << 32, uint64_t{1} << 32}).data(99).bytes) ==
        "w has a dim of 4294967296 that is zero or too large");
  CHECK(refusal(one_tensor({uint64_t{1} << 62}).data(99).bytes) ==
        "w has 4611686018427387904 elements, too large");
  CHECK(refusal(one_tensor({32}, 20).data(99).bytes) ==
        "w is of type 20 (IQ4_NL), which is not supported");
  CHECK(refusal(one_tensor({32}, 999).data(99).bytes) ==
        "w is of type 999 (unknown), which is not supported");
  CHECK(refusal(one_tensor({48}, q8_0_type).data(99).bytes) ==
        "w has rows of 48 elements, expected a multiple of 32 for q8_0");
  CHECK(refusal(one_tensor({3}, f32_type, 4).data(99).bytes) ==
        "w is at offset 4, expected a multiple of 32");
  CHECK(refusal(one_tensor({3}, f32_type, ~uint64_t{0} - 31).data(99).bytes)
            .starts_with("w takes 12 bytes at offset 18446744073709551584"));
  CHECK(refusal(header(1, 0).tensor("", {1}, 0, 0).pad().data(4).bytes) ==
        "the name of tensor 0 is empty");
  const auto two = [](const char* second, uint64_t offset) {
    Raw raw = header(2, 0).tensor("a", {9}, f32_type, 0).tensor(second, {2}, f32_type, offset);
    return refusal(raw.pad().data(99).bytes);
  };
  CHECK(two("b", 64) == "");
  CHECK(two("b", 32) == "a and b overlap");
  CHECK(two("b", 0) == "a and b overlap");
  CHECK(two("a", 64) == "the tensor a occurs twice");
}

TEST_CASE("gguf: cut anywhere a file is refused; with any byte changed it opens or is refused") {
  const std::string bytes = small_valid_file();
  REQUIRE(refusal(bytes) == "");
  const auto read_all = [](const std::filesystem::path& path) {
    const GgufFile file = GgufFile::open(path);
    for (const HostTensor& tensor : file.tensors()) {
      std::vector<float> values(static_cast<size_t>(tensor.count()));
      to_f32(tensor, values.data());
    }
    if (file.has("a.list")) file.texts("a.list");
  };
  const test::Damage damage = test::damage({bytes.begin(), bytes.end()}, "x.gguf", read_all);
  CHECK(damage.cuts_accepted == 0);
  CHECK(damage.changes_accepted > 0);  // the data may hold anything
  CHECK(damage.changes_accepted < damage.changes);
}
