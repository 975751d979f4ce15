// The routes of OpenAI's API over a socket, with the toy models.
#include <doctest/doctest.h>

#include "loaders/image/image.h"
#include "loaders/io/base64.h"
#include "tests/server/client.h"
#include "tools/server/routes/image_wish.h"

using namespace yent;
using namespace yent::test;

namespace {

Image decoded(const Json& base64) {
  const auto file = from_base64(*base64.text());
  REQUIRE(file);
  return decode_image(server::bytes_of(*file), "the answer");
}

std::string field(const std::string& name, const std::string& value) {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

std::string file(const std::string& name, const std::string& bytes) {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name +
         "\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" + bytes + "\r\n";
}

const Headers kForm = {"Content-Type: multipart/form-data; boundary=b"};

// Grey and, where that is asked for, transparent in its left half: 32x32.
std::string grey_png(bool left_is_transparent) {
  if (!left_is_transparent) {
    Image image(32, 32);
    std::fill(image.rgb.begin(), image.rgb.end(), 128);
    return *server::png_file(image);
  }
  return *from_base64(
      "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAYAAABzenr0AAAAMklEQVR42u3OsQ0AMAgEMcLkv3kYgoLG15/kl6SW/c3"
      "cdRwAAAAAAAAAAAAAAAAAAMAAD7oCv3D5DFYAAAAASUVORK5CYII=");
}

Json error_of(const Answer& answer) { return answer.json()["error"]; }

// The data of a stream without names of events.
std::vector<Json> data_of(const std::string& stream) {
  std::vector<Json> all;
  for (size_t at = stream.find("data: "); at != stream.npos; at = stream.find("data: ", at)) {
    at += 6;
    const std::string line = stream.substr(at, stream.find('\n', at) - at);
    if (line != "[DONE]") all.push_back(parse_json(line, "the stream"));
  }
  return all;
}

}  // namespace

TEST_CASE("openai: pictures of a prompt, the same for the same seed") {
  const TestServer server;
  const std::string body = R"({"prompt":"a cat","n":2,"size":"32x32","seed":7,"steps":1,
    "background":"auto","quality":"auto","moderation":"auto","user":"me"})";
  const Answer answer = server.post("/v1/images/generations", body);
  REQUIRE(answer.status == 200);
  const Json json = answer.json();
  REQUIRE(json["data"].size() == 2);
  CHECK(json["created"].integer().has_value());
  CHECK(*json["size"].text() == "32x32");
  const Image first = decoded(json["data"][0]["b64_json"]);
  CHECK(first.width == 32);
  CHECK(json["data"][1]["seed"] == Json(8));
  const Json again = server.post("/v1/images/generations", body).json();
  CHECK(again["data"] == json["data"]);
  // Nothing of it is kept; with an address it is.
  CHECK(server.get("/gallery").json()["pictures"].size() == 0);
  const Json url = server
                       .post("/v1/images/generations",
                             R"({"prompt":"a cat","size":"32x32","seed":7,"steps":1,
                                 "response_format":"url"})")
                       .json();
  const std::string address = *url["data"][0]["url"].text();
  const Answer image = server.get(address.substr(address.find("/image/")));
  CHECK(image.status == 200);
  CHECK(image.body == from_base64(*json["data"][0]["b64_json"].text()));
}

TEST_CASE("openai: our own fields beside theirs") {
  const TestServer server;
  const auto paint = [&](const std::string& more) {
    const Answer answer =
        server.post("/v1/images/generations",
                    R"({"prompt":"who are you","size":"32x32","seed":7,"steps":1)" + more + "}");
    REQUIRE(answer.status == 200);
    return answer.json()["data"][0];
  };
  const Json plain = paint(""), reaction = paint(R"(,"react":true)");
  CHECK(plain["revised_prompt"].is_null());
  CHECK(reaction["revised_prompt"].text()->starts_with(*reaction["yent_words"].text()));
  CHECK(decoded(paint(R"(,"ascii":true,"columns":10)")["b64_json"]).rgb !=
        decoded(plain["b64_json"]).rgb);
  CHECK(from_base64(*paint(R"(,"output_format":"jpeg")")["b64_json"].text())
            ->starts_with("\xFF\xD8"));
  CHECK(paint(R"(,"bits":2)") != plain);
}

