#include "kernels/cpu/attention_driver.h"

#include <algorithm>

#include "kernels/cpu/parallel.h"

namespace yent {

void attend(Arena& arena, int threads, const Attention& kernel, Tensor out, Tensor q, Tensor k,
            Tensor v, const AttnSpec& spec) {
  const int images = q.shape.n, queries = q.rows() / images, keys = k.rows() / images;
  const int width = q.shape.c / spec.heads, group = spec.heads / spec.kv_heads;
  const bool few = queries <= 4;

  // Keys are staged once per block of queries: the more queries, the less it costs, as long as
  // their sums stay in the second-level cache and every thread has work.
  const int most = (width > 160 ? 4 : 8) * kernel.lanes;
  const int wanted = (4 * threads + images * spec.heads - 1) / (images * spec.heads);
  const int even = (queries + wanted - 1) / wanted;
  const int block =
      few ? queries : std::min(most, (even + kernel.lanes - 1) / kernel.lanes * kernel.lanes);
  const size_t blocks = (queries + block - 1) / block;
  const size_t share = few ? 0 : (kernel.scratch_floats(block, width) + 15) / 16 * 16;
  const Scratch scratch(arena, sizeof(float) * share * threads);
  if (arena.measuring()) return;

  parallel_for(threads, images * spec.heads * blocks, [&](size_t task, int thread) {
    const int first = task % blocks * block;
    const int head = task / blocks % spec.heads;
    const size_t image = task / blocks / spec.heads;
    const size_t query = image * queries + first, key = image * keys;
    const int column = head * width, kv_column = head / group * width;
    AttentionBlock a;
    a.q = q.row<float>(query) + column, a.q_ld = q.ld;
    a.k = k.row<float>(key) + kv_column, a.k_ld = k.ld;
    a.v = v.row<float>(key) + kv_column, a.v_ld = v.ld;
    a.out = out.row<float>(query) + column, a.out_ld = out.ld;
    a.queries = std::min(block, queries - first);
    a.keys = keys;
    a.width = width;
    a.scale = spec.scale;
    if (spec.positions) a.positions = static_cast<const int32_t*>(spec.positions.data) + first;
    a.scratch = scratch.as<float>() + thread * share;
    (few ? kernel.few : kernel.block)(a);
  });
}

}  // namespace yent
