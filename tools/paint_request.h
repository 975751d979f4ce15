// From the command line to a pipeline and what it is asked for.
#pragma once

#include "engine/pipeline/pipeline.h"
#include "tools/run.h"

namespace yent {

TokenizerFolders tokenizer_folders(const Options& options);

// The painter of the run's options on its backends; its warnings go to the console.
Pipeline make_pipeline(Run& run);

// All of the request but Yent's prompt; input files are read. `dump` may be null.
PaintRequest request_of(Run& run, Dump* dump);

}  // namespace yent
