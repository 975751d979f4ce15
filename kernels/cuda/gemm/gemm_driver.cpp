#include "kernels/cuda/gemm/gemm_driver.h"

#include <algorithm>

#include "kernels/cuda/hopper/hopper_gemm.h"
#include "kernels/cuda/tensors.h"
#include "kernels/cuda/weights.h"
#include "kernels/error.h"

namespace yent::cuda {
namespace {

// A linear's or a convolution's matrix product, before anything is known of the input's memory.
struct Product {
  Queue& q;
  Arena& arena;
  Blas* blas;
  const CudaWeight& weight;
  int rows;
  bool hopper;  // by its kernels, which multiply halves
  int* arrived;
};

// By shape and type: rows of halves in whole chunks.
bool in_chunks(const Tensor& t) {
  return t.dtype == DType::f16 && t.shape.c % 8 == 0 && t.ld % 8 == 0;
}

// The tensor cores multiply Q8_0 weights as halves.
Format multiplied_as(const CudaWeight& w) {
  return w.format == Format::q8_0 ? Format::f16 : w.format;
}

int tap_chunks(const CudaWeight& w) { return w.padded / w.granule(); }

Product product_of(const OpContext& op, const std::shared_ptr<const Packed>& packed, size_t rows) {
  const auto& weight = static_cast<const CudaWeight&>(*packed);
  return {op.queue,
          op.arena,
          op.blas,
          weight,
          static_cast<int>(rows),
          op.hopper && multiplied_as(weight) == Format::f16,
          op.arrived};
}

// `row_scale` may be null; else it has one scale for each `scale_rows` rows.
GemmEpilogue epilogue_of(const Tensor& out, const Epilogue& e, const CudaWeight& w,
                         int scale_rows = 0, const float* row_scale = nullptr) {
  GemmEpilogue f{};
  f.out = rows_of(out);
  if (e.residual) f.residual = rows_of(e.residual);
  if (e.row_bias) f.row_bias = rows_of(e.row_bias);
  f.bias = static_cast<const float*>(w.bias.get());
  if (row_scale) f.column_scale = static_cast<const float*>(w.scales.get());
  f.row_scale = row_scale;
  f.columns = out.shape.c;
  f.image_rows = static_cast<int>(out.rows() / out.shape.n);
  f.scale_rows = scale_rows;
  f.fn = static_cast<int>(e.fn);
  f.gated = e.gated;
  f.pairs = std::min({pairs_at_once(f.out), pairs_at_once(f.residual), pairs_at_once(f.row_bias)});
  return f;
}

// The input as dense chunks of the weight's format. Empty where the kernel reads the input in
// place (`direct`).
class Staged {
 public:
  Staged(const OpContext& op, const ConcatView& x, const CudaWeight& w, bool direct, int scale_rows)
      : quantized_(w.format == Format::int8),
        rows_(x.rows()),
        data_(op.arena, direct ? 0 : rows_ * w.padded * (quantized_ ? 1 : 2)),
        scales_(op.arena, quantized_ ? rows_ / scale_rows * 8 : 0) {
    if (direct || op.arena.measuring()) return;
    const int rows = static_cast<int>(rows_), groups = rows / scale_rows;
    if (quantized_) {
      launch_scales(op.queue, {.x = rows_of(x),
                               .absmaxes = scales_.as<uint32_t>() + groups,
                               .scale = scales_.as<float>(),
                               .rows = rows,
                               .scale_rows = scale_rows});
    }
    launch_stage(op.queue, {.x = rows_of(x),
                            .out = data_.as<void>(),
                            .scale = scale(),
                            .rows = rows,
                            .padded = w.padded,
                            .format = multiplied_as(w),
                            .scale_rows = scale_rows});
  }

  const void* data() const { return data_.as<void>(); }
  const float* scale() const { return quantized_ ? scales_.as<float>() : nullptr; }

