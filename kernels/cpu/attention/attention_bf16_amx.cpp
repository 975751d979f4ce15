// attention.h in bf16 on AMX tiles.
#include "kernels/cpu/attention/attention_narrow_amx.h"
#include "kernels/cpu/attention/attention_wide_amx.h"

namespace yent {
namespace {

size_t packed_bytes(int keys, int width) { return HeadLayout(keys, width).bytes(); }

size_t scratch_bytes(int queries, int width) {
  const HeadLayout at(step_keys, width);
  return width <= narrow_width ? sizeof(NarrowScratch) : wide_scratch(at, queries);
}

void block(const AttentionQueries& a) {
  if (a.width <= narrow_width) {
    attend_narrow(a);
  } else {
    attend_wide(a);
  }
}

}  // namespace

extern const PackedAttention attention_bf16_amx = {.name = "amx",
                                                   .isa = Isa::amx,
                                                   .keys = step_keys,
                                                   .queries = pair_queries,
                                                   .packed_bytes = packed_bytes,
                                                   .scratch_bytes = scratch_bytes,
                                                   .pack = pack_keys,
                                                   .block = block};

}  // namespace yent