TEST_CASE("openai: what would change the picture and cannot be honoured is refused by name") {
  const TestServer server;
  const auto refused = [&](const std::string& name, const std::string& value) {
    const Answer answer =
        server.post("/v1/images/generations", R"({"prompt":"a",")" + name + "\":" + value + "}");
    CAPTURE(name);
    CHECK(answer.status == 400);
    CHECK(error_of(answer)["param"] == Json(name));
    CHECK(error_of(answer)["message"].text()->find(name) != std::string::npos);
    CHECK(*error_of(answer)["type"].text() == "invalid_request_error");
  };
  refused("size", R"("7x7")");
  refused("size", R"("0x8")");
  refused("size", R"("8x99999999999")");
  refused("background", R"("transparent")");
  refused("quality", R"("high")");
  refused("style", R"("natural")");
  refused("n", "1000");
  refused("partial_images", "4");
  refused("output_compression", "50");
  refused("no_such_field", "1");
  CHECK(server.post("/v1/images/generations", R"({"prompt":"a","model":"dall-e-3"})").status ==
        400);
  CHECK(server.post("/v1/images/generations", "{}").status == 400);
}

TEST_CASE("openai: small pictures on the way, then the whole, and errors in the stream's shape") {
  const TestServer server;
  const std::string body =
      R"({"prompt":"a cat","size":"32x32","seed":7,"steps":6,"stream":true,"partial_images":2})";
  const Answer answer = server.post("/v1/images/generations", body);
  CHECK(answer.header("content-type") == "text/event-stream");
  const auto events = events_of(answer.body);
  REQUIRE(events.size() == 3);
  for (int i = 0; i < 2; ++i) {
    CHECK(events[i].name == "image_generation.partial_image");
    CHECK(events[i].data["type"] == Json(events[i].name));
    CHECK(events[i].data["partial_image_index"] == Json(i));
    CHECK(decoded(events[i].data["b64_json"]).width > 0);
  }
  CHECK(events[2].name == "image_generation.completed");
  const Json direct =
      server
          .post("/v1/images/generations", R"({"prompt":"a cat","size":"32x32","seed":7,"steps":6})")
          .json();
  CHECK(events[2].data["b64_json"] == direct["data"][0]["b64_json"]);
}

TEST_CASE("openai: one picture may be larger than what a reader may leave unread") {
  const TestServer server([](server::ServiceConfig& config) { config.http.unread_bytes = 1000; });
  const Answer answer = server.post(
      "/v1/images/generations",
      R"({"prompt":"a cat","size":"64x64","seed":7,"steps":1,"stream":true,"partial_images":1})");
  const auto events = events_of(answer.body);
  REQUIRE_FALSE(events.empty());
  CHECK(events.back().name == "image_generation.completed");
  CHECK(answer.body.size() > 2000);
}

TEST_CASE("openai: who waits for a picture that another request cancels hears of it") {
  const TestServer server;
  Socket waiting(server.port());
  waiting.send(request_text("POST", "/v1/images/generations",
                            R"({"prompt":"a cat","size":"32x32","steps":200,"n":4})"));
  server.wait_for("yent_work_total{of=\"steps\"}", 1);
  CHECK(server.post("/sdapi/v1/interrupt", "").status == 200);
  const Answer answer = waiting.answer();
  CHECK(answer.status == 410);
  CHECK(*answer.json()["error"]["code"].text() == "cancelled");
}

TEST_CASE("openai: a picture is changed where the mask is transparent") {
  const TestServer server;
  const std::string fields = field("prompt", "a door") + field("seed", "1") + field("steps", "2");
  const auto edit = [&](const std::string& parts) {
    return server.post("/v1/images/edits", parts + "--b--\r\n", kForm);
  };
  const Answer whole = edit(fields + file("image", grey_png(false)));
  REQUIRE(whole.status == 200);
  CHECK(decoded(whole.json()["data"][0]["b64_json"]).width == 32);
  const Answer part =
      edit(fields + file("image[]", grey_png(false)) + file("mask", grey_png(true)));
  REQUIRE(part.status == 200);
  CHECK(part.json()["data"] != whole.json()["data"]);
  // The picture's own transparency is a mask, too.
  CHECK(edit(fields + file("image", grey_png(true))).json()["data"] == part.json()["data"]);
  const auto sentence = [&](const std::string& parts) {
    const Answer answer = edit(parts);
    CHECK(answer.status == 400);
    return *error_of(answer)["message"].text();
  };
  CHECK(sentence(fields + file("image", grey_png(false)) + file("mask", grey_png(false))) ==
        "mask has no transparent pixel: what is transparent is repainted");
  CHECK(sentence(fields) == "image is missing");
  CHECK(sentence(fields + file("image", "GIF89a")) == "image: neither a PNG nor a JPEG");
  CHECK(sentence(fields + file("image", grey_png(false)) + field("promt", "a"))
            .find("did you mean prompt?") != std::string::npos);
  CHECK(server.post("/v1/images/edits", "--b", kForm).status == 400);
}

