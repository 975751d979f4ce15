// /react: something is said, and the answer is Yent's with his picture.
#include "loaders/io/base64.h"
#include "tools/server/routes/job_fields.h"
#include "tools/server/routes/request_job.h"
#include "tools/server/routes/table.h"
#include "tools/server/server.h"

namespace yent::server {
namespace {

void answer_with(const Call& call, const Job& job, std::chrono::milliseconds took) {
  const Json said = answer_json(*job.answer);
  Json json = Json::object();
  for (const char* key : {"prompt", "yent_words", "roast", "artist_id"}) json[key] = said[key];
  if (!job.pictures.empty()) {
    json["image_url"] = call.server.config.public_url + "/image/" + job.pictures[0].id;
    if (call.body.flag("b64")) json["image_b64"] = to_base64(*job.files[0]);
  }
  for (const char* key : {"dissonance", "temperature", "mood", "boredom"}) json[key] = said[key];
  json["seed"] = job.spec.seed;
  json["elapsed_ms"] = took.count();
  if (job.failure) json["image_error"] = job.failure->sentence;
  call.answer(200, json);
}

void react(const std::shared_ptr<Call>& call) {
  Server& server = call->server;
  Json wanted = Json::object();
  for (const auto& [key, value] : call->body.all().items()) {
    if (key != "b64") wanted[key] = value;
  }
  JobSpec spec = job_spec(Fields(std::move(wanted)), server.shelf, server.config.limits);
  spec.painting.previews = false;
  const auto began = std::chrono::steady_clock::now();
  run_job(call, std::move(spec), true, [call, began](const Job& job) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
    // A picture that fails takes nothing from what was said.
    if (job.answer) return answer_with(*call, job, took);
    call->fail(failure_of(job));
  });
}

}  // namespace

std::vector<Route> react_routes(const RequestLimits& limits) {
  Route route{.method = "POST",
              .path = "/react",
              .summary = "what Yent says to that, and paints",
              .handle = react,
              .body_limit = limits.body_bytes};
  route.body = reaction_fields(limits);
  for (Field& field : route.body) field.required = field.name == "input";
  for (Field& field : painting_fields(limits)) route.body.push_back(std::move(field));
  route.body.push_back(flag_field("paint", "a picture follows (true)"));
  route.body.push_back(flag_field("b64", "the picture is in the answer, too (false)"));
  route.answer = {text_field("prompt", ""),       text_field("yent_words", ""),
                  text_field("roast", ""),        text_field("artist_id", ""),
                  text_field("image_url", ""),    text_field("image_b64", ""),
                  number_field("dissonance", ""), number_field("temperature", ""),
                  integer_field("elapsed_ms", "")};
  return {route};
}

}  // namespace yent::server
