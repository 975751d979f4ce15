// Opcode by opcode: the values that torch.save writes, and the refusal of everything else.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <string>
#include <string_view>

#include "loaders/tensors/pickle.h"
#include "tests/support/archive.h"
#include "tests/support/hostile.h"

using namespace yent;
using namespace yent::test;
using namespace std::string_literals;

namespace {

std::string pickle_refusal(const std::string& pickle) {
  const auto allow = [](std::string_view module, std::string_view) {
    return module == "good"  ? PickleUse::any
           : module == "own" ? PickleUse::dictionary
                             : PickleUse::none;
  };
  const std::string sentence = refusal([&] { read_pickle(span_of(pickle), allow, "f"); });
  return sentence.starts_with("f: ") ? sentence.substr(3) : sentence;
}

}  // namespace

TEST_CASE("pickle: values, containers and memo") {
  const auto allow = [](std::string_view, std::string_view) { return PickleUse::any; };
  const std::string pickle = "\x80\x02}q\x00("s + pickle_text("ints") +
                             "(K\xffM\xff\xffJ\xfe\xff\xff\xff\x8a\x00\x8a\x02\x00\x80t"s +
                             pickle_text("list") + "]q\x01(h\x00h\x01\x88\x89Ne"s +
                             pickle_text("call") + "cm\nf\nN\x85R}b" + "u.";
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

TEST_CASE("pickle: the class of a module in old files of torch is the class alone") {
  const auto module_of = [](const std::string& global) {
    return "\x80\x02("s + pickle_text("module") + global + pickle_text("file.py") +
           pickle_text("class C: pass") + "tQ)R.";
  };
  const auto allow = [](std::string_view, std::string_view) { return PickleUse::any; };
  const std::string pickle = module_of("cgood\nC\n");
  const PickleGraph graph = read_pickle(span_of(pickle), allow, "f");
  const PickleValue& root = graph[graph.root];
  REQUIRE(root.kind == PickleValue::Kind::call);
  CHECK(graph[root.items[0]].kind == PickleValue::Kind::global);
  CHECK(graph[root.items[0]].text == "good.C");
  CHECK(pickle_refusal(module_of("cbad\nC\n")).ends_with("asks for bad.C, which is refused"));
  CHECK(pickle_refusal(module_of("N")).ends_with("a call of what is no global"));
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
