#include "kernels/cuda/attention_driver.h"

#include <algorithm>

#include "kernels/cuda/tensors.h"
#include "kernels/error.h"

namespace yent::cuda {
namespace {

// out [args.view.rows][columns] = a times b, of halves.
void multiply_halves(Queue& q, LinearArgs args, RowView out, int columns) {
  const int rows = args.view.rows;
  args.m = rows;
  args.n = columns;
  args.depth = args.view.total();
  args.epilogue.out = out;
  args.epilogue.columns = columns;
  args.epilogue.image_rows = rows;
  args.epilogue.scale_rows = 1;
  args.epilogue.pairs = pairs_at_once(out);
  const bool large = rows >= 128 && columns >= 128;
  launch_gemm(q, Format::f16, large ? TileConfig{128, 128, 1} : TileConfig{64, 64, 1}, args);
}

// Heads too wide for registers: a GEMM writes the scores to scratch, then the softmax, then a GEMM
// with the values transposed. 64 MB of scores at a time.
void attend_wide(Queue& q, Arena& arena, const AttentionArgs& a) {
  const int keys = round_up(a.keys, 8), chunks = a.width / 8;
  const int max_rows = std::max(64, (64 << 20) / static_cast<int>(sizeof(float)) / keys);
  const int block_rows = std::min(a.queries, max_rows);
  const Scratch scores(arena, sizeof(float) * block_rows * keys);
  const Scratch probabilities(arena, size_t{2} * block_rows * keys);
  const Scratch values_t(arena, size_t{2} * a.width * keys);
  if (arena.measuring()) return;
  ENSURE(a.q.wide && a.k.wide && a.v.wide, "attention: heads of {} at odd addresses", a.width);
  const auto at = [](const RowView& x, size_t row, int column) {
    return static_cast<uint16_t*>(x.data) + row * x.ld + column;
  };
  for (int image = 0; image < a.images; ++image) {
    for (int head = 0; head < a.heads; ++head) {
      const int kv = head / (a.heads / a.kv_heads) * a.width;
      const size_t k_row = static_cast<size_t>(image) * a.keys;
      launch_transpose(q, {.x = at(a.v, k_row, kv),
                           .out = values_t.as<void>(),
                           .rows = a.keys,
                           .columns = a.width,
                           .ld = a.v.ld,
                           .out_ld = keys,
                           .padded = keys});
      for (int first = 0; first < a.queries; first += block_rows) {
        const int rows = std::min(block_rows, a.queries - first);
        const size_t q_row = static_cast<size_t>(image) * a.queries + first;
        LinearArgs qk{};
        qk.view = {rows, chunks, 0, a.q.ld / 8, 0};
        qk.a = at(a.q, q_row, head * a.width);
        qk.b = at(a.k, k_row, kv);
        qk.b_ld = a.k.ld / 8;
        multiply_halves(q, qk, {scores.as<void>(), keys, 1, 1}, a.keys);
        launch_softmax(q, {.scores = scores.as<float>(),
                           .out = probabilities.as<void>(),
                           .positions = a.positions ? a.positions + first : nullptr,
                           .rows = rows,
                           .columns = a.keys,
                           .ld = keys,
                           .out_ld = keys,
                           .padded = keys,
                           .scale = a.scale});
        LinearArgs pv{};
        pv.view = {rows, keys / 8, 0, keys / 8, 0};
        pv.a = probabilities.as<void>();
        pv.b = values_t.as<void>();
        pv.b_ld = keys / 8;
        multiply_halves(q, pv, {at(a.out, q_row, head * a.width), a.out.ld, 0, a.out.wide},
                        a.width);
      }
    }
  }
}

}  // namespace

void attend(const OpContext& op, Tensor out, Tensor q, Tensor k, Tensor v, const AttnSpec& s) {
  const AttentionArgs args{.out = rows_of(out),
                           .q = rows_of(q),
                           .k = rows_of(k),
                           .v = rows_of(v),
                           .positions = indices(s.positions),
                           .images = q.shape.n,
                           .queries = static_cast<int>(q.rows() / q.shape.n),
                           .keys = static_cast<int>(k.rows() / k.shape.n),
                           .heads = s.heads,
                           .kv_heads = s.kv_heads,
                           .width = q.shape.c / s.heads,
                           .scale = s.scale};
  const auto halves = [](const Tensor& t) { return t.dtype == DType::f16 && t.ld % 8 == 0; };
  const bool tensor_cores = halves(q) && halves(k) && halves(v) && out.dtype == DType::f16 &&
                            args.width % 8 == 0 && args.queries >= 16 && s.scale > 0;
  if (tensor_cores && args.width > kFlashWidth) return attend_wide(op.queue, op.arena, args);
  if (args.width > 1024) throw run_error("heads of {} are wider than the GPU's 1024", args.width);
  if (op.arena.measuring()) return;
  const bool at_chunks = args.q.wide && args.k.wide && args.v.wide && in_pairs(args.out);
  if (tensor_cores && at_chunks) return launch_flash_attention(op.queue, args);
  launch_row_attention(op.queue, args);
}

}  // namespace yent::cuda
