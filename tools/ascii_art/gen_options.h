// The command line of ascii-gen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/ascii_writer/writer.h"
#include "tools/device_options.h"

namespace yent::art {

struct GenOptions {
  std::vector<std::string> words;  // the prompt
  std::string model;               // empty: the shipped or embedded one
  int width = 0, height = 0;       // 0: not given
  bool limits = false, free = false;
  std::string style = "any", charset = "all";
  double temperature = 0.8, top_p = 0.95;
  int top_k = 40;
  std::optional<uint64_t> seed;
  int candidates = 1;
  bool all = false, pad = false, info = false;
  std::string output;
  DeviceOptions device;
  ReportOptions report;
};

// Nothing where the program has answered and is done. `environment_isa` may be null.
std::optional<GenOptions> parse_gen_options(int argc, char** argv, const char* environment_isa);

// What the options say of the drawing; throws a usage error where no character is left.
DrawingRules drawing_rules(const GenOptions& o);

}  // namespace yent::art
