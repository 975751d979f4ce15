// Options, and the settings inside a picture.
#include "loaders/image/jpeg_text.h"
#include "tools/server/routes/a1111/a1111_fields.h"
#include "tools/server/routes/a1111/a1111_routes.h"
#include "tools/server/routes/image_wish.h"
#include "tools/server/routes/job_fields.h"
#include "tools/server/routes/table.h"

namespace yent::server {
namespace {

void get_options(const std::shared_ptr<Call>& call, const OptionsOfCallers& all) {
  const CallerOptions options = all.of(call->caller);
  Json json = Json::object();
  json["sd_model_checkpoint"] = options.model;
  json["CLIP_stop_at_last_layers"] = options.clip_skip;
  for (const FixedOption& option : fixed_options()) json[option.name] = option.value;
  call->answer(200, json);
}

void set_options(const std::shared_ptr<Call>& call, OptionsOfCallers& all) {
  all.set(call->caller, changed(all.of(call->caller), call->body, call->server.shelf));
  call->answer(200, Json());
}

// ---- What a picture knows of itself -----------------------------------------------------------

// The next `key: value` of a line of settings; a value in quotes is a JSON string.
bool take_setting(std::string_view& line, Json& json) {
  const size_t colon = line.find(':');
  if (colon == line.npos) return false;
  const std::string key(trimmed(line.substr(0, colon)));
  line = trimmed(line.substr(colon + 1));
  size_t end = line.starts_with('"') ? 1 : 0;
  if (end == 1) {
    while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
    end = std::min(end + 1, line.size());
    try {
      json[key] = parse_json(line.substr(0, end), "the setting");
    } catch (const Error&) {
      json[key] = line.substr(0, end);
    }
  }
  const size_t comma = std::min(line.find(',', end), line.size());
  if (end == 0) json[key] = trimmed(line.substr(0, comma));
  line.remove_prefix(std::min(comma + 1, line.size()));
  return true;
}

void png_info(const std::shared_ptr<Call>& call) {
  const auto json = std::make_shared<Json>(Json::object());
  call->server.aside(
      call,
      [call, json] {
        const std::string text = infotext_of(
            picture_file(call->body.text("image"), "image", call->server.config.limits));
        (*json)["info"] = text;
        (*json)["items"]["parameters"] = text;
        (*json)["parameters"] = parsed_infotext(text);
      },
      [call, json] { call->answer(200, *json); });
}

}  // namespace

std::string infotext_of(const std::string& file) {
  const auto bytes = bytes_of(file);
  const bool is_png = file.starts_with("\x89PNG");
  const PngText texts =
      is_png ? decode_png_text(bytes, "the picture") : decode_jpeg_text(bytes, "the picture");
  for (const auto& [keyword, text] : texts) {
    if (keyword == "parameters") return text;
  }
  return "";
}

Json parsed_infotext(const std::string& text) {
  Json json = Json::object();
  const size_t settings = text.rfind("\nSteps: ");
  const std::string_view words = std::string_view(text).substr(0, std::min(settings, text.size()));
  const std::string_view mark = "\nNegative prompt: ";
  const size_t negative = words.find(mark);
  if (text.empty()) return json;
  json["Prompt"] = words.substr(0, negative);
  json["Negative prompt"] = negative == words.npos ? "" : words.substr(negative + mark.size());
  if (settings == text.npos) return json;
  std::string_view line = std::string_view(text).substr(settings + 1);
  while (take_setting(line, json)) {
  }
  return json;
}

Route a1111_route(const char* method, const char* name, const char* summary, Handler handle) {
  return {.method = method,
          .path = std::string("/sdapi/v1/") + name,
          .summary = std::string(summary) + ", as AUTOMATIC1111's API has it",
          .handle = std::move(handle),
          .errors = ErrorShape::a1111};
}

std::vector<Route> a1111_option_routes(const RequestLimits& limits, const SharedOptions& options) {
  Route get =
      a1111_route("GET", "options", "the caller's options",
                  [options](const std::shared_ptr<Call>& call) { get_options(call, *options); });
  Route set =
      a1111_route("POST", "options", "changes the caller's options",
                  [options](const std::shared_ptr<Call>& call) { set_options(call, *options); });
  set.body = option_fields();
  Route info = a1111_route("POST", "png-info", "the settings inside a picture", png_info);
  info.body = {text_field("image", "a PNG or JPEG in base64").up_to(limits.body_bytes).require()};
  info.body_limit = limits.body_bytes;
  return {get, set, info};
}

std::vector<Route> a1111_routes(const RequestLimits& limits) {
  const auto options = std::make_shared<OptionsOfCallers>();
  std::vector<Route> all;
  for (auto family : {a1111_painting_routes(limits, options), a1111_progress_routes(),
                      a1111_option_routes(limits, options), a1111_list_routes()}) {
    for (Route& route : family) all.push_back(std::move(route));
  }
  return all;
}

}  // namespace yent::server
