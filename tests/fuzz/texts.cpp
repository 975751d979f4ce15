// Texts: configs, policies, prompts, names.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ascii_writer/canonical.h"
#include "engine/ascii_writer/shape_hash.h"
#include "engine/core/policy.h"
#include "engine/diffusion/samplers/scheduler_config.h"
#include "engine/models/ascii_transformer.h"
#include "engine/models/clip.h"
#include "engine/models/unet.h"
#include "engine/models/vae.h"
#include "engine/pipeline/infotext.h"
#include "engine/pipeline/preset.h"
#include "engine/text/clip/clip_vocabulary.h"
#include "engine/text/prompt/prompt.h"
#include "engine/yent/conversation.h"
#include "engine/yent/persona.h"
#include "kernels/error.h"
#include "loaders/checkpoint/lora.h"
#include "loaders/io/json.h"
#include "tests/fuzz/parsers.h"

namespace yent::fuzz {
namespace {

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void json(Bytes bytes) { parse_json(text_of(bytes), "fuzz.json"); }

// The length says which config it is.
void config(Bytes bytes) {
  const Json j = parse_json(text_of(bytes), "fuzz.json", JsonDialect::python);
  switch (bytes.size() % 4) {
    case 0:
      return (void)UNetConfig::from_json(j, "fuzz.json");
    case 1:
      return (void)VaeConfig::from_json(j, "fuzz.json");
    case 2:
      return (void)ClipConfig::from_json(j, "fuzz.json");
    default:
      return (void)SchedulerConfig::from_json(j, "fuzz.json");
  }
}

void policy(Bytes bytes) {
  const Policy read = Policy::parse(text_of(bytes), "fuzz.policy");
  for (const char* layer : {"unet.conv_in", "vae.decoder.mid_block.attentions.0.to_q", ""}) {
    read.precision(layer);
    read.layer(layer, LayerKind::norm);
  }
  const Moment moments[] = {{0, 1}, {1, 0.5}};
  if (Policy::parse(read.text(), "fuzz.policy").text() != read.text()) std::abort();
  read.at(moments[1], moments).layer("unet.conv_in");
}

void tokenizer_json(Bytes bytes) {
  ClipVocabulary vocabulary;
  vocabulary.path = "fuzz.json";
  read_tokenizer_json(parse_json(text_of(bytes), vocabulary.path), vocabulary);
}

// The length says whether it is a negative prompt.
void prompt(Bytes bytes) {
  try {
    parse_prompt({std::string(text_of(bytes)), Grammar::a1111, bytes.size() % 2 == 1});
  } catch (const Error& error) {
    if (error.kind() != Error::usage) throw;
  }
}

// The names and shapes of an adapter's tensors, a line each: "name 8 4". The values are ones.
TensorSet adapter_of(std::string_view text) {
  constexpr int64_t most = 4096;
  static const std::vector<float> ones(most, 1.0f);
  TensorSet set{.path = "fuzz adapter"};
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    HostTensor tensor{.name = std::string(line.substr(0, line.find(' '))), .dtype = DType::f32};
    for (const char c : line.substr(std::min(line.size(), tensor.name.size()))) {
      if (c >= '0' && c <= '9' && tensor.dims.size() < 5) tensor.dims.push_back(c - '0');
    }
    const auto count = checked_count(tensor.dims);
    if (!count || *count > most) continue;
    tensor.data = reinterpret_cast<const std::byte*>(ones.data());
    tensor.bytes = *count * sizeof(float);
    set.tensors.push_back(std::move(tensor));
  }
  sort_by_name(set);
  return set;
}

void adapter(Bytes bytes) {
  const std::vector<LoraTarget> targets = {
      {"unet.conv_in", {8, 4, 3, 3}},
      {"unet.conv_norm_out", {8}},
      {"unet.down_blocks.0.attentions.0.proj_in", {8, 8}},
      {"unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q", {8, 8}},
      {"text_encoder.text_model.encoder.layers.0.mlp.fc1", {8, 4}}};
  const Lora lora = Lora::of_tensors(adapter_of(text_of(bytes)), 0.5f);
  const LoraMatch match = lora.match(targets);
  std::vector<float> weight(8 * 4 * 9);
  for (const auto& [name, change] : match.changes) {
    const size_t dot = name.rfind('.');
    for (const LoraTarget& target : targets) {
      if (target.path != name.substr(0, dot)) continue;
      const bool bias = name.substr(dot) == ".bias";
      const int64_t columns = bias ? 1 : *checked_count(target.dims) / target.dims[0];
      apply_changes({&change, 1}, weight.data(), target.dims[0], columns);
    }
  }
}

void peft_config(Bytes bytes) {
  const Json config = parse_json(text_of(bytes), "fuzz.json", JsonDialect::python);
  const PeftConfig read(config, "fuzz.json");
  read.alpha("down_blocks.0.attentions.0.proj_in");
  read.rank("down_blocks.0.attentions.0.proj_in");
}

// Texts without a zero byte between them: prompt, negative prompt, model, adapters.
void settings(Bytes bytes) {
  std::string_view text = text_of(bytes);
  std::vector<std::string> parts;
  for (;;) {
    const std::string_view part = text.substr(0, text.find('\0'));
    parts.emplace_back(part);
    if (part.size() == text.size()) break;
    text.remove_prefix(part.size() + 1);
  }
  parts.resize(std::max<size_t>(parts.size(), 3));
  PaintRequest request;
  request.prompt = parts[0];
  request.negative = parts[1];
  const InfotextFacts facts{
      .model = parts[2], .version = "1", .loras = {parts.begin() + 3, parts.end()}};
  const Pipeline::Resolution made{.width = 8, .height = 8, .sampler = "ddim", .latent = {}};
  const std::string written = infotext(request, made, 0, facts);
  const size_t line = written.rfind('\n');
  ENSURE(line != written.npos && written.substr(line + 1).starts_with("Steps: "),
         "the settings are not one line");
}

void persona(Bytes bytes) { parse_persona(text_of(bytes), "fuzz.json"); }

void presets(Bytes bytes) {
  for (const Preset& preset : parse_presets(text_of(bytes), "fuzz.json")) preset.prefixed("a cat");
}

// What was read is written and read again.
void conversation(Bytes bytes) {
  const Json given = parse_json(text_of(bytes), "fuzz.json");
  const Json state = Conversation::restored(given, "fuzz.json").state();
  ENSURE(Conversation::restored(state, "fuzz.json").state() == state,
         "a conversation changes when it is kept");
}

void ascii_config(Bytes bytes) {
  AsciiTransformerConfig::from_json(parse_json(text_of(bytes), "fuzz.json"), "fuzz.json");
}

// Canonical text is its own canonical text.
void drawing(Bytes bytes) {
  const std::string text = art::canonical(text_of(bytes), "fuzz.txt");
  ENSURE(art::canonical(text, "fuzz.txt") == text, "canonical text has another canonical text");
  art::shape_hash(art::drawing_of(text));
}

}  // namespace

std::vector<Parser> text_parsers() {
  return {{"json", json},
          {"config", config},
          {"policy", policy},
          {"persona", persona},
          {"tokenizer_json", tokenizer_json},
          {"prompt", prompt},
          {"adapter", adapter},
          {"peft_config", peft_config},
          {"settings", settings},
          {"presets", presets},
          {"conversation", conversation},
          {"ascii_config", ascii_config},
          {"drawing", drawing}};
}

}  // namespace yent::fuzz
