#include "tools/server/jobs/job.h"

#include <array>

namespace yent::server {
namespace {

constexpr std::array<const char*, 6> kStates = {"queued", "reacting", "painting",
                                                "done",   "failed",   "cancelled"};
constexpr std::array<const char*, 3> kKinds = {"react", "paint", "complete"};

// Shortest digits that give the float again.
Json rounded(float value) {
  return {parse_json(fmt::format("{}", value), "").number().value_or(0)};
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

const char* name_of(JobState state) { return kStates[static_cast<size_t>(state)]; }
const char* name_of(JobKind kind) { return kKinds[static_cast<size_t>(kind)]; }

std::optional<JobState> job_state_named(const std::string& name) {
  for (size_t i = 0; i < kStates.size(); ++i) {
    if (name == kStates[i]) return static_cast<JobState>(i);
  }
  return std::nullopt;
}

Json answer_json(const Answer& answer) {
  const Reaction& reaction = answer.reaction;
  Json json = Json::object();
  json["yent_words"] = reaction.words;
  json["starter"] = reaction.starter;
  json["detail"] = reaction.detail;
  json["suffix"] = reaction.suffix;
  json["mood"] = reaction.mood;
  json["artist_id"] = reaction.artist.empty() ? "A" : reaction.artist;
  json["dissonance"] = reaction.dissonance ? Json(*reaction.dissonance) : Json();
  json["boredom"] = reaction.boredom;
  json["temperature"] = rounded(reaction.temperature);
  json["roast"] = answer.roast ? Json(*answer.roast) : Json();
  json["elapsed_ms"] = answer.elapsed_ms;
  json["prompt"] = reaction.prompt;
  return json;
}

Answer answer_from(const Json& json) {
  const auto text = [&](const char* key) { return get_string(json, key, "", "the store"); };
  Answer answer;
  Reaction& reaction = answer.reaction;
  reaction.words = text("yent_words");
  reaction.starter = text("starter");
  reaction.detail = text("detail");
  reaction.suffix = text("suffix");
  reaction.mood = text("mood");
  reaction.artist = text("artist_id");
  reaction.prompt = text("prompt");
  reaction.dissonance = json["dissonance"].number();
  reaction.boredom = json["boredom"].integer().value_or(0);
  reaction.temperature = static_cast<float>(json["temperature"].number().value_or(0));
  if (json["roast"].text()) answer.roast = *json["roast"].text();
  answer.elapsed_ms = json["elapsed_ms"].integer().value_or(0);
  return answer;
}

Json picture_json(const PictureRecord& picture) {
  Json json = Json::object();
  json["id"] = picture.id;
  json["url"] = "/image/" + picture.id;
  json["cells_url"] = "/image/" + picture.id + "/cells";
  json["thumb_url"] = "/image/" + picture.id + "/thumb";
  json["job"] = picture.job;
  json["seed"] = picture.seed;
  json["width"] = picture.width;
  json["height"] = picture.height;
  json["bytes"] = picture.bytes;
  json["created"] = picture.created;
  json["prompt"] = picture.prompt;
  json["yent_words"] = text_or_null(picture.words);
  return json;
}

Json job_json(const Job& job) {
  Json json = Json::object(), pictures = Json::array();
  json["id"] = job.id;
  json["kind"] = name_of(job.spec.kind);
  json["state"] = name_of(job.state);
  json["created"] = job.created;
  json["place"] = nullptr;
  json["eta_s"] = nullptr;
  json["step"] = job.step;
  json["steps"] = job.steps;
  json["input"] = text_or_null(job.spec.voice.input);
  json["prompt"] = text_or_null(job.prompt);
  json["seed"] = job.spec.seed;
  json["reaction"] = job.answer ? answer_json(*job.answer) : Json();
  for (const PictureRecord& picture : job.pictures) pictures.push_back(picture_json(picture));
  json["pictures"] = std::move(pictures);
  if (job.spec.kind == JobKind::complete) json["text"] = job.completion;
  json["error"] = nullptr;
  if (job.failure) {
    json["error"] = Json::object();
    json["error"]["message"] = job.failure->sentence;
    json["error"]["code"] = name_of(job.failure->fault);
  }
  json["request"] = job.spec.request;
  return json;
}

}  // namespace yent::server
