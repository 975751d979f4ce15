// Forms of multipart/form-data: what clients send, and what nobody should.
#include <doctest/doctest.h>

#include "kernels/error.h"
#include "tests/support/hostile.h"
#include "tools/server/http/multipart.h"

using namespace yent;
using namespace yent::server;

namespace {

const std::string kType = "multipart/form-data; boundary=b0undary";
const std::string kBody =
    "--b0undary\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na cat\r\n"
    "--b0undary\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a \\\"b\\\".png\"\r\n"
    "Content-Type: image/PNG\r\n\r\n\x89PNG\r\n--b0\r\n\r\n"
    "--b0undary\r\ncontent-disposition:form-data;name=empty\r\n\r\n\r\n--b0undary--\r\n";

std::string refused(const std::string& body, const std::string& type = kType) {
  try {
    parse_form(body, type);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("form: fields and files in their order, with every byte") {
  const auto parts = parse_form(kBody, kType);
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].name == "prompt");
  CHECK(parts[0].content == "a cat");
  CHECK_FALSE(parts[0].file_name);
  CHECK(parts[1].name == "image");
  CHECK(parts[1].file_name == "a \"b\".png");
  CHECK(parts[1].type == "image/png");
  CHECK(parts[1].content == "\x89PNG\r\n--b0\r\n");
  CHECK(parts[2].name == "empty");
  CHECK(parts[2].content.empty());
  // A boundary in quotes, something in front, and no parts at all.
  CHECK(parse_form("preamble\r\n" + kBody, "multipart/form-data; charset=x; boundary=\"b0undary\"")
            .size() == 3);
  CHECK(parse_form("--b--\r\n", "multipart/form-data; boundary=b").empty());
}

TEST_CASE("form: what is none is refused in a sentence") {
  CHECK(refused(kBody, "multipart/form-data").find("boundary") != std::string::npos);
  CHECK(refused(kBody, "multipart/form-data; boundary=").find("boundary") != std::string::npos);
  CHECK(refused(kBody, "multipart/form-data; boundary=\"b").find("boundary") != std::string::npos);
  CHECK(refused("") == "the form does not begin with its boundary");
  CHECK(refused("--b0undary\r\n\r\nno name\r\n--b0undary--") == "a part of the form has no name");
  CHECK(refused("--b0undaryx\r\n\r\n\r\n--b0undary--") == "a boundary of the form has no end");
  CHECK(refused(kBody.substr(0, kBody.size() - 20)) == "the form is cut short");
  const std::string encoded =
      "--b0undary\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: "
      "base64\r\n"
      "\r\nAAAA\r\n--b0undary--";
  CHECK(refused(encoded) == "a part of the form is encoded, expected it as it is");
  std::string many, part = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n";
  for (int i = 0; i < 101; ++i) many += part;
  CHECK(refused(many + "--b--", "multipart/form-data; boundary=b") ==
        "the form has more than 100 parts");
  const std::string long_head =
      "--b0undary\r\nContent-Disposition: form-data; name=a\r\nx: " + std::string(5000, 'y') +
      "\r\n\r\n\r\n--b0undary--";
  CHECK(refused(long_head) == "a part of the form has no end of its head");
}

TEST_CASE("form: every cut and every changed byte is read or refused") {
  size_t cuts = 0, changes = 0;
  const auto reads = [](const std::string& bytes) {
    return test::refusal([&] { parse_form(bytes, kType); }).empty();
  };
  for (size_t i = 0; i < kBody.size(); ++i) {
    cuts += reads(kBody.substr(0, i));
    std::string changed = kBody;
    for (const int by : {1, 0x20, 0x80}) {
      changed[i] = static_cast<char>(kBody[i] ^ by);
      changes += reads(changed);
    }
  }
  CHECK(cuts == 2);  // the end of the line behind the last boundary
  CHECK(changes > 0);
}
