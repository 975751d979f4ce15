#include "kernels/cuda/gemm_driver.h"

#include <algorithm>

#include "kernels/cuda/tensors.h"
#include "kernels/cuda/weights.h"
#include "kernels/error.h"

namespace yent::cuda {
namespace {

using Format = CudaWeight::Format;

const CudaWeight& packed(const std::shared_ptr<const Packed>& p) {
  return static_cast<const CudaWeight&>(*p);
}

// By shape and type: rows of halves in whole chunks.
bool in_chunks(const Tensor& t) {
  return t.dtype == DType::f16 && t.shape.c % 8 == 0 && t.ld % 8 == 0;
}

Finish epilogue_of(const Tensor& out, const Epilogue& e, const CudaWeight& p, int scale_rows,
                   const float* row_scale) {
  Finish f{};
  f.out = rows_of(out);
  if (e.residual) f.residual = rows_of(e.residual);
  if (e.row_bias) f.row_bias = rows_of(e.row_bias);
  f.bias = static_cast<const float*>(p.bias.get());
  if (row_scale) f.column_scale = static_cast<const float*>(p.scales.get());
  f.row_scale = row_scale;
  f.columns = out.shape.c;
  f.image_rows = static_cast<int>(out.rows() / out.shape.n);
  f.scale_rows = scale_rows;
  f.fn = static_cast<int>(e.fn);
  f.gated = e.gated;
  f.pairs = in_pairs(f.out) && in_pairs(f.residual) && in_pairs(f.row_bias);
  return f;
}

// A product's input as dense chunks of the weight's kind, where it does not lie so already.
class Staged {
 public:
  Staged(Queue& q, Arena& arena, const ConcatView& x, const CudaWeight& p, bool direct,
         int scale_rows)
      : codes_(p.format == Format::code),
        rows_(x.rows()),
        room_(arena, direct ? 0 : rows_ * p.padded * (codes_ ? 1 : 2)),
        scales_(arena, codes_ ? rows_ / scale_rows * 8 : 0) {
    if (direct || arena.measuring()) return;
    const int rows = static_cast<int>(rows_), groups = rows / scale_rows;
    if (codes_) {
      launch_scales(q, {.x = rows_of(x),
                        .absmaxes = scales_.as<uint32_t>() + groups,
                        .scale = scales_.as<float>(),
                        .rows = rows,
                        .scale_rows = scale_rows});
    }
    const Kind kind = p.format == Format::blocks ? Kind::half : static_cast<Kind>(p.format);
    launch_stage(q, {.x = rows_of(x),
                     .out = room_.as<void>(),
                     .scale = scale(),
                     .rows = rows,
                     .padded = p.padded,
                     .kind = static_cast<int>(kind),
                     .scale_rows = scale_rows});
  }

  const void* data() const { return room_.as<void>(); }
  const float* scale() const { return codes_ ? scales_.as<float>() : nullptr; }

