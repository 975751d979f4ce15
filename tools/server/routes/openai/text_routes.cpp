// Texts that are continued, and what Yent answers.
#include <algorithm>

#include "engine/yent/conversation.h"
#include "tools/server/jobs/jobs.h"
#include "tools/server/routes/openai/openai_routes.h"
#include "tools/server/routes/request_job.h"

namespace yent::server {
namespace {

constexpr size_t kMostStops = 4;
constexpr double kColdest = 0.1;  // of what Yent says: starters alone are no answer

[[noreturn]] void refuse(const char* field, const std::string& sentence) {
  throw HttpError(Fault::bad_request, std::string(field) + " " + sentence, field);
}

void check_model(const Fields& body) {
  const std::string model = body.text("model", kSpeaker);
  if (model == kSpeaker) return;
  throw HttpError(Fault::not_found,
                  fmt::format("model is {}, expected {}: nobody else speaks here",
                              Json(model).dump(), kSpeaker),
                  "model");
}

std::string checked_text(const Json& value, const char* field, size_t longest) {
  if (!value.text()) refuse(field, fmt::format("is a {}, expected a string", value.type_name()));
  if (value.text()->size() > longest) {
    refuse(field, fmt::format("has {} bytes, expected at most {}", value.text()->size(), longest));
  }
  return *value.text();
}

std::string prompt_of(const Json& value, size_t longest) {
  if (!value.is_array()) return checked_text(value, "prompt", longest);
  if (value.size() != 1) {
    refuse("prompt", fmt::format("has {} elements, expected one text", value.size()));
  }
  return checked_text(value[0], "prompt", longest);
}

std::vector<std::string> stops_of(const Json& value, size_t longest) {
  if (value.is_null()) return {};
  if (!value.is_array()) return {checked_text(value, "stop", longest)};
  if (value.size() > kMostStops) {
    refuse("stop", fmt::format("has {} elements, expected at most {}", value.size(), kMostStops));
  }
  std::vector<std::string> stops;
  for (const Json& stop : value) stops.push_back(checked_text(stop, "stop", longest));
  return stops;
}

// A text, or the texts among its parts; pictures and sounds are not for Yent.
std::string content_of(const Json& content) {
  if (content.text()) return *content.text();
  if (!content.is_array()) {
    refuse("messages", fmt::format("has a content that is a {}, expected a text or a list of parts",
                                   content.type_name()));
  }
  std::string all;
  for (const Json& part : content) {
    const std::string* type = part["type"].text();
    if (!type || *type != "text" || !part["text"].text()) {
      refuse("messages",
             "has a part that is no text, expected {\"type\": \"text\", \"text\": ...}");
    }
    all += (all.empty() ? "" : "\n") + *part["text"].text();
  }
  return all;
}

std::string last_words(const Json& messages, size_t longest) {
  const Json* last = nullptr;
  for (const Json& message : messages) {
    if (*message["role"].text() == "user") last = &message;
  }
  if (!last) refuse("messages", "has none of the user, whom Yent would answer");
  std::string words = content_of((*last)["content"]);
  if (trimmed(words).empty()) refuse("messages", "ends with empty words");
  if (words.size() > longest) {
    refuse("messages",
           fmt::format("ends with {} bytes, expected at most {}", words.size(), longest));
  }
  return words;
}

// What a program tells of the talk before: how often Yent has heard something, and what, decides
// how he answers. So the same messages get the same answer.
std::string conversation_of(const Json& messages, const Persona& persona) {
  Conversation conversation;
  std::string said;
  for (const Json& message : messages) {
    if (*message["role"].text() != "user") continue;
    if (!said.empty()) {
      conversation.dissonance.hear(said, persona.emotions);
      conversation.add({said});
    }
    said = content_of(message["content"]);
  }
  return conversation.state().dump();
}

uint64_t seed_of(const Fields& body) {
  return body.has("seed") ? body.natural("seed") : random_seed();
}

JobSpec completion_job(const Fields& body, const RequestLimits& limits) {
  check_model(body);
  JobSpec spec;
  spec.kind = JobKind::complete;
  spec.seed = seed_of(body);
  spec.paints = false;
  VoiceWish& voice = spec.voice;
  voice.input = prompt_of(body.json("prompt"), limits.text_bytes);
  voice.temperature = body.number("temperature", voice.temperature);
  voice.max_tokens = static_cast<int>(body.integer("max_tokens", 16));
  voice.top_k = static_cast<int>(body.integer("top_k", voice.top_k));
  voice.top_p = body.number("top_p", voice.top_p);
  voice.min_p = body.number("min_p", voice.min_p);
  voice.repeat_penalty = body.number("repeat_penalty", voice.repeat_penalty);
  voice.stop = stops_of(body.json("stop"), limits.text_bytes);
  return spec;
}

JobSpec chat_job(const Fields& body, const Server& server) {
  check_model(body);
  const RequestLimits& limits = server.config.limits;
  Json wish = Json::object();
  wish["kind"] = "react";
  wish["paint"] = false;
  wish["roast"] = false;
  wish["input"] = last_words(body.json("messages"), limits.text_bytes);
  wish["seed"] = seed_of(body);
  if (body.has("mood")) wish["mood"] = body.json("mood");
  if (body.has("temperature")) {
    wish["temperature"] = std::max(kColdest, body.number("temperature"));
  }
  const char* most = body.has("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
  if (body.has(most)) wish["max_tokens"] = body.json(most);
  JobSpec spec = image_job(wish, server);
  spec.voice.conversation = conversation_of(body.json("messages"), server.shelf.persona());
  return spec;
}

// ---- Answers ----------------------------------------------------------------------------------

// What differs between the two routes.
struct Form {
  const char* object;  // text_completion
  const char* piece;   // of a stream: chat.completion.chunk
  const char* prefix;  // of ids
  bool is_chat;
};

constexpr Form kCompletion{"text_completion", "text_completion", "cmpl-", false};
constexpr Form kChat{"chat.completion", "chat.completion.chunk", "chatcmpl-", true};

Json usage_of(const Job& job) {
  Json usage = Json::object();
  usage["prompt_tokens"] = job.prompt_tokens;
  usage["completion_tokens"] = job.tokens;
  usage["total_tokens"] = job.prompt_tokens + job.tokens;
  return usage;
}

std::string finish_of(const Job& job) {
  return job.finish_reason.empty() ? "stop" : job.finish_reason;
}

Json head_of(const Job& job, const Form& form, const char* object) {
  Json json = Json::object();
  json["id"] = form.prefix + job.id;
  json["object"] = object;
  json["created"] = static_cast<int64_t>(job.created);
  json["model"] = kSpeaker;
  json["system_fingerprint"] = "yent " YENT_VERSION;
  return json;
}

Json choice_of(const char* key, Json value, const std::string& finish) {
  Json choice = Json::object();
  choice["index"] = 0;
  choice[key] = std::move(value);
  choice["logprobs"] = nullptr;
  choice["finish_reason"] = finish.empty() ? Json() : Json(finish);
  return choice;
}

Json message_of(const std::string& text) {
  Json message = Json::object();
  message["role"] = "assistant";
  message["content"] = text;
  message["refusal"] = nullptr;
  return message;
}

void answer_whole(const Call& call, const Job& job, const Form& form, const std::string& echo) {
  if (job.state != JobState::done) return call.fail(failure_of(job));
  Json json = head_of(job, form, form.object), choices = Json::array();
  if (form.is_chat) {
    choices.push_back(choice_of("message", message_of(job.answer->reaction.words), finish_of(job)));
  } else {
    choices.push_back(choice_of("text", echo + job.completion, finish_of(job)));
  }
  json["choices"] = std::move(choices);
  json["usage"] = usage_of(job);
  call.answer(200, json);
}

class TextStream {
 public:
  TextStream(std::shared_ptr<Call> call, const Form& form, bool tells_usage)
      : call_(std::move(call)), form_(form), tells_usage_(tells_usage) {}

  void begin(const std::string& echo) {
    call_->exchange->begin_stream(
        {.type = "text/event-stream",
         .headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}}});
    echo_ = echo;
  }

