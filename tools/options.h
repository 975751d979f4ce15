// The command line of yent-run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/again/recipe.h"
#include "tools/device_options.h"

#include "engine/ascii/blend/options.h"
#include "engine/diffusion/samplers/call_plan.h"
#include "engine/pipeline/preset.h"

namespace yent {

struct Options : DeviceOptions, ReportOptions {
  std::vector<std::string> words;      // to Yent
  std::vector<std::string> arguments;  // those of the options that shape a picture, as typed
  std::string metadata, again;         // pictures
  std::optional<Recipe> recipe;        // with --again

  std::string model = "default", llm = "default";
  std::optional<std::string> prompt;  // to the painter, past Yent
  std::string negative = "extra fingers, blurry, watermark";
  bool prompt_only = false;
  std::string output;  // empty: the next free yent-0001.png
  std::string ascii, html;
  std::optional<uint64_t> seed;
  int steps = 25, width = 0, height = 0, batch = 1;  // sizes 0: the model's own
  double guidance = 7.5, eta = 0;
  int cache = 1;
  ScheduleShare guided_in = {};
  std::string sampler, scheduler;  // empty: the folder's
  std::string init_image;
  double strength = 0.75;
  int steps_offset = -1;  // -1: the model's own
  std::string resize;     // empty: lanczos
  std::string preset_name;
  std::optional<Preset> preset;
  std::string img2img = "own";
  int clip_skip = 1;
  std::string mask;
  std::string tokenizer;
  std::vector<std::string> loras;  // FILE or FILE:SCALE
  std::vector<std::string> embeddings;
  std::string lora_dir, grammar = "literal";
  std::string vae, variant;  // empty: the model's own, the plain weights
  std::string mood, style;
  bool dual = false, interactive = false;
  std::string second_llm;  // empty: one voice for both
  std::string session;
  std::string prediction;  // eps or v; empty: as the files say

  std::string filter = "ascii";
  int columns = 100;
  std::optional<std::string> charset;  // techno; by shape, all of ASCII
  std::string glyphs = "level";
  double boost = 2.8, fill = 0.5;
  bool invert = false, color = true;
  BlendOptions blend;
  std::string color_when = "auto";
  int ascii_scale = 1;  // 0: the raw picture's size
  std::string preview = "auto", record;
  bool sign = false;

  std::string rng = "cpu";
  std::string init_latent, cond, dump, dump_layers;

  std::optional<std::string> complete;
  std::optional<double> temperature;
  int top_k = 40;
  double top_p = 1, min_p = 0, repeat_penalty = 1;
  int context = 0, tokens = 0;  // 0: the file's; as many as fit, at most 128
};

// Throws a usage error of one sentence. Help, the version, the manual page and the completion
// scripts are printed here; then nothing is returned and the program is done. `environment_isa` is
// what YENT_ISA says, for --isa.
std::optional<Options> parse_options(int argc, char** argv, const char* environment_isa);

// Arguments that shape a picture, --name or --name=value, in the order of Options::arguments.
std::vector<std::string> in_order(std::vector<std::string> arguments);

}  // namespace yent
