// OpenAI's fields: those that we honour, and values of the others that ask for nothing.
#include "tools/server/routes/openai/openai_routes.h"

namespace yent::server {
namespace {

constexpr const char* kNoOther = "no other value can be honoured";

Field user_field() { return text_field("user", "not used").up_to(1024); }

Field seed_field() {
  return integer_field("seed", "random without it").between(0, 18446744073709551615.0);
}

std::vector<Field> image_fields(const RequestLimits& limits) {
  std::vector<Field> fields{
      text_field("prompt", "what is painted").up_to(limits.text_bytes).require(),
      text_field("model", "a painter of GET /v1/models").up_to(200),
      integer_field("n", "pictures, the k-th with seed + k (1)").between(1, limits.count),
      text_field("size", "WIDTHxHEIGHT, multiples of 8; auto: the model's own (auto)").up_to(20),
      text_field("response_format", "a url is kept in the store (b64_json)")
          .one_of({"b64_json", "url"}),
      flag_field("stream", "events instead of an object (false)"),
      integer_field("partial_images", "small ones on the way, of a stream (0)").between(0, 3),
      text_field("output_format", "png has the settings inside (png)").one_of({"png", "jpeg"}),
      only_field("output_compression", kNoOther, {100}),
      text_field("background", "pictures are opaque (auto)").one_of({"auto", "opaque"}),
      only_field("quality", kNoOther, {"auto", "standard"}),
      text_field("moderation", "there is none (auto)").one_of({"auto", "low"}),
      user_field(),
  };
  for (Field& field : own_fields(limits)) fields.push_back(std::move(field));
  for (Field& field : some_painting_fields(limits, {"seed", "steps", "negative_prompt", "cfg_scale",
                                                    "sampler", "scheduler", "grammar"})) {
    fields.push_back(std::move(field));
  }
  return fields;
}

// What both text routes have.
std::vector<Field> text_fields(const RequestLimits& limits) {
  return {
      text_field("model", "yent, or nothing").up_to(200),
      integer_field("max_tokens", "of the answer").between(1, limits.max_tokens),
      seed_field(),
      flag_field("stream", "events instead of an object (false)"),
      object_field("stream_options", "",
                   {flag_field("include_usage", "a last event with tokens"),
                    any_field("include_obfuscation", "not used")}),
      only_field("n", kNoOther, {1}),
      only_field("presence_penalty", kNoOther, {0}),
      only_field("frequency_penalty", kNoOther, {0}),
      only_field("logit_bias", kNoOther, {Json::object()}),
      user_field(),
      any_field("metadata", "not used"),
  };
}

}  // namespace

std::vector<Field> generation_fields(const RequestLimits& limits) {
  std::vector<Field> fields = image_fields(limits);
  fields.push_back(only_field("style", "yent_style names one of ours", {"vivid"}));
  for (Field& field : some_painting_fields(limits, {"loras"})) fields.push_back(std::move(field));
  return fields;
}

std::vector<Field> edit_fields(const RequestLimits& limits) {
  std::vector<Field> fields = image_fields(limits);
  fields.push_back(text_field("image", "a file, PNG or JPEG").up_to(limits.body_bytes).require());
  fields.push_back(
      text_field("mask",
                 "a PNG: what is transparent is repainted; without it what is transparent "
                 "in the image, or all of it")
          .up_to(limits.body_bytes));
  fields.push_back(
      number_field("strength", "of what may change (1 with a mask, else 0.75)").between(0.01, 1));
  fields.push_back(only_field("input_fidelity", kNoOther, {"low"}));
  return fields;
}

std::vector<Field> completion_fields(const RequestLimits& limits) {
  std::vector<Field> fields = text_fields(limits);
  fields.push_back(any_field("prompt", "a text, or a list of one").require());
  fields.push_back(number_field("temperature", "0: always the likeliest (0.8)").between(0, 2));
  fields.push_back(number_field("top_p", "(1)").between(0.01, 1));
  fields.push_back(integer_field("top_k", "0: all (40)").between(0, 1'000'000));
  fields.push_back(number_field("min_p", "(0)").between(0, 1));
  fields.push_back(number_field("repeat_penalty", "(1)").between(0.5, 2));
  fields.push_back(any_field("stop", "a text or at most 4, at which the answer ends"));
  fields.push_back(flag_field("echo", "the prompt is in front of the answer (false)"));
  fields.push_back(only_field("best_of", kNoOther, {1}));
  fields.push_back(only_field("logprobs", kNoOther, {0}));
  fields.push_back(only_field("suffix", kNoOther, {""}));
  return fields;
}

std::vector<Field> chat_fields(const RequestLimits& limits) {
  std::vector<Field> fields = text_fields(limits);
  Field messages = objects_field(
      "messages", "Yent answers the last one of the user, and has heard those before",
      {text_field("role", "").up_to(20).require(), any_field("content", "a text, or parts of text"),
       any_field("name", "not used"), any_field("tool_calls", "not used"),
       any_field("tool_call_id", "not used"), any_field("function_call", "not used"),
       any_field("refusal", "not used"), any_field("audio", "not used"),
       any_field("annotations", "not used")});
  fields.push_back(std::move(messages).up_to(1000).require());
  fields.push_back(number_field("temperature", "of the voice, at least 0.1 (0.8)").between(0, 2));
  fields.push_back(integer_field("max_completion_tokens", "the new name of max_tokens")
                       .between(1, limits.max_tokens));
  fields.push_back(text_field("mood", "a mood of GET /options").up_to(64));
  fields.push_back(only_field("top_p", kNoOther, {1}));
  fields.push_back(only_field("stop", kNoOther, {Json::array()}));
  fields.push_back(only_field("tools", kNoOther, {Json::array()}));
  fields.push_back(only_field("functions", kNoOther, {Json::array()}));
  fields.push_back(only_field("tool_choice", kNoOther, {"none", "auto"}));
  fields.push_back(only_field("function_call", kNoOther, {"none", "auto"}));
  fields.push_back(any_field("parallel_tool_calls", "there are none"));
  fields.push_back(only_field("logprobs", kNoOther, {false}));
  fields.push_back(only_field("top_logprobs", kNoOther, {0}));
  fields.push_back(only_field("response_format", kNoOther, {parse_json(R"({"type":"text"})", "")}));
  fields.push_back(only_field("modalities", kNoOther, {parse_json(R"(["text"])", "")}));
  fields.push_back(only_field("store", kNoOther, {false}));
  fields.push_back(only_field("service_tier", kNoOther, {"auto", "default"}));
  return fields;
}

}  // namespace yent::server
