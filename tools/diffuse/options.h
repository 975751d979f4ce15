// The command line of yent-diffuse.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/characters/decoder.h"
#include "tools/device_options.h"

namespace yent::diffuse {

struct Options : DeviceOptions, ReportOptions {
  std::string command;
  std::vector<std::string> words;  // behind the command

  std::string model = "default";
  int heads = 0, length = 0;  // 0: as the file says
  std::string text;           // a file; empty: the one that ships
  std::optional<uint64_t> seed;
  std::string output;

  int blocks = 0;  // 0: 30, independent ones 5, of an animation 10
  int context = 16;
  character_diffusion::Decoding decoding = {.rule = {.tau = 0.9}};
  bool infill = false;
  std::string blank = "_";

  int frames = 0;  // 0: all
  int loops = 0;   // 0: until it is stopped
  bool plain = false;
  std::string cast, apng;

  std::string type = "f32";
};

// Throws a usage error of one sentence. Help and the like are printed; then nothing is returned.
std::optional<Options> parse_options(int argc, char** argv, const char* environment_isa);

}  // namespace yent::diffuse