  void hear(const Job& job, const Event& event) {
    if (event.name == "reaction") {
      // What was said may have become shorter at its end: only now it is sure.
      return tell_words(job, job.answer->reaction.words);
    }
    if (event.name != "word") return;
    const Json word = parse_json(*event.data, "the event");
    // Of a reaction the first piece stays as it is.
    if (!form_.is_chat || said_.empty()) tell(job, *word["text"].text());
  }

  void end(const Job& job) {
    if (job.state != JobState::done) {
      call_->exchange->write("data: " + error_json(failure_of(job), ErrorShape::openai) + "\n\n");
      return call_->exchange->end();
    }
    begin_choice(job);
    Json last = head_of(job, form_, form_.piece);
    last["choices"].push_back(form_.is_chat ? choice_of("delta", Json::object(), finish_of(job))
                                            : choice_of("text", "", finish_of(job)));
    call_->exchange->write(openai_event(last));
    if (tells_usage_) {
      Json usage = head_of(job, form_, form_.piece);
      usage["choices"] = Json::array();
      usage["usage"] = usage_of(job);
      call_->exchange->write(openai_event(usage));
    }
    call_->exchange->write("data: [DONE]\n\n");
    call_->exchange->end();
  }

 private:
  void begin_choice(const Job& job) {
    if (begun_) return;
    begun_ = true;
    if (form_.is_chat) {
      Json delta = Json::object();
      delta["role"] = "assistant";
      delta["content"] = "";
      write(job, choice_of("delta", std::move(delta), ""));
    } else if (!echo_.empty()) {
      write(job, choice_of("text", echo_, ""));
    }
  }

