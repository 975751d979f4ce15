// What the drivers assume about caches. Sizes are in bytes.
#pragma once

#include <cstddef>

namespace yent {

// The unit in which memory moves, on every processor we run on.
constexpr size_t cache_line = 64;

// What one task may keep in the second-level cache: half of the 2 MB that a core has since Sapphire
// Rapids. The other half holds what streams through. On cores with 1 MB or less a task's data is
// still found in the third level.
constexpr size_t l2_budget = 1 << 20;

// An output of at least this size is stored past the caches: it is larger than the cores' share of
// the third level, so it leaves the caches before the next layer reads it.
constexpr size_t non_temporal_bytes = 16 << 20;

// An intermediate image of at least this size is never stored as a whole, but made and consumed in
// row blocks. Half of non_temporal_bytes, because it shares the caches with the image it is made
// from.
constexpr size_t row_block_threshold = 8 << 20;

}  // namespace yent
