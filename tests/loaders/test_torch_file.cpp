// torch.save wrote tests/golden/torch_*.bin (tools/golden/torch_files.py). Files that torch never
// writes are made here byte by byte.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/error.h"
#include "kernels/half.h"
#include "loaders/tensors/torch_file.h"
#include "tests/support/archive.h"
#include "tests/support/hostile.h"
#include "tests/support/tree.h"

using namespace yent;
using namespace yent::test;
using namespace std::string_literals;

namespace {

std::filesystem::path golden(const char* name) {
  return in_tree(std::string("tests/golden/") + name);
}

double number(const HostTensor& tensor, size_t i) {
  const std::byte* at = tensor.data + i * static_cast<size_t>(block_bytes(tensor.dtype));
  const auto as = [&](auto value) {
    std::memcpy(&value, at, sizeof value);
    return value;
  };
  switch (tensor.dtype) {
    case DType::f64:
      return as(double{});
    case DType::f32:
      return as(float{});
    case DType::f16:
      return f16_to_f32(as(uint16_t{}));
    case DType::bf16:
      return bf16_to_f32(as(uint16_t{}));
    case DType::i64:
      return static_cast<double>(as(int64_t{}));
    case DType::i32:
      return as(int32_t{});
    case DType::i16:
      return as(int16_t{});
    case DType::i8:
      return as(int8_t{});
    default:
      return as(uint8_t{});
  }
}

std::vector<double> numbers(const HostTensor& tensor) {
  std::vector<double> out;
  for (int64_t i = 0; i < tensor.count(); ++i)
    out.push_back(number(tensor, static_cast<size_t>(i)));
  return out;
}

using Numbers = std::vector<double>;
using Dims = std::vector<int64_t>;

void check_tensor(const TensorSet& set, std::string_view name, DType dtype, const Dims& dims,
                  const Numbers& expected) {
  CAPTURE(name);
  const HostTensor* tensor = set.find(name);
  REQUIRE(tensor);
  CHECK(tensor->dtype == dtype);
  CHECK(tensor->dims == dims);
  CHECK(tensor->bytes == checked_bytes(dtype, dims));
  CHECK(numbers(*tensor) == expected);
}

// Pieces of a pickle of protocol 2.
std::string integer(int64_t value) { return "\x8a\x08"s + fields(value); }
std::string tuple(const std::vector<int64_t>& values) {
  std::string out = "(";
  for (const int64_t value : values) out += integer(value);
  return out + "t";
}

struct TensorSpec {
  std::string storage = "FloatStorage", key = "0";
  int64_t elements = 6, offset = 0;
  std::vector<int64_t> dims = {2, 3}, strides = {3, 1};
};

std::string tensor(const TensorSpec& spec) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + pickle_text("storage") + "ctorch\n" +
         spec.storage + "\n" + pickle_text(spec.key) + pickle_text("cpu") + integer(spec.elements) +
         "tQ" + integer(spec.offset) + tuple(spec.dims) + tuple(spec.strides) + "\x89}tR";
}

// A checkpoint of this pickle, and 24 bytes 0, 1, 2, ... as its storage "0".
std::string checkpoint(const std::string& pickle, const std::string& byteorder = "little") {
  std::string storage;
  for (char i = 0; i < 24; ++i) storage += i;
  Zip zip;
  zip.add("c/data.pkl", pickle);
  zip.add("c/byteorder", byteorder);
  zip.add("c/data/0", storage);
  return zip.finish();
}

std::string dict_of(const std::string& value) {
  return "\x80\x02}" + pickle_text("w") + value + "s.";
}

