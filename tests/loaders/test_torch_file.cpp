// torch.save wrote tests/golden/torch_*.bin (tools/golden/torch_files.py). Files that torch never
// writes are made here byte by byte.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/error.h"
#include "kernels/half.h"
#include "loaders/io/zip.h"
#include "loaders/tensors/pickle.h"
#include "loaders/tensors/torch_file.h"
#include "tests/support/hostile.h"

using namespace yent;
using yent::test::contents;
using yent::test::refusal;
using yent::test::TemporaryFolder;
using yent::test::touch;
using namespace std::string_literals;

namespace {

std::filesystem::path golden(const char* name) {
  return std::filesystem::path(YENT_SOURCE_DIR) / "tests/golden" / name;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
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

// Little-endian fields, one after the other.
template <class... Fields>
std::string fields(Fields... values) {
  std::string out;
  (out.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
  return out;
}

// An archive, field by field, so that each field can be wrong.
struct Zip {
  struct Member {
    std::string name, data;
    uint16_t flags = 0, method = 0;
    std::string extra = {};  // of the directory; the sizes below go with it
    uint32_t listed_stored = 0, listed_size = 0, listed_header = 0;
    std::string local_name = name;  // in the local header
    uint32_t local_signature = 0x04034b50;
    uint32_t header = 0;  // where it lies; set when it is written
  };

  std::string bytes;
  std::vector<Member> members;

  Member& add(const std::string& name, const std::string& data) {
    Member member = {.name = name, .data = data};
    member.header = member.listed_header = static_cast<uint32_t>(bytes.size());
    member.listed_stored = member.listed_size = static_cast<uint32_t>(data.size());
    bytes += fields(member.local_signature, uint16_t{45}, uint16_t{0}, uint16_t{0}, uint32_t{0},
                    uint32_t{0}, member.listed_stored, member.listed_size,
                    static_cast<uint16_t>(name.size()), uint16_t{0});
    bytes += name + data;
    return members.emplace_back(member);
  }

  std::string directory() const {
    std::string out;
    for (const Member& m : members) {
      out += fields(uint32_t{0x02014b50}, uint16_t{45}, uint16_t{45}, m.flags, m.method,
                    uint32_t{0}, uint32_t{0}, m.listed_stored, m.listed_size,
                    static_cast<uint16_t>(m.name.size()), static_cast<uint16_t>(m.extra.size()),
                    uint16_t{0}, uint16_t{0}, uint16_t{0}, uint32_t{0}, m.listed_header);
      out += m.name + m.extra;
    }
    return out;
  }

  std::string finish(const std::string& comment = "") const {
    const std::string list = directory();
    const auto count = static_cast<uint16_t>(members.size());
    return bytes + list +
           fields(uint32_t{0x06054b50}, uint16_t{0}, uint16_t{0}, count, count,
                  static_cast<uint32_t>(list.size()), static_cast<uint32_t>(bytes.size()),
                  static_cast<uint16_t>(comment.size())) +
           comment;
  }

  // With the end record that all archives over 4 GiB have.
  std::string finish_zip64() const {
    const std::string list = directory();
    const uint64_t count = members.size(), at = bytes.size() + list.size();
    return bytes + list +
           fields(uint32_t{0x06064b50}, uint64_t{44}, uint16_t{45}, uint16_t{45}, uint32_t{0},
                  uint32_t{0}, count, count, static_cast<uint64_t>(list.size()),
                  static_cast<uint64_t>(bytes.size())) +
           fields(uint32_t{0x07064b50}, uint32_t{0}, at, uint32_t{1}) +
           fields(uint32_t{0x06054b50}, uint16_t{0}, uint16_t{0}, uint16_t{0xffff},
                  uint16_t{0xffff}, uint32_t{0xffffffff}, uint32_t{0xffffffff}, uint16_t{0});
  }
};

std::span<const std::byte> span_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string zip_refusal(const std::string& archive) {
  return refusal([&] { read_zip(span_of(archive), "f"); });
}

Zip two_members() {
  Zip zip;
  zip.add("x/a", "first");
  zip.add("x/b", "second one");
  return zip;
}

// The refusal after `change` to the second member.
template <class Change>
std::string changed_zip(Change change) {
  Zip zip = two_members();
  change(zip.members[1]);
  return zip_refusal(zip.finish());
}

std::string pickle_refusal(const std::string& pickle) {
  const auto allow = [](std::string_view module, std::string_view) { return module == "good"; };
  const std::string sentence = refusal([&] { read_pickle(span_of(pickle), allow, "f"); });
  return sentence.starts_with("f: ") ? sentence.substr(3) : sentence;
}

// Pieces of protocol 2.
std::string text(std::string_view s) {
  return "X" + fields(static_cast<uint32_t>(s.size())) + std::string(s);
}
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
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" + spec.storage +
         "\n" + text(spec.key) + text("cpu") + integer(spec.elements) + "tQ" +
         integer(spec.offset) + tuple(spec.dims) + tuple(spec.strides) + "\x89}tR";
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

std::string dict_of(const std::string& value) { return "\x80\x02}" + text("w") + value + "s."; }

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
  for (const char* name : {"torch_state_dict.bin", "torch_protocol5.bin"}) {
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

TEST_CASE("torch_file: code and the old format are refused by name") {
  const auto sentence = [](const char* name) {
    return refusal([&] { read_tensors(golden(name)); });
  };
  CHECK(contains(sentence("torch_malicious.bin"),
                 "the pickle asks for posix.system, which is refused"));
  CHECK(contains(sentence("torch_legacy.bin"), "the format of torch before 1.6"));

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
  for (const char* name : {"torch_state_dict.bin", "torch_lightning.bin"}) {
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

  CHECK(tensor_refusal({.key = "1"}) == "no data/1 in the archive");
  CHECK(tensor_refusal({.key = "../data.pkl"}) == "no data/../data.pkl in the archive");
  CHECK(tensor_refusal({.elements = 7}) == "w: storage 0 is 24 bytes, expected 7 elements of f32");
  CHECK(contains(tensor_refusal({.elements = 5}), "expected 5 elements"));
  CHECK(contains(tensor_refusal({.elements = -6}), "expected -6 elements"));
  CHECK(contains(tensor_refusal({.elements = INT64_MAX}), "is 24 bytes, expected"));
  CHECK(contains(tensor_refusal({.storage = "Size"}), "a storage of unknown form"));
}

TEST_CASE("torch_file: pickles that are no state dictionary are refused") {
  const auto refused = [](const std::string& pickle) { return torch_refusal(checkpoint(pickle)); };
  for (const std::string& value : {"N"s, "}"s, "]"s, text("state_dict"),
                                   "}" + text("state_dict") + "Ns", "}" + text("w") + "K\x01s"}) {
    CHECK(contains(refused("\x80\x02" + value + "."), "no tensors, expected a state dictionary"));
  }
  CHECK(refused("\x80\x02}K\x01" + tensor({}) + "s.") == "a tensor under a key that is no string");
  CHECK(refused("\x80\x02}(" + text("w") + tensor({}) + text("w") + tensor({}) + "u.") ==
        "w occurs twice");
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
  CHECK(torch_refusal(zip.finish()) == "no data/0 in the archive");
  zip.add("d/data.pkl", "");
  CHECK(torch_refusal(zip.finish()) == "2 data.pkl in the archive, expected one");
}

TEST_CASE("zip: stored entries are found where they lie") {
  const Zip zip = two_members();
  for (const std::string& archive :
       {zip.finish(), zip.finish("a comment with PK\5\6 in it"), zip.finish_zip64()}) {
    const auto entries = read_zip(span_of(archive), "f");
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].name == "x/a");
    CHECK(entries[1].name == "x/b");
    CHECK(entries[1].bytes.size() == 10);
    CHECK(std::memcmp(entries[1].bytes.data(), "second one", 10) == 0);
  }
  CHECK(read_zip(span_of(Zip().finish()), "f").empty());

  // Sizes and place in the zip64 extra field, behind another extra.
  Zip large = two_members();
  Zip::Member& member = large.members[1];
  member.listed_size = member.listed_stored = member.listed_header = 0xffffffff;
  member.extra =
      fields(uint16_t{0x4246}, uint16_t{1}) + "x" +
      fields(uint16_t{1}, uint16_t{24}, uint64_t{10}, uint64_t{10}, uint64_t{member.header});
  const std::string archive = large.finish();
  const auto entries = read_zip(span_of(archive), "f");
  CHECK(std::memcmp(entries[1].bytes.data(), "second one", 10) == 0);
  member.extra.resize(member.extra.size() - 1);
  CHECK(contains(zip_refusal(large.finish()), "lacks its zip64 sizes"));
  member.extra.clear();
  CHECK(contains(zip_refusal(large.finish()), "lacks its zip64 sizes"));
}

TEST_CASE("zip: entries that are not plain bytes of the archive are refused") {
  using Member = Zip::Member;
  CHECK(changed_zip([](Member& m) { m.flags = 0x0808; }) == "");
  CHECK(changed_zip([](Member& m) { m.flags = 1; }) == "f: zip entry x/b is encrypted");
  CHECK(contains(changed_zip([](Member& m) { m.flags = 0x2000; }), "is encrypted"));
  CHECK(contains(changed_zip([](Member& m) { m.flags = 0x20; }), "is patched data"));
  CHECK(contains(changed_zip([](Member& m) { m.method = 8; }), "is compressed"));
  CHECK(contains(changed_zip([](Member& m) { m.listed_stored = 9; }), "stored with two sizes"));
  CHECK(contains(changed_zip([](Member& m) { m.listed_size = m.listed_stored = 11; }),
                 "lies outside the archive"));
  CHECK(contains(changed_zip([](Member& m) { m.listed_size = m.listed_stored = 0xfffffffe; }),
                 "lies outside the archive"));
  CHECK(contains(changed_zip([](Member& m) { m.listed_header = 0xfffffff0; }),
                 "lies outside the archive"));
  CHECK(contains(changed_zip([](Member& m) { m.listed_header += 1; }), "has no local header"));
  CHECK(contains(changed_zip([](Member& m) { m.name = "x/c"; }),
                 "local header that disagrees with the directory"));

  // The first entry grows over the header of the second.
  Zip overlapping = two_members();
  overlapping.members[0].listed_size = overlapping.members[0].listed_stored = 6;
  CHECK(zip_refusal(overlapping.finish()) == "f: zip entry x/b overlaps another");
  Zip doubled = two_members();
  doubled.members.push_back(doubled.members[0]);
  CHECK(contains(zip_refusal(doubled.finish()), "overlaps another"));
  Zip twice = two_members();
  twice.add("x/a", "again");
  CHECK(zip_refusal(twice.finish()) == "f: zip entry x/a occurs twice");
}

TEST_CASE("zip: a broken directory is refused") {
  const std::string archive = two_members().finish(), zip64 = two_members().finish_zip64();
  const auto with = [](std::string bytes, size_t from_end, auto value) {
    std::memcpy(bytes.data() + bytes.size() - from_end, &value, sizeof value);
    return zip_refusal(bytes);
  };
  CHECK(contains(zip_refusal(""), "no end record: truncated, or no zip"));
  CHECK(contains(zip_refusal(archive + "x"), "no end record"));
  CHECK(contains(with(archive, 12, uint16_t{3}), "broken central directory"));  // count
  CHECK(contains(with(archive, 12, uint16_t{1}), "broken central directory"));
  CHECK(contains(with(archive, 10, uint32_t{50}), "out of place"));  // bytes
  CHECK(contains(with(archive, 6, uint32_t{0}), "out of place"));    // begin
  CHECK(contains(with(archive, 18, uint16_t{1}), "several disks"));
  // The zip64 locator's offset, and the record's size and begin of the directory.
  CHECK(contains(with(zip64, 34, UINT64_MAX), "no zip64 end record"));
  CHECK(contains(with(zip64, 34, uint64_t{0}), "no zip64 end record"));
  CHECK(contains(with(zip64, 58, UINT64_MAX), "out of place"));
  CHECK(contains(with(zip64, 50, UINT64_MAX), "out of place"));
  CHECK(contains(with(zip64, 66, uint64_t{1} << 60), "broken central directory"));  // count
}

TEST_CASE("pickle: values, containers and memo") {
  const auto allow = [](std::string_view, std::string_view) { return true; };
  const std::string pickle = "\x80\x02}q\x00("s + text("ints") +
                             "(K\xffM\xff\xffJ\xfe\xff\xff\xff\x8a\x00\x8a\x02\x00\x80t"s +
                             text("list") + "]q\x01(h\x00h\x01\x88\x89Ne"s + text("call") +
                             "cm\nf\nN\x85R}b" + "u.";
  const PickleGraph graph = read_pickle(span_of(pickle), allow, "f");
  using Kind = PickleValue::Kind;
  const PickleValue& root = graph[graph.root];
  REQUIRE(root.kind == Kind::dict);
  REQUIRE(root.items.size() == 6);
  CHECK(graph[root.items[0]].text == "ints");

  const PickleValue& ints = graph[root.items[1]];
  REQUIRE(ints.kind == Kind::tuple);
  REQUIRE(ints.items.size() == 5);
  const int64_t expected[] = {255, 65535, -2, 0, -32768};
  for (size_t i = 0; i < 5; ++i) CHECK(graph[ints.items[i]].integer == expected[i]);

  const PickleValue& list = graph[root.items[3]];
  REQUIRE(list.kind == Kind::list);
  REQUIRE(list.items.size() == 5);
  CHECK(list.items[0] == graph.root);  // cycles are only numbers
  CHECK(list.items[1] == root.items[3]);
  CHECK(graph[list.items[2]].integer == 1);
  CHECK(graph[list.items[4]].kind == Kind::none);

  const PickleValue& call = graph[root.items[5]];
  REQUIRE(call.kind == Kind::call);
  CHECK(graph[call.items[0]].text == "m.f");
  CHECK(graph[call.items[1]].items.size() == 1);
}

TEST_CASE("pickle: what torch.save does not emit is refused") {
  const auto body = [](const std::string& ops) { return pickle_refusal("\x80\x02" + ops); };
  CHECK(body("N.") == "");
  CHECK(contains(pickle_refusal(""), "ends inside an opcode"));
  CHECK(contains(pickle_refusal("N."), "no pickle of protocol 2 or later"));
  CHECK(contains(pickle_refusal("\x80\x01N."), "pickle protocol 1, expected 2 to 5"));
  CHECK(contains(pickle_refusal("\x80\x06N."), "pickle protocol 6"));
  // INST, OBJ, DUP, PERSID, INT, EXT1, NEXT_BUFFER, and no opcode at all.
  for (const char op : {'i', 'o', '2', 'P', 'I', '\x82', '\x97', '\xff', '\0'}) {
    CHECK(contains(body(std::string(1, op)), fmt::format("byte 2: the opcode 0x{:02x} is not one",
                                                         static_cast<uint8_t>(op))));
  }
  CHECK(body("cevil\nthing\n.") == "byte 2: the pickle asks for evil.thing, which is refused");
  CHECK(contains(body("\x8c\x04"
                      "evil\x8c\x01x\x93."),
                 "asks for evil.x"));
  CHECK(contains(body("\x8c\x04goodN\x93."), "a global without names"));

  for (const char* ops :
       {"", "N", "X\xff\xff\xff\xff", "X\1\0\0", "\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
        "\x8a\x05"
        "abc",
        "cgood\nname", "G123", "h"}) {
    CHECK(contains(body(ops), "ends inside an opcode"));
  }
  for (const char* ops : {"0", "N(\x85", "\x85", "N\x86", "NN\x87", "a", "]a", "]s", "Q", "b", "R",
                          "(R", "q\1", "\x94", "N(q\1", "(N\x86", "\x93"}) {
    CAPTURE(ops);
    CHECK(contains(body(ops), "stack underflow"));
  }
  for (const char* ops : {"t", "u", "e", "1", "\x90"}) CHECK(contains(body(ops), "no mark"));
  CHECK(contains(body("h\x07"), "nothing in memo 7"));
  CHECK(contains(body("j\xff\xff\xff\xff"), "nothing in memo 4294967295"));
  CHECK(contains(body("}(Nu."), "a key without a value"));
  CHECK(contains(body("](NNu."), "items for what is no dict"));
  CHECK(contains(body("}Na."), "items for what is no list"));
  CHECK(contains(body("N)R."), "a call of what is no global"));
  CHECK(contains(body("cgood\nf\nNR."), "a call without a tuple"));
  CHECK(contains(body("}}b."), "attributes for what is no object"));
  CHECK(contains(body("."), "0 values left, expected one"));
  CHECK(contains(body("NN."), "2 values left"));
  CHECK(contains(body("N(."), "left, expected one"));
  CHECK(contains(body("N.N"), "1 bytes after the end"));
  CHECK(contains(body("\x95\xff\xff\xff\xff\xff\xff\xff\xffN."), "a frame past the end"));
}

TEST_CASE("pickle: depth and size have limits") {
  const auto repeated = [](std::string_view op, size_t count) {
    std::string out = "\x80\x02";
    for (size_t i = 0; i < count; ++i) out += op;
    return out;
  };
  CHECK(contains(pickle_refusal(repeated("(", 100'000)), "marks nested deeper than 1000"));
  CHECK(contains(pickle_refusal("\x80\x02N" + std::string(100'000, '\x85') + "."),
                 "values nested deeper than 1000"));
  CHECK(pickle_refusal("\x80\x02N" + std::string(1000, '\x85') + ".") == "");
  CHECK(contains(pickle_refusal("\x80\x02N" + std::string(1001, '\x85') + "."), "deeper"));
  CHECK(contains(pickle_refusal(repeated("N", 1'000'001)), "more than 1000000 values"));
  std::string again = "\x80\x02Nq\x01";
  for (int i = 0; i < 1'000'001; ++i) again += "h\x01";
  CHECK(contains(pickle_refusal(again), "a stack of more than 1000000 values"));
}
