// The formats of GGUF blocks that kernels compute with directly.
#pragma once

namespace yent {

// A weight is step * scale * (value - center) - minimum_step * minimum. Every `group` of values has
// a scale if the format is `scaled`, else the scale is 1, and a minimum if it has one, else 0.
struct BlockFormat {
  int elements = 0;  // of a block; 0: no such format
  int group = 32;
  int bits = 0;  // of a value, which is not negative: 4 to 6
  bool scaled = false, has_minimum = false;

  bool operator==(const BlockFormat&) const = default;
};

static constexpr BlockFormat q4_0_format{32, 32, 4, false, false};
static constexpr BlockFormat q5_0_format{32, 32, 5, false, false};
static constexpr BlockFormat q4_k_format{256, 32, 4, true, true};
static constexpr BlockFormat q5_k_format{256, 32, 5, true, true};
static constexpr BlockFormat q6_k_format{256, 16, 6, true, false};

static constexpr int center(BlockFormat f) { return f.has_minimum ? 0 : 1 << (f.bits - 1); }

}  // namespace yent
