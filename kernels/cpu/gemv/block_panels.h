// Weights in the formats of block_format.h as the gemv rows read them: file blocks whose rows have
// become the lanes of vectors.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/gemv/gemv_q8.h"

namespace yent {

struct BlockPanels {
  // Panels of one format, one behind the other.
  struct Run {
    const GemvBlocks* kernel;
    size_t first, count, panel_bytes;
    std::byte* panels;
  };

  int lanes = 0, k = 0;
  std::vector<Run> runs = {};
  std::shared_ptr<std::byte> memory = {};
  size_t bytes = 0;

  // sums[column - first] for columns from `first` to `last`, from a multiple of the lanes; x is
  // staged.
  void multiply(int first, int last, const void* x, float* sums) const;
  // Depth [k0, k0 + depth) of the columns of panel p, whole blocks: to[(i - k0) * to_step + lane].
  void expand(float* to, size_t to_step, size_t p, size_t k0, size_t depth) const;
};

// Whether all parts are in such formats. Those of different ones must be multiples of the lanes.
bool suits_block_panels(const GemvQ8& gemv, const LinearSource& source, int k);

// Panels for `columns`, whole ones; row_of(column) is where it lies in the file, null behind the
// last.
BlockPanels pack_block_panels(const GemvQ8& gemv, int threads, const LinearSource& source, int k,
                              int columns,
                              const std::function<const std::byte*(int column)>& row_of);

}  // namespace yent