 private:
  bool quantized_;
  size_t rows_;
  Scratch data_, scales_;
};

template <class View>
TileConfig tile_config_of(const Product& p, const View& view) {
  if (p.hopper) {
    return choose_hopper_config(p.rows, p.weight.n, depth_tiles(view), p.q.processors());
  }
  return choose_tile_config(p.rows, p.weight.n, ceil_div(view.total(), kTileChunks),
                            p.q.processors());
}

size_t partial_bytes(const Product& p, const TileConfig& config) {
  return config.slices > 1 ? sizeof(float) * config.slices * p.rows * p.weight.n : 0;
}

template <class Args>
void launch_tensor_cores(const Product& p, Args args, const TileConfig& config,
                         const GemmEpilogue& epilogue) {
  args.m = p.rows;
  args.n = p.weight.n;
  args.arrived = p.arrived;
  args.epilogue = epilogue;
  if (p.hopper) return launch_hopper_gemm(p.q, config, args);
  launch_gemm(p.q, multiplied_as(p.weight), config, args);
}

// f32 arithmetic. `segments` is the number of taps; a linear has one and no `view`.
void multiply_f32(const Product& p, const CatRows& x, const ConvView& view, int segments,
                  const GemmEpilogue& epilogue) {
  if (p.arena.measuring()) return;
  launch_simt_gemm(p.q, {.x = x,
                         .view = view,
                         .weight = static_cast<const float*>(p.weight.data.get()),
                         .m = p.rows,
                         .n = p.weight.n,
                         .k = p.weight.k,
                         .segments = segments,
                         .epilogue = epilogue});
}

void multiply_q8(const Product& p, const Tensor& x, const GemmEpilogue& epilogue) {
  if (p.arena.measuring()) return;
  launch_gemv_q8(p.q, {.x = rows_of(x),
                       .quants = static_cast<const int8_t*>(p.weight.data.get()),
                       .scales = p.weight.scales.get(),
                       .rows = p.rows,
                       .n = p.weight.n,
                       .k = p.weight.k,
                       .epilogue = epilogue});
}

// Q8_0 weights that meet many rows: dequantized to halves, once per call.
void dequantize(const Product& p, const Scratch& out) {
  if (p.arena.measuring()) return;
  launch_dequantize(p.q, {.quants = static_cast<const int8_t*>(p.weight.data.get()),
                          .scales = p.weight.scales.get(),
                          .out = out.as<void>(),
                          .n = p.weight.n,
                          .k = p.weight.k,
                          .ld = p.weight.k});
}

// Whether cuBLASLt can compute all of this linear; it knows bias and residual only.
bool suits_blas(const ConcatView& x, const Tensor& out, const Epilogue& e) {
  return !x.b && in_chunks(x.a) && e.fn == Fn::none && !e.gated && !e.row_bias &&
         out.dtype == DType::f16 && (!e.residual || e.residual.dtype == DType::f16);
}

bool multiply_by_blas(const Product& p, const Tensor& out, const Tensor& x, const void* weight,
                      const Epilogue& e, void* workspace) {
  if (p.weight.bias && !p.weight.half_bias) return false;
  return p.blas->linear({.x = x.data,
                         .weight = weight,
                         .bias = p.weight.half_bias.get(),
                         .residual = e.residual.data,
                         .out = out.data,
                         .workspace = workspace,
                         .m = p.rows,
                         .n = p.weight.n,
                         .k = p.weight.k,
                         .ld_x = x.ld,
                         .ld_weight = p.weight.padded,
                         .ld_residual = e.residual ? e.residual.ld : 0,
                         .ld_out = out.ld});
}

// The input of a linear: its own memory (`direct`), or the staged copy.
LinearView view_of(const Product& p, const ConcatView& x, bool direct) {
  const int chunks = tap_chunks(p.weight);
  if (!direct) return {p.rows, chunks, 0, chunks, 0};
  return {p.rows, x.a.shape.c / 8, x.b.shape.c / 8, x.a.ld / 8, x.b.ld / 8};
}

ConvView view_of(const Shape& in, const Shape& out, const ConvGeom& g) {
  return {.images = in.n,
          .h = in.h,
          .w = in.w,
          .out_h = out.h,
          .out_w = out.w,
          .channel_chunks = 1,
          .ld = 1,
          .stride = g.stride,
          .pad_top = g.pad_top,
          .pad_left = g.pad_left,
          .upsampled = upsampling(g.upsample, in.h, in.w, out.h, out.w)};
}

}  // namespace

void multiply(const OpContext& op, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e) {
  const Product p = product_of(op, w.packed, x.rows());
  const Format format = p.weight.format;
  if (format == Format::f32) {
    return multiply_f32(p, rows_of(x), {}, 1, epilogue_of(out, e, p.weight));
  }
  const bool q8 = format == Format::q8_0;
  if (q8 && !x.b && (w.precision == Precision::f32 || p.rows <= 8)) {
    return multiply_q8(p, x.a, epilogue_of(out, e, p.weight));
  }
  const Scratch dequantized(op.arena, q8 ? size_t{2} * p.weight.n * p.weight.k : 0);
  if (q8) dequantize(p, dequantized);
  const void* weight = q8 ? dequantized.as<void>() : p.weight.data.get();

  const bool direct =
      multiplied_as(p.weight) == Format::f16 && in_chunks(x.a) && (!x.b || in_chunks(x.b));
  const int scale_rows = w.per_tensor ? p.rows : 1;
  const Staged staged(op, x, p.weight, direct, scale_rows);
  const bool use_blas = op.blas && direct && suits_blas(x, out, e) && p.rows > 8;
  const LinearView view = view_of(p, x, direct);
  const TileConfig config = tile_config_of(p, view);
  const Scratch workspace(op.arena,
                          std::max(use_blas ? Blas::kWorkspace : 0, partial_bytes(p, config)));
  if (op.arena.measuring()) return;
  if (use_blas && multiply_by_blas(p, out, x.a, weight, e, workspace.as<void>())) return;
  ENSURE(!direct || (aligned(x.a.data, 16) && aligned(x.b.data, 16)),
         "linear {}: an input at an odd address", w.name);
  LinearArgs args{};
  args.view = view;
  args.a = direct ? x.a.data : staged.data();
  args.a2 = direct ? x.b.data : nullptr;
  args.b = weight;
  args.b_ld = tap_chunks(p.weight);
  args.depth = view.total();
  args.partial = workspace.as<void>();
  launch_tensor_cores(p, args, config, epilogue_of(out, e, p.weight, scale_rows, staged.scale()));
}

void convolve(const OpContext& op, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
              const Epilogue& e) {
  Product p = product_of(op, w.packed, out.rows());
  const Shape in = x.shape;
  ConvView view = view_of(in, out.shape, g);
  if (p.weight.format == Format::f32) {
    return multiply_f32(p, rows_of(ConcatView(x)), view, 9, epilogue_of(out, e, p.weight));
  }
  const bool direct = p.weight.format == Format::f16 && in_chunks(x);
  const int images = w.per_tensor ? in.n : 1;  // that share one activation scale
  const Staged staged(op, x, p.weight, direct, images * in.h * in.w);
  view.channel_chunks = tap_chunks(p.weight);
  view.ld = direct ? x.ld / 8 : view.channel_chunks;
  p.hopper = p.hopper && suits_bulk_copies(view);
  const TileConfig config = tile_config_of(p, view);
  const Scratch partial(op.arena, partial_bytes(p, config));
  if (op.arena.measuring()) return;
  ConvArgs args{};
  args.view = view;
  args.a = direct ? x.data : staged.data();
  ENSURE(aligned(args.a, 16), "conv3x3 {}: an input at an odd address", w.name);
  args.b = p.weight.data.get();
  args.b_ld = args.depth = view.total();
  args.partial = partial.as<void>();
  const int scale_rows = images * out.shape.h * out.shape.w;
  launch_tensor_cores(p, args, config, epilogue_of(out, e, p.weight, scale_rows, staged.scale()));
}

}  // namespace yent::cuda
