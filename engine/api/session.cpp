// Yent and the language model of the C API.
#include "engine/api/painter.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/yent_session.h"

using namespace yent;
using namespace yent::api;

struct yent_session {
  std::shared_ptr<Devices> devices;  // outlive the session
  std::unique_ptr<YentSession> session;
};

struct yent_reaction {
  YentSession::Turn turn;
};

namespace {

ReactionSpec spec_of(const yent_react_params& p) {
  ReactionSpec spec{.top_k = p.top_k, .min_p = static_cast<float>(p.min_p), .seed = p.seed};
  if (p.mood) spec.mood = p.mood;
  if (p.temperature >= 0) spec.temperature = p.temperature;
  if (p.suffix) spec.suffix = p.suffix;
  return spec;
}

}  // namespace

void yent_session_params_init(yent_session_params* params, size_t struct_size) {
  yent_session_params p = {};
  p.voice = "default";
  p.precision = "auto";
  init_params(params, struct_size, p);
}

yent_status yent_session_create(yent_device* device, const yent_session_params* params,
                                yent_session** session) {
  return guard([&] {
    required(session, "session") = nullptr;
    const yent_session_params p = taken(params, yent_session_params_init);
    if (p.context < 0) throw usage_error("context is {}, expected 0 or more", p.context);
    auto made = std::make_unique<yent_session>();
    made->devices = required(device, "device").devices;
    Backend& backend = *made->devices->backends[0];
    made->session = std::make_unique<YentSession>(
        SessionConfig{.voice = voice_path(p.voice ? p.voice : "default"),
                      .two = p.two != 0,
                      .second_voice = p.second_voice ? voice_path(p.second_voice) : "",
                      .dissonance = p.dissonance != 0,
                      .policy = policy_of(p.precision, p.policy, p.policy_text, backend),
                      .context = p.context},
        backend, nullptr, token_of(p.cancel));
    *session = made.release();
  });
}

void yent_session_destroy(yent_session* session) { delete session; }

void yent_react_params_init(yent_react_params* params, size_t struct_size) {
  yent_react_params p = {};
  p.said = "";
  p.temperature = -1;
  p.top_k = 40;
  p.min_p = ReactionSpec().min_p;
  init_params(params, struct_size, p);
}

yent_status yent_react(yent_session* session, const yent_react_params* params,
                       yent_reaction** reaction) {
  return guard([&] {
    required(reaction, "reaction") = nullptr;
    const yent_react_params p = taken(params, yent_react_params_init);
    const PromptLimit limit = p.painter ? prompt_limit(*p.painter->pipeline) : PromptLimit();
    YentSession::OnWords on_words;
    if (p.on_words) {
      on_words = [&p](std::string_view piece) { p.on_words(p.user, piece.data(), piece.size()); };
    }
    const std::string said = text_of(p.said);
    const Reaction made =
        required(session, "session")
            .session->react(said, spec_of(p), limit, on_words, nullptr, token_of(p.cancel));
    *reaction = new yent_reaction{{said, made}};
  });
}

void yent_reaction_destroy(yent_reaction* reaction) { delete reaction; }

const char* yent_reaction_said(const yent_reaction* reaction) {
  return reaction ? reaction->turn.said.c_str() : "";
}

const char* yent_reaction_words(const yent_reaction* reaction) {
  return reaction ? reaction->turn.reaction.words.c_str() : "";
}

const char* yent_reaction_prompt(const yent_reaction* reaction) {
  return reaction ? reaction->turn.reaction.prompt.c_str() : "";
}

const char* yent_reaction_mood(const yent_reaction* reaction) {
  return reaction ? reaction->turn.reaction.mood.c_str() : "";
}

float yent_reaction_temperature(const yent_reaction* reaction) {
  return reaction ? reaction->turn.reaction.temperature : 0;
}

double yent_reaction_dissonance(const yent_reaction* reaction) {
  return reaction ? reaction->turn.reaction.dissonance.value_or(-1) : -1;
}

int64_t yent_reaction_boredom(const yent_reaction* reaction) {
  return reaction ? reaction->turn.reaction.boredom : 0;
}

const char* yent_reaction_artist(const yent_reaction* reaction) {
  return reaction ? reaction->turn.reaction.artist.c_str() : "";
}

yent_status yent_roast(yent_session* session, const yent_react_params* params, char** text) {
  return guard([&] {
    required(text, "text") = nullptr;
    const yent_react_params p = taken(params, yent_react_params_init);
    YentSession& yent = *required(session, "session").session;
    *text = new_text(yent.roast(text_of(p.said), spec_of(p), token_of(p.cancel)));
  });
}

size_t yent_session_turns(const yent_session* session) {
  return session ? session->session->memory().size() : 0;
}

yent_status yent_session_turn(const yent_session* session, size_t index, yent_reaction** reaction) {
  return guard([&] {
    required(reaction, "reaction") = nullptr;
    const auto& memory = required(session, "session").session->memory();
    if (index >= memory.size()) {
      throw usage_error("turn {} is asked for, {} are remembered", index, memory.size());
    }
    *reaction = new yent_reaction{memory[index]};
  });
}

void yent_session_forget(yent_session* session) {
  if (session) session->session->forget();
}

yent_status yent_session_save(const yent_session* session, char** json) {
  return guard([&] {
    required(json, "json") = nullptr;
    *json = new_text(required(session, "session").session->conversation().state().dump(1) + "\n");
  });
}

yent_status yent_session_restore(yent_session* session, const char* json) {
  return guard([&] {
    const std::string where = "the conversation";
    const Json state = parse_json(&required(json, "json"), where);
    required(session, "session").session->go_on(Conversation::restored(state, where));
  });
}

void yent_complete_params_init(yent_complete_params* params, size_t struct_size) {
  yent_complete_params p = {};
  p.text = "";
  p.temperature = 0.8;
  p.top_k = 40;
  p.top_p = 1;
  p.repeat_penalty = 1;
  p.max_tokens = 128;
  init_params(params, struct_size, p);
}

yent_status yent_complete(yent_session* session, const yent_complete_params* params, char** text,
                          int32_t* tokens) {
  return guard([&] {
    required(text, "text") = nullptr;
    if (tokens) *tokens = 0;
    const yent_complete_params p = taken(params, yent_complete_params_init);
    if (p.max_tokens < 1) throw usage_error("max_tokens is {}, expected 1 or more", p.max_tokens);
    LanguageModel& voice = required(session, "session").session->voice();
    std::mt19937_64 generator(p.seed);
    std::string all;
    const LanguageModel::Result result =
        voice.generate({.text = text_of(p.text),
                        .special = true,
                        .bos = voice.adds_bos(),
                        .eos = voice.adds_eos(),
                        .max_tokens = p.max_tokens,
                        .sampling = {.temperature = static_cast<float>(p.temperature),
                                     .top_k = p.top_k,
                                     .top_p = static_cast<float>(p.top_p),
                                     .min_p = static_cast<float>(p.min_p),
                                     .repeat_penalty = static_cast<float>(p.repeat_penalty)},
                        .cancel = token_of(p.cancel)},
                       generator, [&](std::string_view piece) {
                         all += piece;
                         return !p.on_piece || p.on_piece(p.user, piece.data(), piece.size()) != 0;
                       });
    *text = new_text(all);
    if (tokens) *tokens = static_cast<int32_t>(result.generated.size());
  });
}
