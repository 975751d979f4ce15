#include "kernels/cpu/attention/attention_driver.h"

#include <algorithm>

#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/rowwise/row_kernels.h"
#include "kernels/cpu/runtime/cache_sizes.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/error.h"
#include "kernels/integers.h"

namespace yent {
namespace {

// The sizes both drivers work with.
struct Heads {
  int images, queries, keys;  // queries and keys of one image
  int width, group;           // columns of a head; query heads of a key/value head

  Heads(const AttentionInput& in, const AttnSpec& spec)
      : images(in.q.shape.n),
        queries(static_cast<int>(in.q.rows() / images)),
        keys(static_cast<int>(in.k.rows() / images)),
        width(in.q.shape.c / spec.heads),
        group(spec.heads / spec.kv_heads) {}
};

// Keys are packed once per block of queries: the more queries, the less it costs, as long as their
// sums stay in the second-level cache and every thread has work.
int query_block(const Heads& h, const Attention& kernel, int heads, int threads) {
  const int max_block = (h.width > 160 ? 4 : 8) * kernel.lanes;
  const int wanted = ceil_div(4 * threads, h.images * heads);
  return std::min(max_block, round_up(ceil_div(h.queries, wanted), kernel.lanes));
}

// The queries from `first` on of an image, with its keys and values; of head 0.
AttentionBlock block_of(const Heads& h, const Tensor& out, const AttentionInput& in,
                        const AttnSpec& spec, size_t image, int first) {
  const size_t query = image * h.queries + first, key = image * h.keys;
  AttentionBlock a;
  a.q = in.q.row<float>(query), a.q_ld = in.q.ld;
  a.k = row_at(in.k, key), a.k_ld = in.k.ld;
  a.v = row_at(in.v, key), a.v_ld = in.v.ld;
  a.halves = in.k.dtype == DType::f16;
  a.out = out.row<float>(query), a.out_ld = out.ld;
  a.queries = h.queries - first, a.keys = h.keys, a.width = h.width;
  a.scale = spec.scale;
  if (spec.positions) a.positions = static_cast<const int32_t*>(spec.positions.data) + first;
  return a;
}

// Few queries, each for itself. A thread takes neighbouring heads, whose keys lie together.
void decode(const CpuRun& run, const Attention& kernel, const Tensor& out, const AttentionInput& in,
            const AttnSpec& spec) {
  const Heads h(in, spec);
  const int parts = std::min(spec.heads, ceil_div(run.threads, h.images));
  const int heads = ceil_div(spec.heads, parts);
  const size_t share = round_up(2 * static_cast<size_t>(heads) * h.queries, size_t{16});
  const Scratch scratch(run.arena, sizeof(float) * share * run.threads);
  if (run.arena.measuring()) return;
  parallel_for(run.threads, static_cast<size_t>(h.images) * parts, [&](size_t task, int thread) {
    AttentionHeads a{block_of(h, out, in, spec, task / parts, 0)};
    a.first_head = static_cast<int>(task % parts) * heads;
    a.heads = std::min(heads, spec.heads - a.first_head);
    a.group = h.group;
    a.scratch = scratch.as<float>() + thread * share;
    if (a.heads > 0) kernel.decode(a);
  });
}

void attend_f32(const CpuRun& run, const Attention& kernel, const Tensor& out,
                const AttentionInput& in, const AttnSpec& spec) {
  const Heads h(in, spec);
  const int block = query_block(h, kernel, spec.heads, run.threads);
  const size_t blocks = ceil_div(h.queries, block);
  const size_t share = round_up(kernel.scratch_floats(block, h.width), size_t{16});
  const Scratch scratch(run.arena, sizeof(float) * share * run.threads);
  if (run.arena.measuring()) return;

  parallel_for(run.threads, h.images * spec.heads * blocks, [&](size_t task, int thread) {
    const int first = task % blocks * block;
    const int head = task / blocks % spec.heads;
    const AttentionInput of_head{in.q.cols(head * h.width, h.width),
                                 in.k.cols(head / h.group * h.width, h.width),
                                 in.v.cols(head / h.group * h.width, h.width)};
    const Tensor to = out.cols(head * h.width, h.width);
    AttentionBlock a = block_of(h, to, of_head, spec, task / blocks / spec.heads, first);
    a.queries = std::min(block, a.queries);
    a.scratch = scratch.as<float>() + thread * share;
    kernel.block(a);
  });
}

// Packs the keys and values of all heads, `head_bytes` apart, on threads.
template <class T>
void pack_keys(int threads, const PackedAttentionOf<T>& kernel, const AttentionInput& in,
               const Heads& h, std::byte* packed, int kv_heads) {
  constexpr size_t steps_of_task = 8;
  const size_t head_bytes = round_up(kernel.packed_bytes(h.keys, h.width), cache_line);
  const size_t steps = ceil_div(h.keys, kernel.keys), parts = ceil_div(steps, steps_of_task);
  parallel_for(threads, h.images * kv_heads * parts, [&](size_t task, int) {
    const size_t head = task / parts, image = head / kv_heads;
    const int column = static_cast<int>(head % kv_heads) * h.width;
    AttentionKeysOf<T> a;
    a.k = in.k.row<T>(image * h.keys) + column, a.k_ld = in.k.ld;
    a.v = in.v.row<T>(image * h.keys) + column, a.v_ld = in.v.ld;
    a.keys = h.keys, a.width = h.width;
    a.packed = packed + head * head_bytes;
    const size_t end = std::min(steps, (task % parts + 1) * steps_of_task);
    for (size_t step = task % parts * steps_of_task; step < end; ++step) {
      kernel.pack(a, static_cast<int>(step) * kernel.keys);
    }
  });
}

// Keys and values of all heads are packed first, once for all blocks of queries.
template <class T>
void attend_packed(const CpuRun& run, const PackedAttentionOf<T>& kernel, const Tensor& out,
                   const AttentionInput& in, const AttnSpec& spec) {
  const Heads h(in, spec);
  const int max_block = h.width > 160 ? 128 : 256;
  const size_t shared = static_cast<size_t>(h.images) * spec.heads * h.queries / (4 * run.threads);
  const int wanted = static_cast<int>(std::min<size_t>(max_block, shared)) + 1;
  const int block = std::min(max_block, round_up(wanted, kernel.queries));
  const size_t blocks = ceil_div(h.queries, block);
  const size_t head_bytes = round_up(kernel.packed_bytes(h.keys, h.width), cache_line);
  const size_t share = round_up(kernel.scratch_bytes(block, h.width), cache_line);
  const Scratch packed(run.arena, h.images * spec.kv_heads * head_bytes);
  const Scratch scratch(run.arena, share * run.threads);
  if (run.arena.measuring()) return;
  pack_keys(run.threads, kernel, in, h, packed.as<std::byte>(), spec.kv_heads);

  parallel_for(run.threads, h.images * spec.heads * blocks, [&](size_t task, int thread) {
    const int first = static_cast<int>(task % blocks) * block;
    const size_t head = task / blocks % spec.heads, image = task / blocks / spec.heads;
    const size_t query = image * h.queries + first, column = head * h.width;
    AttentionQueriesOf<T> a;
    a.q = in.q.row<T>(query) + column, a.q_ld = in.q.ld;
    a.out_f32 = out.dtype == DType::f32;
    if (a.out_f32) {
      a.out = out.row<float>(query) + column;
    } else {
      a.out = out.row<uint16_t>(query) + column;
    }
    a.out_ld = out.ld;
    a.queries = std::min(block, h.queries - first);
    a.keys = h.keys, a.width = h.width;
    a.scale = spec.scale;
    a.packed = packed.as<std::byte>() + (image * spec.kv_heads + head / h.group) * head_bytes;
    a.scratch = scratch.as<std::byte>() + thread * share;
    kernel.block(a);
  });
}

}  // namespace

void attend(const CpuRun& run, const AttentionKernels& kernels, const Tensor& out,
            const AttentionInput& in, const AttnSpec& spec) {
  const DType type = in.q.dtype;
  if (kernels.exact && spec.precision == Precision::int8 && !spec.positions &&
      in.k.dtype == DType::f32 && in.v.dtype == DType::f32) {
    return attend_packed(run, *kernels.exact, out, in, spec);
  }
  if (type == DType::bf16 && in.k.dtype == type && in.v.dtype == type && !spec.positions) {
    if (kernels.bf16.block) return attend_packed(run, kernels.bf16, out, in, spec);
    if (spec.precision == Precision::int8 && kernels.i8.block) {
      return attend_packed(run, kernels.i8, out, in, spec);
    }
  }
  const auto f32_layout = [](const Tensor& t) { return row_major_layout(t.shape, DType::f32); };
  const DType kept = in.k.dtype == DType::f16 ? DType::f16 : DType::f32;  // by a cache
  ENSURE((kept == DType::f16) == (in.v.dtype == DType::f16), "attention: f16 keys or values alone");
  const Reordered q(run, in.q, f32_layout(in.q));
  const Reordered k(run, in.k, row_major_layout(in.k.shape, kept));
  const Reordered v(run, in.v, row_major_layout(in.v.shape, kept));
  Layout layout = f32_layout(out);
  const bool direct = out.dtype == DType::f32;
  const Scratch room(run.arena, direct ? 0 : layout.bytes);
  layout.tensor.data = room.as<std::byte>();
  const Tensor to = direct ? out : layout.tensor;
  // Queries one after another are summed in the order of the lanes.
  const bool few = !kernels.exact && in.q.rows() / in.q.shape.n <= 4;
  (few ? decode : attend_f32)(run, kernels.f32, to, {q.tensor(), k.tensor(), v.tensor()}, spec);
  if (direct || run.arena.measuring()) return;
  for (size_t r = 0; r < out.rows(); ++r) {  // row by row: between rows may be another tensor
    run.row_kernels.convert(row_at(out, r), element(out.dtype), 1, row_at(to, r), Element::f32,
                            out.shape.c);
  }
}

}  // namespace yent
