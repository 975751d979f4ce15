#include "kernels/cpu/attention/attention_driver.h"

#include <algorithm>

#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/runtime/parallel.h"

namespace yent {
namespace {

size_t on_lines(size_t bytes) { return (bytes + 63) / 64 * 64; }

void attend_f32(Arena& arena, int threads, const Attention& kernel, Tensor out, Tensor q, Tensor k,
                Tensor v, const AttnSpec& spec) {
  const int images = q.shape.n, queries = q.rows() / images, keys = k.rows() / images;
  const int width = q.shape.c / spec.heads, group = spec.heads / spec.kv_heads;
  const bool decode = queries <= 4;

  // Keys are staged once per block of queries: the more queries, the less it costs, as long as
  // their sums stay in the second-level cache and every thread has work.
  const int max_value = (width > 160 ? 4 : 8) * kernel.lanes;
  const int wanted = (4 * threads + images * spec.heads - 1) / (images * spec.heads);
  const int uniform_stride = (queries + wanted - 1) / wanted;
  const int block =
      decode
          ? queries
          : std::min(max_value, (uniform_stride + kernel.lanes - 1) / kernel.lanes * kernel.lanes);
  const size_t blocks = (queries + block - 1) / block;
  const size_t share = decode ? 0 : (kernel.scratch_floats(block, width) + 15) / 16 * 16;
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
    (decode ? kernel.decode : kernel.block)(a);
  });
}

// Keys and values of all heads are staged first, once for all blocks of queries.
void attend_staged(Arena& arena, int threads, const AttentionBf16& kernel, Tensor out, Tensor q,
                   Tensor k, Tensor v, const AttnSpec& spec) {
  const int images = q.shape.n, queries = q.rows() / images, keys = k.rows() / images;
  const int width = q.shape.c / spec.heads, group = spec.heads / spec.kv_heads;

  const int max_value = width > 160 ? 128 : 256;
  const size_t shared = static_cast<size_t>(images) * spec.heads * queries / (4 * threads);
  const int uniform_stride = static_cast<int>(std::min<size_t>(max_value, shared)) + 1;
  const int block =
      std::min(max_value, (uniform_stride + kernel.queries - 1) / kernel.queries * kernel.queries);
  const size_t blocks = (queries + block - 1) / block;
  const size_t steps = (keys + kernel.keys - 1) / kernel.keys;
  const size_t head_bytes = on_lines(kernel.staged_bytes(keys, width));
  const size_t share = on_lines(kernel.scratch_bytes(block, width));
  const Scratch staged(arena, images * spec.kv_heads * head_bytes);
  const Scratch scratch(arena, share * threads);
  if (arena.measuring()) return;

  constexpr size_t together = 8;
  const size_t parts = (steps + together - 1) / together;
  parallel_for(threads, images * spec.kv_heads * parts, [&](size_t task, int) {
    const size_t head = task / parts, image = head / spec.kv_heads;
    const int column = static_cast<int>(head % spec.kv_heads) * width;
    KeysBf16 a;
    a.k = k.row<uint16_t>(image * keys) + column, a.k_ld = k.ld;
    a.v = v.row<uint16_t>(image * keys) + column, a.v_ld = v.ld;
    a.keys = keys, a.width = width;
    a.staged = staged.as<std::byte>() + head * head_bytes;
    const size_t end = std::min(steps, (task % parts + 1) * together);
    for (size_t step = task % parts * together; step < end; ++step) {
      kernel.stage(a, static_cast<int>(step) * kernel.keys);
    }
  });

  parallel_for(threads, images * spec.heads * blocks, [&](size_t task, int thread) {
    const int first = static_cast<int>(task % blocks) * block;
    const size_t head = task / blocks % spec.heads, image = task / blocks / spec.heads;
    const size_t query = image * queries + first, column = head * width;
    QueriesBf16 a;
    a.q = q.row<uint16_t>(query) + column, a.q_ld = q.ld;
    a.out_f32 = out.dtype == DType::f32;
    if (a.out_f32) {
      a.out = out.row<float>(query) + column;
    } else {
      a.out = out.row<uint16_t>(query) + column;
    }
    a.out_ld = out.ld;
    a.queries = std::min(block, queries - first);
    a.keys = keys, a.width = width;
    a.scale = spec.scale;
    a.staged = staged.as<std::byte>() + (image * spec.kv_heads + head / group) * head_bytes;
    a.scratch = scratch.as<std::byte>() + thread * share;
    kernel.block(a);
  });
}

}  // namespace

void attend(Arena& arena, int threads, const Kernels& kernels, Tensor out, Tensor q, Tensor k,
            Tensor v, const AttnSpec& spec) {
  const bool bf16 = q.dtype == DType::bf16 && k.dtype == q.dtype && v.dtype == q.dtype;
  if (bf16 && !spec.positions) {
    if (kernels.attention_bf16.block) {
      return attend_staged(arena, threads, kernels.attention_bf16, out, q, k, v, spec);
    }
    if (spec.precision == Precision::int8 && kernels.attention_i8.block) {
      return attend_staged(arena, threads, kernels.attention_i8, out, q, k, v, spec);
    }
  }
  const auto floats = [](const Tensor& t) { return row_major_layout(t.shape, DType::f32); };
  const Reordered wide_q(arena, threads, kernels.row_kernels, q, floats(q));
  const Reordered wide_k(arena, threads, kernels.row_kernels, k, floats(k));
  const Reordered wide_v(arena, threads, kernels.row_kernels, v, floats(v));
  Layout layout = floats(out);
  const bool direct = out.dtype == DType::f32;
  const Scratch room(arena, direct ? 0 : layout.bytes);
  layout.tensor.data = room.as<std::byte>();
  const Tensor to = direct ? out : layout.tensor;
  attend_f32(arena, threads, kernels.attention, to, wide_q.tensor(), wide_k.tensor(),
             wide_v.tensor(), spec);
  if (direct || arena.measuring()) return;
  for (size_t r = 0; r < out.rows(); ++r) {  // not what lies between the rows
    kernels.row_kernels.convert(row_at(out, r), element(out.dtype), 1, row_at(to, r), Element::f32,
                                out.shape.c);
  }
}

}  // namespace yent