// The sentence about a checkpoint, without its path.
std::string torch_refusal(const std::string& bytes) {
  const TemporaryFolder folder;
  const auto path =
      folder.file("m.pt", {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  const std::string sentence = refusal([&] { touch(read_torch(path)); });
  if (sentence.empty()) return "";
  REQUIRE(sentence.starts_with(path.string() + ": "));
  return sentence.substr(path.string().size() + 2);
}

std::string tensor_refusal(const TensorSpec& spec) {
  return torch_refusal(checkpoint(dict_of(tensor(spec))));
}

}  // namespace

TEST_CASE("torch_file: a state dictionary of every dtype and layout, as torch saves it") {
  for (const char* name :
       {"torch_state_dict.bin", "torch_protocol5.bin", "torch_legacy.bin", "torch_legacy5.bin"}) {
    CAPTURE(name);
    const TensorSet set = read_tensors(golden(name));
    CHECK(set.tensors.size() == 16);
    check_tensor(set, "plain", DType::f32, {3, 4},
                 {0, .25, .5, .75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75});
    check_tensor(set, "transposed", DType::f32, {4, 3},
                 {0, 1, 2, .25, 1.25, 2.25, .5, 1.5, 2.5, .75, 1.75, 2.75});
    check_tensor(set, "row", DType::f32, {4}, {1, 1.25, 1.5, 1.75});
    check_tensor(set, "column", DType::f32, {3}, {.5, 1.5, 2.5});
    check_tensor(set, "every_second", DType::f32, {2, 2}, {.25, .75, 2.25, 2.75});
    Numbers permuted;
    for (int k = 0; k < 5; ++k)
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 3; ++j) permuted.push_back((i * 3 + j) * 5 + k);
    check_tensor(set, "tokens_first", DType::i16, {5, 2, 3}, permuted);
    check_tensor(set, "parameter", DType::f32, {2}, {1.5, -2});
    check_tensor(set, "scalar", DType::f64, {}, {7.25});
    check_tensor(set, "empty", DType::f32, {0, 3}, {});
    check_tensor(set, "half", DType::f16, {3}, {1, -.5, 65504});
    check_tensor(set, "brain", DType::bf16, {2, 2}, {1, -3, .5, 256});
    check_tensor(set, "long", DType::i64, {2}, {-1, 0x1p40});
    check_tensor(set, "int", DType::i32, {2}, {-2, 77});
    check_tensor(set, "bytes", DType::u8, {2}, {0, 255});
    check_tensor(set, "chars", DType::i8, {2}, {-128, 127});
    check_tensor(set, "flags", DType::boolean, {3}, {1, 0, 1});

    // Dense views stay in the mapping and share it; the four others are copies.
    CHECK(set.find("row")->data == set.find("plain")->data + 16);
    CHECK(set.owned.size() == 4);
    for (const HostTensor& tensor : set.tensors) set.release(tensor);
    CHECK(number(*set.find("plain"), 11) == 2.75);
    CHECK(number(*set.find("transposed"), 11) == 2.75);
  }
}

TEST_CASE("torch_file: the state dictionary inside a training checkpoint") {
  const TensorSet set = read_torch(golden("torch_lightning.bin"));
  REQUIRE(set.tensors.size() == 2);
  check_tensor(set, "a.weight", DType::f32, {2, 2}, {1, 2, 3, 4});
  check_tensor(set, "a.tied", DType::f32, {2, 2}, {1, 2, 3, 4});
  CHECK(set.find("a.weight")->data == set.find("a.tied")->data);
}

TEST_CASE("torch_file: code is refused by name") {
  const auto sentence = [](const char* name) {
    return refusal([&] { read_tensors(golden(name)); });
  };
  CHECK(contains(sentence("torch_malicious.bin"),
                 "the pickle asks for posix.system, which is refused"));

  for (const char* global : {"os\nsystem", "builtins\neval", "builtins\ngetattr", "torch\nload",
                             "torch._utils\n_rebuild_qtensor", "torch\nComplexFloatStorage",
                             "collections\nOrderedDict.fromkeys", "pytorch_lightningx\nA",
                             "torch.storage\n_load_from_bytes", "\nlightning.A"}) {
    std::string name = global;
    const std::string bytes = checkpoint("\x80\x02" + ("c" + name) + "\n.");
    std::replace(name.begin(), name.end(), '\n', '.');
    CHECK(contains(torch_refusal(bytes), "the pickle asks for " + name + ", which is refused"));
  }
}

TEST_CASE("torch_file: a file cut short is refused, any byte may be wrong") {
  for (const char* name : {"torch_state_dict.bin", "torch_lightning.bin", "torch_legacy.bin"}) {
    const auto damage = yent::test::damage(contents(golden(name)), "m.pt",
                                           [](const auto& file) { touch(read_torch(file)); });
    CHECK(damage.cuts_accepted == 0);
    CHECK(damage.changes_accepted > 0);  // padding and data
    CHECK(damage.changes_accepted < damage.changes);
  }
}