  void write(const Job& job, Json choice) {
    Json json = head_of(job, form_, form_.piece);
    json["choices"].push_back(std::move(choice));
    call_->exchange->write(openai_event(json));
  }

  void tell(const Job& job, const std::string& text) {
    begin_choice(job);
    said_ += text;
    if (!form_.is_chat) return write(job, choice_of("text", text, ""));
    Json delta = Json::object();
    delta["content"] = text;
    write(job, choice_of("delta", std::move(delta), ""));
  }

  // Word by word, what of the whole was not told yet.
  void tell_words(const Job& job, const std::string& whole) {
    while (said_.size() < whole.size()) {
      const size_t end = std::min(whole.find(' ', said_.size() + 1), whole.size());
      tell(job, whole.substr(said_.size(), end - said_.size()));
    }
  }

  std::shared_ptr<Call> call_;
  const Form& form_;
  bool tells_usage_, begun_ = false;
  std::string echo_, said_;
};

void speak(const std::shared_ptr<Call>& call, JobSpec spec, const Form& form,
           const std::string& echo) {
  if (!call->body.flag("stream")) {
    return run_job(call, std::move(spec), false,
                   [call, &form, echo](const Job& job) { answer_whole(*call, job, form, echo); });
  }
  const bool tells_usage = Fields(call->body.json("stream_options")).flag("include_usage");
  const auto stream = std::make_shared<TextStream>(call, form, tells_usage);
  run_job(
      call, std::move(spec), false, [stream](const Job& job) { stream->end(job); },
      [stream](const Job& job, const Event& event) { stream->hear(job, event); });
  stream->begin(echo);
}

}  // namespace

void complete_text(const std::shared_ptr<Call>& call) {
  JobSpec spec = completion_job(call->body, call->server.config.limits);
  const std::string echo = call->body.flag("echo") ? spec.voice.input : "";
  speak(call, std::move(spec), kCompletion, echo);
}

void answer_chat(const std::shared_ptr<Call>& call) {
  speak(call, chat_job(call->body, call->server), kChat, "");
}

}  // namespace yent::server