 private:
  bool codes_;
  size_t rows_;
  Scratch room_, scales_;
};

TileConfig tile_config_of(const Queue& q, const CudaWeight& p, int rows, int depth) {
  return choose_tile_config(rows, p.n, ceil_div(depth, kTileChunks), q.processors());
}
size_t sums_bytes(const TileConfig& cut, int rows, const CudaWeight& p) {
  return cut.slices > 1 ? sizeof(float) * cut.slices * rows * p.n : 0;
}

template <class Args>
void launch(Queue& q, Args args, const TileConfig& cut, int rows, const CudaWeight& p,
            const Finish& finish) {
  args.m = rows;
  args.n = p.n;
  args.finish = finish;
  const Kind kind = p.format == Format::blocks ? Kind::half : static_cast<Kind>(p.format);
  launch_gemm(q, kind, cut, args);
}

}  // namespace

void multiply(Queue& q, Blas* blas, Arena& arena, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e) {
  const CudaWeight& p = packed(w.packed);
  const int rows = static_cast<int>(x.rows());
  if (p.format == Format::floats) {
    if (arena.measuring()) return;
    launch_simt_gemm(q, {.x = rows_of(x),
                         .view = {},
                         .unused = 0,
                         .weight = static_cast<const float*>(p.data.get()),
                         .m = rows,
                         .n = p.n,
                         .k = p.k,
                         .segments = 1,
                         .finish = epilogue_of(out, e, p, 0, nullptr)});
    return;
  }
  if (p.format == Format::blocks && !x.b && (w.precision == Precision::f32 || rows <= 8)) {
    if (arena.measuring()) return;
    launch_blocks_gemm(q, {.x = rows_of(x.a),
                           .codes = static_cast<const int8_t*>(p.data.get()),
                           .scales = p.scales.get(),
                           .rows = rows,
                           .n = p.n,
                           .k = p.k,
                           .unused = 0,
                           .finish = epilogue_of(out, e, p, 0, nullptr)});
    return;
  }
  // Blocks meet many rows: expanded to halves, once per call.
  const bool blocks = p.format == Format::blocks;
  const Scratch expanded(arena, blocks ? size_t{2} * p.n * p.k : 0);
  if (blocks && !arena.measuring()) {
    launch_expand(q, {.codes = static_cast<const int8_t*>(p.data.get()),
                      .scales = p.scales.get(),
                      .out = expanded.as<void>(),
                      .n = p.n,
                      .k = p.k,
                      .ld = p.k,
                      .unused = 0});
  }
  const void* weight = blocks ? expanded.as<void>() : p.data.get();

  const bool direct = p.format != Format::bfloat && p.format != Format::code && in_chunks(x.a) &&
                      (!x.b || in_chunks(x.b));
  const int scale_rows = w.per_tensor ? rows : 1;
  const Staged staged(q, arena, x, p, direct, scale_rows);
  const bool plain = direct && !x.b && e.fn == Fn::none && !e.gated && !e.row_bias &&
                     out.dtype == DType::f16 && (!e.residual || e.residual.dtype == DType::f16);
  const bool library = blas && plain && rows > 8;
  const TileConfig cut = tile_config_of(q, p, rows, direct ? w.in / 8 : p.padded / p.granule());
  const Scratch room(arena, std::max(library ? Blas::kWorkspace : 0, sums_bytes(cut, rows, p)));
  if (arena.measuring()) return;
  if (library && (!p.bias || p.half_bias) &&
      blas->linear({.x = x.a.data,
                    .weight = weight,
                    .bias = p.half_bias.get(),
                    .residual = e.residual.data,
                    .out = out.data,
                    .workspace = room.as<void>(),
                    .m = rows,
                    .n = p.n,
                    .k = p.k,
                    .ld_x = x.a.ld,
                    .ld_weight = p.padded,
                    .ld_residual = e.residual ? e.residual.ld : 0,
                    .ld_out = out.ld,
                    .unused = 0})) {
    return;
  }
  LinearArgs args{};
  args.a = direct ? x.a.data : staged.data();
  if (direct) {
    ENSURE(aligned(x.a.data, 16) && aligned(x.b.data, 16), "linear {}: an input at an odd address",
           w.name);
    args.view = {rows, x.a.shape.c / 8, x.b.shape.c / 8, x.a.ld / 8, x.b.ld / 8};
    args.a2 = x.b.data;
  } else {
    const int chunks = p.padded / p.granule();
    args.view = {rows, chunks, 0, chunks, 0};
  }
  args.b = weight;
  args.b_ld = p.padded / p.granule();
  args.depth = args.view.total();
  args.partial = room.as<void>();
  launch(q, args, cut, rows, p, epilogue_of(out, e, p, scale_rows, staged.scale()));
}

void convolve(Queue& q, Arena& arena, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
              const Epilogue& e) {
  const CudaWeight& p = packed(w.packed);
  const Shape in = x.shape, o = out.shape;
  const int rows = static_cast<int>(out.rows());
  ConvView view{in.n,
                in.h,
                in.w,
                o.h,
                o.w,
                1,
                1,
                g.stride,
                g.pad_top,
                g.pad_left,
                enlargement(g.upsample, in.h, in.w, o.h, o.w)};
  if (p.format == Format::floats) {
    if (arena.measuring()) return;
    launch_simt_gemm(q, {.x = rows_of(ConcatView(x)),
                         .view = view,
                         .unused = 0,
                         .weight = static_cast<const float*>(p.data.get()),
                         .m = rows,
                         .n = p.n,
                         .k = p.k,
                         .segments = 9,
                         .finish = epilogue_of(out, e, p, 0, nullptr)});
    return;
  }
  const bool direct = p.format == Format::half && in_chunks(x);
  const int images = w.per_tensor ? in.n : 1;  // that share a scale of codes
  const Staged staged(q, arena, x, p, direct, images * in.h * in.w);
  const TileConfig cut = tile_config_of(q, p, rows, 9 * (p.padded / p.granule()));
  const Scratch room(arena, sums_bytes(cut, rows, p));
  if (arena.measuring()) return;
  ConvArgs args{};
  args.view = view;
  args.view.channel_chunks = p.padded / p.granule();
  args.view.ld = direct ? x.ld / 8 : args.view.channel_chunks;
  args.a = direct ? x.data : staged.data();
  ENSURE(aligned(args.a, 16), "conv3x3 {}: an input at an odd address", w.name);
  args.b = p.data.get();
  args.b_ld = args.depth = args.view.total();
  args.partial = room.as<void>();
  launch(q, args, cut, rows, p, epilogue_of(out, e, p, images * o.h * o.w, staged.scale()));
}

}  // namespace yent::cuda