TEST_CASE("torch_file: tensors must fit their storages") {
  CHECK(tensor_refusal({}) == "");
  CHECK(tensor_refusal({.storage = "DoubleStorage", .elements = 3, .dims = {3}, .strides = {1}}) ==
        "");
  CHECK(tensor_refusal({.dims = {2, 3}, .strides = {1, 2}}) == "");
  CHECK(tensor_refusal({.dims = {2, 3}, .strides = {0, 1}}) == "");
  CHECK(tensor_refusal({.offset = 6, .dims = {0, 7}, .strides = {7, 1}}) == "");
  CHECK(tensor_refusal({.offset = 5, .dims = {1, 1}, .strides = {INT64_MAX, 9}}) == "");

  CHECK(tensor_refusal({.offset = 1}) == "w: {2, 3} reaches past its storage of 6 elements");
  CHECK(tensor_refusal({.offset = 7, .dims = {0}, .strides = {1}}) ==
        "w: {0} reaches past its storage of 6 elements");
  CHECK(contains(tensor_refusal({.offset = INT64_MAX}), "reaches past"));
  CHECK(contains(tensor_refusal({.strides = {4, 1}}), "reaches past"));
  CHECK(contains(tensor_refusal({.strides = {INT64_MAX, INT64_MAX}}), "reaches past"));
  CHECK(contains(tensor_refusal({.dims = {3, 3}, .strides = {INT64_MAX, 1}}), "reaches past"));
  CHECK(contains(tensor_refusal({.offset = -1}), "is no tensor"));
  CHECK(contains(tensor_refusal({.dims = {6}}), "{6} with 2 strides is no tensor"));
  CHECK(contains(tensor_refusal({.dims = {1LL << 32, 1LL << 32}}), "is no tensor"));
  CHECK(contains(tensor_refusal({.dims = {1LL << 62, 1}}), "is no tensor"));
  CHECK(tensor_refusal({.dims = {-2, 3}}) == "w: a dim or stride that is no natural number");
  CHECK(tensor_refusal({.strides = {3, -1}}) == "w: a dim or stride that is no natural number");
  CHECK(contains(tensor_refusal({.dims = {1 << 20, 1}, .strides = {0, 1}}), "four times the file"));

  CHECK(tensor_refusal({.key = "1"}) == "w: no storage 1 in the file");
  CHECK(tensor_refusal({.key = "../data.pkl"}) == "w: no storage ../data.pkl in the file");
  CHECK(tensor_refusal({.elements = 7}) == "w: storage 0 is 24 bytes, expected 7 elements of f32");
  CHECK(contains(tensor_refusal({.elements = 5}), "expected 5 elements"));
  CHECK(contains(tensor_refusal({.elements = -6}), "expected -6 elements"));
  CHECK(contains(tensor_refusal({.elements = INT64_MAX}), "is 24 bytes, expected"));
  CHECK(contains(tensor_refusal({.storage = "Size"}), "a storage of unknown form"));
}

TEST_CASE("torch_file: pickles that are no state dictionary are refused") {
  const auto refused = [](const std::string& pickle) { return torch_refusal(checkpoint(pickle)); };
  for (const std::string& value :
       {"N"s, "}"s, "]"s, pickle_text("state_dict"), "}" + pickle_text("state_dict") + "Ns",
        "}" + pickle_text("w") + "K\x01s"}) {
    CHECK(contains(refused("\x80\x02" + value + "."), "no tensors, expected a state dictionary"));
  }
  CHECK(refused("\x80\x02}K\x01" + tensor({}) + "s.") == "a tensor under a key that is no string");
  CHECK(refused("\x80\x02}(" + pickle_text("w") + tensor({}) + pickle_text("w") + tensor({}) +
                "u.") == "w occurs twice");
  const std::string rebuild = "ctorch._utils\n_rebuild_tensor_v2\n";
  CHECK(refused(dict_of(rebuild + ")R")) == "w: too few arguments of a tensor");
  CHECK(refused(dict_of(rebuild + "(NK\x00))tR"s)) == "w: not over a storage");
  CHECK(refused(dict_of(rebuild + "(NQK\x00))tR"s)) == "w: not over a storage");
  CHECK(refused(dict_of("ctorch._utils\n_rebuild_parameter\n(" + tensor({}) + "\x88NtR")) == "");
  CHECK(contains(refused(dict_of("ctorch._utils\n_rebuild_parameter\n)R")), "no tensors"));

  CHECK(torch_refusal(checkpoint(dict_of(tensor({})), "big")) ==
        "byte order \"big\", expected little");
  Zip zip;
  zip.add("c/version", "3\n");
  CHECK(torch_refusal(zip.finish()) == "0 data.pkl in the archive, expected one");
  zip.add("c/data.pkl", dict_of(tensor({})));
  CHECK(torch_refusal(zip.finish()) == "w: no storage 0 in the file");
  zip.add("d/data.pkl", "");
  CHECK(torch_refusal(zip.finish()) == "2 data.pkl in the archive, expected one");
}
