// Keys, cookies, and whose work is whose.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include "loaders/io/base64.h"
#include "tests/server/client.h"
#include "tests/support/hostile.h"
#include "tests/support/program.h"
#include "tools/server/access/secrets.h"

using namespace yent;
using namespace yent::test;
using server::AccessConfig;
using server::AddressRange;
using server::equal_in_constant_time;
using server::keyed_hash;
using server::random_id;
using server::read_keys;

namespace {

const std::string kKey = "correct-horse-battery", kOther = "another-key-of-somebody";

void with_keys(server::ServiceConfig& config) { config.server.access.keys = {kKey, kOther}; }

Headers bearer(const std::string& key) { return {"Authorization: Bearer " + key}; }

Headers cookie_of(const Answer& answer) {
  const std::string cookie = answer.header("set-cookie");
  CHECK(cookie.find("; HttpOnly") != std::string::npos);
  CHECK(cookie.find("; SameSite=Strict") != std::string::npos);
  return {"Cookie: theme=dark; " + cookie.substr(0, cookie.find(';'))};
}

}  // namespace

TEST_CASE("access: without a key there is health, and nothing else") {
  const TestServer server(with_keys);
  CHECK(server.get("/health").status == 200);
  CHECK(server.get("/ready").status == 200);
  for (const char* path : {"/metrics", "/openapi.json", "/jobs", "/gallery", "/options"}) {
    CAPTURE(path);
    CHECK(server.get(path).status == 401);
    CHECK(server.get(path, bearer(kKey)).status == 200);
    CHECK(server.get(path, bearer("wrong")).status == 401);
  }
  CHECK(server.get("/jobs", {"Authorization: Basic " + to_base64("anybody:" + kKey)}).status ==
        200);
  CHECK(server.get("/jobs", {"Authorization: Basic " + to_base64("anybody:no")}).status == 401);
  CHECK(server.get("/jobs?key=" + kKey).status == 401);
  const Answer refused = server.get("/jobs");
  CHECK(refused.header("www-authenticate").starts_with("Bearer"));
  CHECK(*refused.json()["error"]["type"].text() == "authentication_error");
}

TEST_CASE("access: a key is shown once, and a cookie is proof of it") {
  const TestServer server(with_keys);
  CHECK(server.get("/login").json()["needs_key"].boolean() == true);
  CHECK(server.get("/login").json()["logged_in"].boolean() == false);
  CHECK(server.post("/login", R"({"key":"wrong"})").status == 401);
  const Answer in = server.post("/login", R"({"key":")" + kKey + R"("})");
  CHECK(in.status == 204);
  const Headers cookie = cookie_of(in);
  CHECK(server.get("/jobs", cookie).status == 200);
  CHECK(server.get("/login", cookie).json()["logged_in"].boolean() == true);
  std::string forged = cookie[0];
  forged.back() = forged.back() == '0' ? '1' : '0';
  CHECK(server.get("/jobs", {forged}).status == 401);
  CHECK(server.post("/logout", "").header("set-cookie").find("Max-Age=0") != std::string::npos);
}

TEST_CASE("access: each sees his own work and no other's") {
  const TestServer server(with_keys);
  const Headers mine = bearer(kKey), other = bearer(kOther);
  const std::string id = *server.post("/jobs", toy_paint(), mine).json()["id"].text();
  const Json job = server.finished(id, mine);
  const std::string url = *job["pictures"][0]["url"].text();
  for (const std::string& path : {"/jobs/" + id, "/events/" + id, url, url + "/cells"}) {
    CAPTURE(path);
    CHECK(server.get(path, mine).status == 200);
    CHECK(server.get(path, other).status == 404);
  }
  CHECK(server.remove("/jobs/" + id, other).status == 404);
  CHECK(server.remove(url, other).status == 404);
  CHECK(server.get("/gallery", other).json()["pictures"].empty());
  CHECK(server.remove("/visitor", other).status == 204);
  CHECK(server.get(url, mine).status == 200);
  CHECK(server.remove("/visitor", mine).status == 204);
  CHECK(server.get(url, mine).status == 404);
  CHECK(server.get("/jobs", mine).json()["jobs"].empty());
}

TEST_CASE("access: the key file is private, and its keys are long") {
  const TemporaryFolder folder;
  const auto keys = [&](const std::string& text, mode_t mode) {
    put(folder / "keys", text);
    ::chmod((folder / "keys").c_str(), mode);
    return read_keys(folder / "keys");
  };
  CHECK(keys("# ours\n" + kKey + "\r\n\n" + kOther + "\n", 0600) ==
        std::vector<std::string>{kKey, kOther});
  CHECK(refusal([&] { keys(kKey, 0644); }).find("others may read it") != std::string::npos);
  CHECK(refusal([&] { keys("short\n", 0600); }).find("at least 16") != std::string::npos);
  CHECK(refusal([&] { keys("# none\n", 0600); }).find("no key") != std::string::npos);
  CHECK_THROWS_AS(read_keys(folder / "absent"), Error);
}

TEST_CASE("access: addresses behind proxies that are trusted") {
  AccessConfig config;
  config.proxies = {*AddressRange::parse("10.0.0.0/8"), *AddressRange::parse("fd00::/8")};
  const server::Access access(config);
  const auto peer = [&](const std::string& from, const std::string& forwarded) {
    return access.peer({.headers = {{"x-forwarded-for", forwarded}}, .peer = from});
  };
  CHECK(peer("192.0.2.1", "198.51.100.7") == "192.0.2.1");
  CHECK(peer("10.1.2.3", "198.51.100.7") == "198.51.100.7");
  CHECK(peer("10.1.2.3", "1.1.1.1, 198.51.100.7, 10.9.9.9") == "198.51.100.7");
  CHECK(peer("fd00::1", "2001:db8::1") == "2001:db8::1");
  CHECK(peer("10.1.2.3", "nonsense") == "10.1.2.3");
  for (const char* bad : {"10.0.0.0/33", "10.0.0/8", "x", "::/129", "10.0.0.0/"}) {
    CHECK_FALSE(AddressRange::parse(bad));
  }
}

// RFC 4231, test case 2.
TEST_CASE("access: keyed hashes are HMAC-SHA-256") {
  CHECK(keyed_hash("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(equal_in_constant_time("a key", "a key"));
  CHECK_FALSE(equal_in_constant_time("a key", "a kez"));
  CHECK(random_id().size() == 32);
  CHECK(random_id() != random_id());
}