TEST_CASE("openai: a text is continued, at once and in pieces") {
  const TestServer server;
  const std::string body = R"({"prompt":"Once upon a time","max_tokens":8,"seed":1)";
  const Json whole = server.post("/v1/completions", body + "}").json();
  const std::string text = *whole["choices"][0]["text"].text();
  CHECK_FALSE(text.empty());
  CHECK(*whole["object"].text() == "text_completion");
  CHECK(*whole["usage"]["completion_tokens"].integer() == 8);
  CHECK(*whole["choices"][0]["finish_reason"].text() == "length");
  const Answer stream = server.post(
      "/v1/completions", body + R"(,"stream":true,"stream_options":{"include_usage":true}})");
  CHECK(stream.body.ends_with("data: [DONE]\n\n"));
  std::string streamed;
  for (const Json& piece : data_of(stream.body)) {
    if (!piece["choices"].empty()) streamed += *piece["choices"][0]["text"].text();
  }
  CHECK(streamed == text);
  CHECK(data_of(stream.body).back()["usage"] == whole["usage"]);
  const Json echo = server.post("/v1/completions", body + R"(,"echo":true})").json();
  CHECK(*echo["choices"][0]["text"].text() == "Once upon a time" + text);
  CHECK(server.post("/v1/completions", R"({"prompt":["a","b"]})").status == 400);
  CHECK(server.post("/v1/completions", R"({"prompt":"a","model":"gpt-4"})").status == 404);
}

TEST_CASE("openai: Yent answers the last words of the user") {
  const TestServer server;
  const std::string messages =
      R"("messages":[{"role":"system","content":"be kind"},{"role":"user","content":"who are you"}])";
  const Json whole =
      server.post("/v1/chat/completions", "{\"seed\":5,\"model\":\"yent\"," + messages + "}")
          .json();
  const std::string words = *whole["choices"][0]["message"]["content"].text();
  CHECK_FALSE(words.empty());
  CHECK(*whole["choices"][0]["message"]["role"].text() == "assistant");
  CHECK(*whole["usage"]["completion_tokens"].integer() > 0);
  const Answer stream =
      server.post("/v1/chat/completions", "{\"seed\":5,\"stream\":true," + messages + "}");
  std::string streamed;
  const auto pieces = data_of(stream.body);
  for (const Json& piece : pieces) {
    const std::string* content = piece["choices"][0]["delta"]["content"].text();
    if (content) streamed += *content;
  }
  CHECK(pieces.size() > 3);
  CHECK(*pieces[0]["choices"][0]["delta"]["role"].text() == "assistant");
  CHECK(streamed == words);
  CHECK(*pieces.back()["choices"][0]["finish_reason"].text() == "stop");
  const Json parts =
      server
          .post("/v1/chat/completions",
                R"({"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]})")
          .json();
  CHECK(parts["choices"].size() == 1);
  for (const char* bad : {R"({"messages":[]})", R"({"messages":[{"role":"user","content":" "}]})",
                          R"({"messages":[{"role":"user","content":[{"type":"image_url"}]}]})",
                          R"({"messages":[{"role":"user","content":"a"}],"tools":[{}]})"}) {
    CAPTURE(bad);
    CHECK(server.post("/v1/chat/completions", bad).status == 400);
  }
}

TEST_CASE("openai: models by name, and an empty authorization is none") {
  const TestServer server;
  const Json models = server.get("/v1/models", {"Authorization: "}).json();
  CHECK(models["data"][0]["id"] == Json("yent"));
  CHECK(models["data"][1]["id"] == Json("default"));
  CHECK(server.get("/v1/models/default").json()["object"] == Json("model"));
  const Answer missing = server.get("/v1/models/gpt-4");
  CHECK(missing.status == 404);
  CHECK(*error_of(missing)["code"].text() == "not_found");
}
