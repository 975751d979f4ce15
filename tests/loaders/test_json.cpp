#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "loaders/io/json.h"
#include "tests/support/hostile.h"

using namespace yent;
using yent::test::refusal;

namespace {

std::string parse_refusal(std::string_view text) {
  return refusal([&] { parse_json(text, "f"); });
}

}  // namespace

TEST_CASE("json: documents are read as nlohmann reads them") {
  for (const char* text :
       {"{}", "[]", "0", "null", "\"a\\u00e9\\n\"", " [1, -2, 3.5, true, {\"a\": [[], {}]}] ",
        R"({"a": {"b": {"c": 1}, "d": [1, {"e": null}]}, "f": 18446744073709551615})"}) {
    CAPTURE(text);
    CHECK(parse_json(text, "f").dump() == nlohmann::ordered_json::parse(text).dump());
  }
}

TEST_CASE("json: a malformed document is refused") {
  for (const char* text : {"", "{", "}", "[1,]", "{\"a\" 1}", "{'a': 1}", "[1] [2]", "01", "+1",
                           ".5", "1e999", "nul", "// a\n1", "\"\xff\"", "\"\\ud800\"", "[1 2]"}) {
    CAPTURE(text);
    CHECK(parse_refusal(text).starts_with("f: not valid JSON at byte "));
  }
  CHECK(parse_refusal(std::string_view("{}\0{}", 5)) == "f: not valid JSON at byte 3");
}

