// The vocabulary of a GGUF file.
#pragma once

#include "engine/core/messages.h"
#include "engine/text/vocab_tokenizer.h"
#include "loaders/tensors/gguf.h"

namespace yent {

// Reads the keys tokenizer.ggml.*. What the file does not say is as llama.cpp takes it, by the kind
// of the vocabulary and, for byte-level ones, by the pre-tokenizer; a missing pre-tokenizer is
// warned about. Throws file errors, also for an unknown pre-tokenizer.
Vocabulary read_vocabulary(const GgufFile& file, const Messages& messages = {});

}  // namespace yent
