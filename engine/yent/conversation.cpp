#include "engine/yent/conversation.h"

#include <algorithm>
#include <optional>

#include "kernels/error.h"

namespace yent {
namespace {

constexpr const char* kFormat = "yent session 1";
constexpr size_t kTurnsKept = 20;

Json state_of(const Turn& turn) {
  const Reaction& r = turn.reaction;
  Json state = Json::object();
  state["said"] = turn.said;
  state["artist"] = r.artist;
  state["mood"] = r.mood;
  state["temperature"] = static_cast<double>(r.temperature);
  state["dissonance"] = r.dissonance ? Json(*r.dissonance) : Json();
  state["boredom"] = r.boredom;
  state["starter"] = r.starter;
  state["detail"] = r.detail;
  state["suffix"] = r.suffix;
  return state;
}

Turn turn_of(const Json& state, const std::string& where) {
  const auto text = [&](const char* key) { return get_string(state, key, std::nullopt, where); };
  Turn turn{.said = text("said")};
  Reaction& r = turn.reaction;
  r.artist = text("artist");
  r.mood = text("mood");
  r.temperature = static_cast<float>(get_number(state, "temperature", {}, 0, 2, where));
  if (!state["dissonance"].is_null()) {
    r.dissonance = get_number(state, "dissonance", {}, 0, 1, where);
  }
  r.boredom = get_int(state, "boredom", {}, 0, int64_t{1} << 40, where);
  r.starter = text("starter");
  r.detail = text("detail");
  r.suffix = text("suffix");
  compose(r);
  return turn;
}

}  // namespace

void Conversation::add(Turn turn) {
  turns_.push_back(std::move(turn));
  ++count_;
}

Json Conversation::state() const {
  Json state = Json::object(), turns = Json::array();
  const size_t first = turns_.size() - std::min(turns_.size(), kTurnsKept);
  for (size_t i = first; i < turns_.size(); ++i) turns.push_back(state_of(turns_[i]));
  state["format"] = kFormat;
  state["count"] = count_;
  const Json heard = dissonance.state();
  for (const auto& [key, value] : heard.items()) state[key] = value;
  state["turns"] = std::move(turns);
  return state;
}

Conversation Conversation::restored(const Json& state, const std::string& where) {
  const std::string* format = state["format"].text();
  if (!format || *format != kFormat) {
    throw file_error("{}: not a session, expected \"format\": \"{}\"", where, kFormat);
  }
  Conversation conversation;
  conversation.dissonance = Dissonance::restored(state, where);
  conversation.count_ = get_int(state, "count", {}, 0, int64_t{1} << 40, where);
  const Json& turns = state["turns"];
  if (!turns.is_array()) {
    throw file_error("{}: turns is a {}, expected an array", where, turns.type_name());
  }
  for (const Json& turn : turns) conversation.turns_.push_back(turn_of(turn, where));
  return conversation;
}

}  // namespace yent
