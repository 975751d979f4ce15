#include "kernels/cpu/attention/attention_narrow_amx.h"
#include "kernels/cpu/attention/attention_wide_amx.h"

namespace yent {
namespace {

size_t staged_bytes(int keys, int width) { return HeadLayout(keys, width).bytes(); }

size_t scratch_bytes(int queries, int width) {
  const HeadLayout at(step_keys, width);
  return width <= narrow_width ? sizeof(NarrowScratch) : wide_scratch(at, queries);
}

void block(const QueriesBf16& a) {
  if (a.width <= narrow_width) {
    attend_narrow(a);
  } else {
    attend_wide(a);
  }
}

}  // namespace

extern const AttentionBf16 attention_bf16_amx = {
    "amx", Isa::amx, step_keys, pair_queries, staged_bytes, scratch_bytes, stage_keys, block};

}  // namespace yent
