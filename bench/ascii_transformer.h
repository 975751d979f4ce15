// The stages of the ASCII transformer: load, prompt, token, drawing.
#pragma once

#include <string>
#include <vector>

#include "bench/row.h"
#include "engine/models/ascii_transformer.h"
#include "kernels/backend.h"

namespace yent {

// Of a drawing of exactly 64 x 32. `model` as for ascii-gen; quantized files are multiplied as they
// are, others with `policy`.
std::vector<Row> bench_ascii_transformer(const std::string& model, Backend& backend,
                                         const Policy& policy);

// The multiplications of that drawing: its matrices for every token that is read, the head for
// every character that is chosen, and attention to all tokens before.
double ascii_transformer_macs(const AsciiTransformerConfig& config, int prompt, int width,
                              int height);

}  // namespace yent
