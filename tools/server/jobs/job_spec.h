// What a job is asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/pipeline/pipeline.h"
#include "loaders/io/json.h"

namespace yent::server {

enum class JobKind {
  react,     // Yent answers, and paints his answer unless it is told not to
  paint,     // a prompt is painted as it stands
  complete,  // the voice continues a text
};

// A LoRA by the name that people know it by.
struct NamedLora {
  std::string name;
  float scale = 1;
};

// The painting of a job. Names are those of the shelf (tools/server/shelf.h).
struct PaintWish {
  std::string prompt, negative;
  std::string model = "default", style, policy, policy_text;
  int bits = 0;         // of the UNet's weights; 0: as the policy says
  PaintSpec spec = {};  // size, steps, guidance, sampler
  int count = 1;
  Grammar grammar = Grammar::literal;
  std::vector<NamedLora> loras = {};
  std::shared_ptr<const std::string> picture = {}, mask = {};  // files of PNG or JPEG
  std::string filter = "none";                                 // none, ascii or blend
  int columns = 100;
  std::string charset = "techno";
  bool previews = true;
};

// The speaking of a job.
struct VoiceWish {
  std::string input;  // what is said, or the text that is continued
  std::string mood;
  double temperature = 0.8;
  int max_tokens = 30;
  bool roast = true;
  // As JSON, instead of the client's: then nothing of it is remembered.
  std::optional<std::string> conversation = {};
  // Of a completion alone.
  int top_k = 40;
  double top_p = 1, min_p = 0, repeat_penalty = 1;
  std::vector<std::string> stop = {};  // texts at which it ends
};

struct JobSpec {
  JobKind kind = JobKind::react;
  uint64_t seed = 0;
  bool paints = true;  // of a reaction: whether a picture follows
  VoiceWish voice = {};
  PaintWish painting = {};
  Json request = Json::object();  // the fields as they were given, without pictures
};

const char* name_of(JobKind kind);

}  // namespace yent::server