TEST_CASE("json: duplicate keys, depth and size have limits") {
  CHECK(parse_refusal(R"({"a": 1, "b": 2, "a": 1})") == "f: the key \"a\" occurs twice");
  CHECK(parse_refusal(R"([{"a": {"b": 1, "b": 1}}])") == "f: the key \"b\" occurs twice");
  CHECK(parse_refusal(R"({"a": {"a": 1}, "b": {"a": 1}})") == "");

  CHECK(parse_refusal(std::string(64, '[') + std::string(64, ']')) == "");
  CHECK(parse_refusal(std::string(65, '[')) == "f: JSON nested deeper than 64 levels");
  CHECK(parse_refusal(std::string(100'000, '[')) == "f: JSON nested deeper than 64 levels");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(parse_refusal(objects) == "f: JSON nested deeper than 64 levels");

  std::string many = "[0";
  for (int i = 0; i < 4'000'000; ++i) many += ",0";
  CHECK(parse_refusal(many + "]") == "f: more than 4000000 JSON values");
}

TEST_CASE("json: Python's NaN, Infinity and -Infinity are numbers where Python writes them") {
  const std::string text =
      R"({"a": null, "b": NaN, "s": "NaN \" Infinity null", "c": [Infinity, null, -Infinity, 1],)"
      R"( "Infinity": -Infinity, "d": {"e": nullptr}})";
  const std::string valid = text.substr(0, text.find(", \"d\"")) + "}";
  CHECK(parse_refusal(valid).starts_with("f: not valid JSON"));
  const Json j = parse_json(valid, "f", JsonDialect::python);
  CHECK(j["a"].is_null());
  CHECK(std::isnan(*j["b"].number()));
  CHECK(*j["s"].text() == "NaN \" Infinity null");
  CHECK(*j["c"][0].number() == INFINITY);
  CHECK(j["c"][1].is_null());
  CHECK(*j["c"][2].number() == -INFINITY);
  CHECK(j["c"][3] == 1);
  CHECK(*j["Infinity"].number() == -INFINITY);
  CHECK(get_number(j, "Infinity", {}, -INFINITY, 0, "f") == -INFINITY);
  CHECK(refusal([&] { get_number(j, "b", {}, 0, 1, "f"); }) ==
        "f: \"b\" is nan, expected a number from 0 to 1");
  for (const std::string& bad :
       {text, std::string("-NaN"), std::string("+Infinity"), std::string("[NaN Infinity]"),
        std::string("Infinity1"), std::string("nan"), std::string("[1Infinity]"),
        std::string("{NaN: 1}"), std::string("\"NaN")}) {
    CAPTURE(bad);
    CHECK(refusal([&] {
            parse_json(bad, "f", JsonDialect::python);
          }).starts_with("f: not valid JSON"));
  }
  std::string many = "[NaN";
  for (int i = 0; i < 4'000'000; ++i) many += ",NaN";
  CHECK(refusal([&] { parse_json(many + "]", "f", JsonDialect::python); }) ==
        "f: more than 4000000 JSON values");
}

TEST_CASE("json: files") {
  const yent::test::TemporaryFolder folder;
  const std::string text = R"({"hidden_size": 768})";
  const auto path = folder.file("config.json", std::vector<uint8_t>(text.begin(), text.end()));
  CHECK(read_json(path)["hidden_size"] == 768);
  const std::string missing = (folder / "none.json").string();
  CHECK(refusal([&] { read_json(missing); }) == missing + ": No such file or directory");

  const auto huge = folder / "huge.json";
  std::filesystem::copy_file(path, huge);
  std::filesystem::resize_file(huge, (size_t{64} << 20) + 1);
  CHECK(refusal([&] { read_json(huge); }).find("expected at most 67108864") != std::string::npos);
}

TEST_CASE("json: getters take a value, a fallback, or refuse by name") {
  const Json config = parse_json(R"({"n": 8, "big": 9223372036854775808, "neg": -3, "x": 0.5,
      "yes": true, "name": "silu", "none": null, "dims": [5, 10, 20], "names": ["a", "b"],
      "mixed": [1, "a"]})",
                                 "f");

  CHECK(get_int(config, "n", 1, 0, 8, "f") == 8);
  CHECK(get_int(config, "neg", 1, -3, 8, "f") == -3);
  CHECK(get_int(config, "absent", 1, 0, 9, "f") == 1);
  CHECK(get_int(config, "none", 1, 0, 9, "f") == 1);
  const auto int_refusal = [&](const char* key, int64_t min, int64_t max) {
    return refusal([&] { get_int(config, key, std::nullopt, min, max, "f"); });
  };
  CHECK(int_refusal("absent", 0, 9) == "f: \"absent\" is missing");
  CHECK(int_refusal("none", 0, 9) == "f: \"none\" is missing");
  CHECK(int_refusal("n", 0, 7) == "f: \"n\" is 8, expected an integer from 0 to 7");
  CHECK(int_refusal("n", 9, 12) == "f: \"n\" is 8, expected an integer from 9 to 12");
  CHECK(int_refusal("x", 0, 9) == "f: \"x\" is 0.5, expected an integer from 0 to 9");
  CHECK(int_refusal("yes", 0, 9) == "f: \"yes\" is true, expected an integer from 0 to 9");
  CHECK(int_refusal("big", INT64_MIN, INT64_MAX).starts_with("f: \"big\" is 9223372036854775808"));

  CHECK(get_number(config, "x", 1.0, 0, 1, "f") == 0.5);
  CHECK(get_number(config, "n", 1.0, 0, 10, "f") == 8);
  CHECK(get_number(config, "absent", 1.0, 0, 10, "f") == 1);
  CHECK(refusal([&] { get_number(config, "x", 1.0, 1, 2, "f"); }) ==
        "f: \"x\" is 0.5, expected a number from 1 to 2");
  CHECK(refusal([&] { get_number(config, "name", 1.0, 1, 2, "f"); }) ==
        "f: \"name\" is \"silu\", expected a number from 1 to 2");

  CHECK(get_bool(config, "yes", false, "f"));
  CHECK(get_bool(config, "absent", true, "f"));
  CHECK(refusal([&] { get_bool(config, "n", true, "f"); }) ==
        "f: \"n\" is 8, expected true or false");

  CHECK(get_string(config, "name", "relu", "f") == "silu");
  CHECK(get_string(config, "absent", "relu", "f") == "relu");
  CHECK(refusal([&] { get_string(config, "n", "a", "f"); }) == "f: \"n\" is 8, expected a string");

  using Ints = std::vector<int64_t>;
  CHECK(get_ints(config, "dims", std::nullopt, 1, 20, "f") == Ints{5, 10, 20});
  CHECK(get_ints(config, "n", std::nullopt, 1, 20, "f") == Ints{8});
  CHECK(get_ints(config, "absent", Ints{1, 2}, 1, 20, "f") == Ints{1, 2});
  CHECK(refusal([&] { get_ints(config, "dims", Ints{}, 1, 19, "f"); }) ==
        "f: \"dims\" is 20, expected an integer from 1 to 19");
  CHECK(refusal([&] { get_ints(config, "mixed", Ints{}, 1, 19, "f"); }) ==
        "f: \"mixed\" is \"a\", expected an integer from 1 to 19");

  using Strings = std::vector<std::string>;
  CHECK(get_strings(config, "names", std::nullopt, "f") == Strings{"a", "b"});
  CHECK(get_strings(config, "absent", Strings{"c"}, "f") == Strings{"c"});
  CHECK(refusal([&] { get_strings(config, "mixed", Strings{}, "f"); }) ==
        "f: \"mixed\" is [1,\"a\"], expected a list of strings");

  CHECK(refusal([&] { get_int(Json::array(), "n", 1, 0, 1, "f"); }) ==
        "f: array, expected a JSON object with \"n\"");
}

TEST_CASE("json: a value is built, looked at and printed") {
  Json report;
  report["z"] = uint64_t{18446744073709551615u};
  report["a"] = Json::array({1, -2, 0.5, true, nullptr, "\xff"});
  report["inner"]["name"] = std::string("x");
  CHECK(report.dump() ==
        "{\"z\":18446744073709551615,\"a\":[1,-2,0.5,true,null,\"\xEF\xBF\xBD\"],"
        "\"inner\":{\"name\":\"x\"}}");
  CHECK(report.items()[0].key == "z");
  CHECK(report.size() == 3);
  CHECK(report["a"].size() == 6);
  CHECK(report["a"][1].integer() == -2);
  CHECK_FALSE(report["a"][1].natural());
  CHECK_FALSE(parse_json("-0", "f").natural());
  CHECK(parse_json("-0", "f").integer() == 0);
  CHECK_FALSE(report["z"].integer());
  const Json& constant = report;
  CHECK(constant["none"].is_null());
  CHECK(constant.find("none") == nullptr);
  CHECK(constant["a"]["none"].is_null());
  CHECK(refusal([&] { constant.at("none"); }) == "\"none\" is missing");

  CHECK(parse_json("[1, {\"a\": 2, \"b\": 3}]", "f") ==
        Json::array({1.0, Json::object({{"b", 3}, {"a", 2}})}));
  CHECK(Json(1) != Json(true));
  CHECK(Json("1") != Json(1));
  CHECK(Json(std::vector<int>{1, 2}) != Json::array({1}));
}

TEST_CASE("json: get gives a value of the type asked for, or refuses") {
  CHECK(Json(7).get<int>() == 7);
  CHECK(Json(-7).get<int64_t>() == -7);
  CHECK(Json(7).get<double>() == 7);
  CHECK(Json("a").get<std::string>() == "a");
  CHECK(Json::array({1, 2}).get<std::vector<int32_t>>() == std::vector<int32_t>{1, 2});
  CHECK(refusal([] { Json(uint64_t{1} << 40).get<int>(); }) ==
        "1099511627776, expected an integer");
  CHECK(refusal([] { Json(-1).get<uint64_t>(); }) == "-1, expected an integer");
  CHECK(refusal([] { Json(1.5).get<int>(); }) == "1.5, expected an integer");
  CHECK(refusal([] { Json("x").get<double>(); }) == "\"x\", expected a number");
  CHECK(refusal([] { Json(1).get<bool>(); }) == "1, expected true or false");
  CHECK(refusal([] { Json(1).get<std::string>(); }) == "1, expected a string");
  CHECK(refusal([] { Json(1).get<std::vector<float>>(); }) == "1, expected a list");
}
