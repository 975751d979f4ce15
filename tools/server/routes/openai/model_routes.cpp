// All of OpenAI's routes, and the models that they can name.
#include "tools/server/routes/openai/openai_routes.h"
#include "tools/server/routes/table.h"

namespace yent::server {
namespace {

Json model_json(const std::string& name) {
  Json json = Json::object();
  json["id"] = name;
  json["object"] = "model";
  json["created"] = 0;  // nobody has noted it
  json["owned_by"] = "yent";
  return json;
}

// The one who speaks first: programs that chat take the first.
std::vector<std::string> model_ids(const Server& server) {
  std::vector<std::string> names{kSpeaker};
  for (const std::string& name : server.shelf.model_names()) {
    if (name != kSpeaker) names.push_back(name);
  }
  return names;
}

void list_models(const std::shared_ptr<Call>& call) {
  Json json = Json::object(), data = Json::array();
  for (const std::string& name : model_ids(call->server)) data.push_back(model_json(name));
  json["object"] = "list";
  json["data"] = std::move(data);
  call->answer(200, json);
}

void get_model(const std::shared_ptr<Call>& call) {
  for (const std::string& name : model_ids(call->server)) {
    if (name == call->values[0]) return call->answer(200, model_json(name));
  }
  throw HttpError(Fault::not_found, "there is no such model", "model");
}

}  // namespace

std::vector<Route> openai_routes(const RequestLimits& limits) {
  Route generations{.method = "POST",
                    .path = "/v1/images/generations",
                    .summary = "pictures of a prompt, as OpenAI's API has it",
                    .handle = generate_images,
                    .body = generation_fields(limits)};
  Route edits{.method = "POST",
              .path = "/v1/images/edits",
              .summary = "a picture that is changed, as OpenAI's API has it",
              .handle = edit_image,
              .body = edit_fields(limits),
              .body_limit = limits.body_bytes,
              .body_types = {"multipart/form-data"}};
  Route completions{.method = "POST",
                    .path = "/v1/completions",
                    .summary = "a text that the voice continues, as OpenAI's API has it",
                    .handle = complete_text,
                    .body = completion_fields(limits)};
  Route chat{.method = "POST",
             .path = "/v1/chat/completions",
             .summary = "Yent answers, as OpenAI's API has it",
             .handle = answer_chat,
             .body = chat_fields(limits),
             .body_limit = size_t{1} << 20};
  Route models{.method = "GET",
               .path = "/v1/models",
               .summary = "who paints and speaks, as OpenAI's API has it",
               .handle = list_models};
  Route model{
      .method = "GET", .path = "/v1/models/{id}", .summary = "one of them", .handle = get_model};
  return {generations, edits, completions, chat, models, model};
}

}  // namespace yent::server
