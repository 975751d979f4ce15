// What the server is and can: health, numbers, choices, and the description of its routes.
#include "engine/ascii/charset.h"
#include "engine/diffusion/samplers/sampler_table.h"
#include "tools/server/routes/job_fields.h"
#include "tools/server/routes/table.h"
#include "tools/server/server.h"

namespace yent::server {
namespace {

void health(const std::shared_ptr<Call>& call) {
  const Server& server = call->server;
  Json json = Json::object();
  json["version"] = YENT_VERSION;
  json["model_a"] = server.models.voice_a;
  json["model_b"] = server.models.voice_b;
  json["sd_model"] = server.models.painter;
  json["ready"] = server.jobs.ready();
  call->answer(200, json);
}

void ready(const std::shared_ptr<Call>& call) {
  Json json = Json::object();
  const bool is_ready = call->server.jobs.ready();
  json["ready"] = is_ready;
  call->answer(is_ready ? 200 : 503, json);
}

void metrics(const std::shared_ptr<Call>& call) {
  Server& server = call->server;
  Response response = Response::json(
      200,
      server.metrics.text(server.jobs, server.http ? server.http->statistics() : HttpStatistics()));
  response.type = "text/plain; version=0.0.4; charset=utf-8";
  call->answer(std::move(response));
}

// Written once: it is long, and many readers who ask for it again and again would keep the network
// thread from others.
Handler description() {
  const auto text = std::make_shared<std::shared_ptr<const std::string>>();
  return [text](const std::shared_ptr<Call>& call) {
    const Server& server = call->server;
    if (!*text) {
      const Json json = openapi(server.routes().routes(), YENT_VERSION, server.access.needs_key());
      *text = std::make_shared<const std::string>(json.dump());
    }
    call->answer(Response{.body = *text});
  };
}

Json defaults() {
  const PaintWish wish;
  const VoiceWish voice;
  Json json = Json::object();
  json["steps"] = wish.spec.steps;
  json["cfg_scale"] = wish.spec.guidance;
  json["sampler"] = "";
  json["scheduler"] = "";
  json["width"] = 0;
  json["height"] = 0;
  json["count"] = wish.count;
  json["strength"] = wish.spec.strength;
  json["negative_prompt"] = usual_negative();
  json["filter"] = wish.filter;
  json["columns"] = wish.columns;
  json["charset"] = wish.charset;
  json["temperature"] = voice.temperature;
  json["max_tokens"] = voice.max_tokens;
  json["model"] = wish.model;
  return json;
}

Json limits_json(const ServerConfig& config) {
  const RequestLimits& limits = config.limits;
  Json json = Json::object();
  json["steps"] = limits.steps;
  json["width"] = limits.side;
  json["height"] = limits.side;
  json["count"] = limits.count;
  json["columns"] = limits.columns;
  json["input_bytes"] = limits.text_bytes;
  json["prompt_bytes"] = limits.text_bytes;
  json["policy_bytes"] = limits.policy_bytes;
  json["body_bytes"] = limits.body_bytes;
  json["pixels"] = limits.pixels;
  json["pixel_steps"] = limits.pixel_steps;
  json["image_pixels"] = limits.image_pixels;
  json["jobs"] = config.jobs.queued_of_client;
  return json;
}

void options(const std::shared_ptr<Call>& call) {
  const Server& server = call->server;
  Json json = Json::object(), samplers = Json::array(), levels = Json::array();
  for (const Sampler& sampler : sampler_table()) samplers.push_back(sampler.name);
  for (const NamedNoiseLevels& known : noise_levels_table()) levels.push_back(known.name);
  json["version"] = YENT_VERSION;
  json["samplers"] = std::move(samplers);
  json["schedulers"] = std::move(levels);
  json["styles"] = server.shelf.style_names();
  json["moods"] = server.shelf.mood_names();
  json["policies"] = server.shelf.policy_names();
  json["models"] = server.shelf.model_names();
  json["loras"] = server.shelf.lora_names();
  json["charsets"] = charset_names();
  json["defaults"] = defaults();
  json["limits"] = limits_json(server.config);
  call->answer(200, json);
}

}  // namespace

std::vector<Route> state_routes() {
  Route is_alive{.method = "GET",
                 .path = "/health",
                 .summary = "alive, and with which models",
                 .handle = health,
                 .guard = Guard::open};
  is_alive.answer = {text_field("version", ""), text_field("model_a", ""),
                     text_field("model_b", ""), text_field("sd_model", ""),
                     flag_field("ready", "")};
  Route is_ready{.method = "GET",
                 .path = "/ready",
                 .summary = "whether the models are loaded",
                 .handle = ready,
                 .guard = Guard::open};
  is_ready.answer = {flag_field("ready", "")};
  Route numbers{.method = "GET",
                .path = "/metrics",
                .summary = "numbers for Prometheus",
                .handle = metrics,
                .answer_type = "text/plain"};
  Route described{.method = "GET",
                  .path = "/openapi.json",
                  .summary = "this description",
                  .handle = description()};
  Route choices{.method = "GET",
                .path = "/options",
                .summary = "names, defaults and limits",
                .handle = options};
  return {is_alive, is_ready, numbers, described, choices};
}

}  // namespace yent::server
