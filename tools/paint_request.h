// From the command line to a pipeline and what it is asked for.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/pipeline/pipeline.h"
#include "engine/pipeline/style.h"
#include "tools/run.h"

namespace yent {

// FILE or FILE:SCALE of --lora; a colon that is part of a file's name is left alone.
std::pair<std::string, float> lora_argument(const std::string& argument);

// The style of the options, which name one; and its adapter, if it has one for the painter.
Style chosen_style(const Options& options);
std::vector<LoraFile> style_adapters(const Options& options);

TokenizerFolders tokenizer_folders(const Options& options);

// The painter of the run's options on its backends; its warnings go to the console.
Pipeline make_pipeline(Run& run);

// All of the request but Yent's prompt; input files are read. `dump` may be null.
PaintRequest request_of(Run& run, Dump* dump);

}  // namespace yent
