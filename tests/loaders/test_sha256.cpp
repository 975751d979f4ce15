// The examples of FIPS 180, and every length around the padding against known digests.
#include <doctest/doctest.h>

#include <string>

#include "loaders/io/sha256.h"

using namespace yent;

namespace {

std::string digest(const std::string& text) { return sha256_hex(std::as_bytes(std::span(text))); }

}  // namespace

TEST_CASE("sha256: the published examples") {
  CHECK(digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(digest(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256: lengths around the padding") {
  std::string all;
  for (size_t length = 50; length <= 130; ++length) all += digest(std::string(length, 'y'));
  // sha256 of the digests' text, by Python's hashlib.
  CHECK(digest(all) == "fa911ce55e4cf2dc8e2c855bebd2b54325f2dfa51ad3eb0bc29b3ae9b8b4632c");
}
