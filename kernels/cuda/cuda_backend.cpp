// Checks what it is given, then hands every op to its kernels. What a kernel needs of scratch
// follows from shapes and types alone, so that a dry run asks for the same.
#include "kernels/cuda/cuda_backend.h"

#include <algorithm>

#include "kernels/cuda/blas.h"
#include "kernels/cuda/check.cuh"
#include "kernels/cuda/graph.h"
#include "kernels/cuda/weights.h"
#include "kernels/error.h"
#include "kernels/half.h"

namespace yent {
namespace cuda {
namespace {

using Layout = CudaWeight::Layout;

constexpr int kSlabs = 128;  // most blocks of one image in group_norm's first pass

const CudaWeight& packed(const std::shared_ptr<const Packed>& p) {
  return static_cast<const CudaWeight&>(*p);
}

bool is_activation(const Tensor& t, const Shape& shape) {
  return (t.dtype == DType::f16 || t.dtype == DType::f32) && t.rows() == shape.rows() &&
         t.shape.c == shape.c && t.ld >= t.shape.c && t.border == 0;
}

bool is_index(const Tensor& t, size_t rows) {
  return t.dtype == DType::i32 && t.rows() >= rows && t.ld == 1;
}

bool aligned(const void* p, size_t bytes) { return reinterpret_cast<uintptr_t>(p) % bytes == 0; }

Rows rows_of(const Tensor& t) {
  const bool f32 = t.dtype == DType::f32;
  const bool wide = aligned(t.data, 16) && t.ld % (f32 ? 4 : 8) == 0;
  return {t.data, t.ld, static_cast<short>(f32), static_cast<short>(wide)};
}

CatRows rows_of(const Cat& x) { return {rows_of(x.a), rows_of(x.b), x.a.shape.c, x.channels()}; }

// Whether two columns from an even one on can be moved at once.
bool in_pairs(const Rows& r) {
  return !r.data || (r.ld % 2 == 0 && aligned(r.data, r.f32 ? 8 : 4));
}

// By shape and type: rows of halves in whole chunks.
bool in_chunks(const Tensor& t) {
  return t.dtype == DType::f16 && t.shape.c % 8 == 0 && t.ld % 8 == 0;
}

const float* vector(const Stored& s) { return s ? s.tensor.row<float>(0) : nullptr; }
const int32_t* indices(const Tensor& t) { return t ? t.row<int32_t>(0) : nullptr; }

class CudaBackend : public Backend {
 public:
  CudaBackend(const CudaOptions& options, const cudaDeviceProp& properties)
      : isa_(fmt::format("sm_{}{}", properties.major, properties.minor)),
        q_(options.device),
        stager_(q_),
        graphs_(q_) {
    if (options.blas) blas_ = Blas::open(q_);
  }
  ~CudaBackend() override { cudaStreamSynchronize(q_.stream()); }

  std::string device() const override { return "cuda"; }
  std::string isa() const override { return isa_; }
  int threads() const override { return 1; }
  size_t available_bytes() const override {
    q_.enter();
    return free_bytes();
  }

  // f32 and bf16 need f32's range; f16 and int8 are content with halves.
  Form form(Shape shape, Reader reader) const override {
    const bool f32 = reader.precision == Precision::f32 || reader.precision == Precision::bf16;
    const DType dtype = f32 ? DType::f32 : DType::f16;
    return {{nullptr, shape, shape.c, dtype}, shape.count() * block_bytes(dtype)};
  }

  void replay(const std::string& key, const std::function<void()>& forward) override {
    graphs_.replay(key, forward);
  }
  void wait() override {
    q_.begin_wait();
    if (!q_.compares()) CUDA_CHECK(cudaStreamSynchronize(q_.stream()));
  }

  LinearW pack_linear(const LinearSource& s, Precision precision) override {
    LinearW w{.name = s.name, .paired = s.paired, .precision = precision};
    ENSURE(!s.parts.empty(), "linear {}: no parts", s.name);
    w.in = static_cast<int>(s.parts[0].weight.dims.at(1));
    for (const auto& part : s.parts) {
      const auto& dims = part.weight.dims;
      ENSURE(part.weight.count() == dims[0] * w.in && dims.at(1) == w.in,
             "linear {}: {} is not [out, {}]", s.name, part.name, w.in);
      ENSURE(part.bias.dims.empty() || part.bias.count() == dims[0], "linear {}: bias of {}",
             s.name, part.name);
      w.parts.push_back({part.name, static_cast<int>(dims[0])});
      w.out += w.parts.back().out;
    }
    ENSURE(!s.paired || (w.parts.size() == 2 && w.parts[0].out == w.parts[1].out),
           "linear {}: a pair is two parts of one size", s.name);
    w.packed = pack_linear_weight(q_, stager_, s, precision);
    return w;
  }

  ConvW pack_conv3x3(const std::string& name, const HostTensor& weight, const HostTensor& bias,
                     Precision precision, bool) override {
    const auto& dims = weight.dims;
    ENSURE(dims.size() == 4 && dims[2] == 3 && dims[3] == 3, "conv3x3 {}: not 3x3", name);
    ENSURE(bias.dims.empty() || bias.count() == dims[0], "conv3x3 {}: bias", name);
    ConvW w{.name = name, .precision = precision};
    w.out = static_cast<int>(dims[0]);
    w.in = static_cast<int>(dims[1]);
    w.packed = pack_conv_weight(q_, stager_, weight, bias, precision);
    return w;
  }

  Stored upload(const HostTensor& t) override {
    const int columns = t.dims.empty() ? 1 : static_cast<int>(t.dims.back());
    const int rows = columns ? static_cast<int>(t.count() / columns) : 0;
    const DType dtype = t.dtype == DType::q8_0 ? DType::q8_0 : DType::f32;
    auto memory = pack_table(q_, stager_, t, rows, columns);
    return {{memory.get(), {1, rows, 1, columns}, columns, dtype}, memory};
  }

  Stored allocate(Shape shape, DType dtype) override {
    auto memory = cuda::allocate(q_, shape.count() / block_elements(dtype) * block_bytes(dtype));
    return {{memory.get(), shape, shape.c, dtype}, memory};
  }

  void linear(Arena& arena, Tensor out, Cat x, const LinearW& w, const Epilogue& e) override {
    const CudaWeight& p = packed(w.packed);
    ENSURE(x.channels() == w.in && out.shape.c == (e.gated ? w.out / 2 : w.out) &&
               out.rows() == x.rows() && (!x.b || x.b.rows() == x.rows()),
           "linear {}: {} -> {} given {} x {} -> {} x {}", w.name, w.in, w.out, x.rows(),
           x.channels(), out.rows(), out.shape.c);
    ENSURE(!e.gated || w.paired, "linear {}: gated but not paired", w.name);
    check_epilogue("linear", w.name, out, e);
    const int rows = static_cast<int>(x.rows());
    if (p.layout == Layout::floats) {
      if (arena.measuring()) return;
      launch_plain_product(q_, {.x = rows_of(x),
                                .view = {},
                                .weight = static_cast<const float*>(p.data.get()),
                                .m = rows,
                                .n = p.n,
                                .k = p.k,
                                .segments = 1,
                                .finish = finish_of(out, e, p, 0, nullptr)});
      return;
    }
    if (p.layout == Layout::blocks && !x.b && (w.precision == Precision::f32 || rows <= 8)) {
      if (arena.measuring()) return;
      launch_blocks_product(q_, {.x = rows_of(x.a),
                                 .codes = static_cast<const int8_t*>(p.data.get()),
                                 .scales = p.scales.get(),
                                 .rows = rows,
                                 .n = p.n,
                                 .k = p.k,
                                 .unused = 0,
                                 .finish = finish_of(out, e, p, 0, nullptr)});
      return;
    }
    // Blocks meet many rows: expanded to halves, once per call.
    const bool blocks = p.layout == Layout::blocks;
    const Scratch expanded(arena, blocks ? size_t{2} * p.n * p.k : 0);
    if (blocks && !arena.measuring()) {
      launch_expand(q_, {.codes = static_cast<const int8_t*>(p.data.get()),
                         .scales = p.scales.get(),
                         .out = expanded.as<void>(),
                         .n = p.n,
                         .k = p.k,
                         .ld = p.k,
                         .unused = 0});
    }
    const void* weight = blocks ? expanded.as<void>() : p.data.get();

    const bool direct = p.layout != Layout::bfloat && p.layout != Layout::code && in_chunks(x.a) &&
                        (!x.b || in_chunks(x.b));
    const Staged staged(*this, arena, x, p, direct, 1);
    const bool plain = direct && !x.b && e.fn == Fn::none && !e.gated && !e.row_bias &&
                       out.dtype == DType::f16 && (!e.residual || e.residual.dtype == DType::f16);
    const bool library = blas_ && plain && rows > 8;
    const Cut cut = cut_of(p, rows, direct ? w.in / 8 : p.padded / p.granule());
    const Scratch room(arena, std::max(library ? Blas::kWorkspace : 0, sums_bytes(cut, rows, p)));
    if (arena.measuring()) return;
    if (library && (!p.bias || p.half_bias) &&
        blas_->linear({.x = x.a.data,
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
      ENSURE(aligned(x.a.data, 16) && aligned(x.b.data, 16),
             "linear {}: an input at an odd address", w.name);
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
    multiply(args, cut, rows, p, finish_of(out, e, p, 1, staged.scale()));
  }

  void conv3x3(Arena& arena, Tensor out, Tensor x, const ConvW& w, const ConvGeom& g,
               const Epilogue& e) override {
    ENSURE(x.shape.c == w.in && out.shape.c == w.out && out.shape.n == x.shape.n && !e.gated &&
               is_activation(x, x.shape),
           "conv3x3 {}: {} -> {} given {} -> {}", w.name, w.in, w.out, x.shape.c, out.shape.c);
    check_epilogue("conv3x3", w.name, out, e);
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
    if (p.layout == Layout::floats) {
      if (arena.measuring()) return;
      launch_plain_product(q_, {.x = rows_of(Cat(x)),
                                .view = view,
                                .weight = static_cast<const float*>(p.data.get()),
                                .m = rows,
                                .n = p.n,
                                .k = p.k,
                                .segments = 9,
                                .finish = finish_of(out, e, p, 0, nullptr)});
      return;
    }
    const bool direct = p.layout == Layout::half && in_chunks(x);
    const Staged staged(*this, arena, x, p, direct, in.h * in.w);
    const Cut cut = cut_of(p, rows, 9 * (p.padded / p.granule()));
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
    // Codes have one scale per image.
    multiply(args, cut, rows, p, finish_of(out, e, p, o.h * o.w, staged.scale()));
  }

  void group_norm(Arena& arena, Tensor out, Cat x, const NormW& w, int groups, Fn fn) override {
    ENSURE(groups > 0 && x.channels() % groups == 0 && is_activation(out, x.shape()),
           "group_norm {}: {} channels in {} groups, output of {}", w.name, x.channels(), groups,
           out.shape.c);
    check_norm("group_norm", w, x.channels());
    const int images = out.shape.n, rows = static_cast<int>(out.rows() / images);
    const Slabs slabs = slabs_of(rows, x.channels(), 256, kSlabs);
    const Scratch sums(arena, sizeof(float) * 2 * images * slabs.slabs * groups);
    if (arena.measuring()) return;
    launch_group_norm(q_, {.x = rows_of(x),
                           .out = rows_of(out),
                           .weight = vector(w.weight),
                           .bias = vector(w.bias),
                           .sums = sums.as<float>(),
                           .slabs = slabs,
                           .images = images,
                           .rows = rows,
                           .groups = groups,
                           .eps = w.eps,
                           .fn = static_cast<int>(fn),
                           .chunks = ceil_div(x.channels(), 8)});
  }

  void layer_norm(Arena& arena, Tensor out, Tensor x, const NormW& w) override {
    row_norm("layer_norm", arena, out, x, w, x.shape.c, false);
  }
  void rms_norm(Arena& arena, Tensor out, Tensor x, const NormW& w, int width) override {
    row_norm("rms_norm", arena, out, x, w, width, true);
  }

  void attention(Arena& arena, Tensor out, Tensor q, Tensor k, Tensor v,
                 const AttnSpec& s) override {
    ENSURE(s.heads > 0 && s.kv_heads > 0 && s.heads % s.kv_heads == 0 && q.shape.c % s.heads == 0 &&
               k.shape.c == q.shape.c / s.heads * s.kv_heads && v.shape.c == k.shape.c &&
               k.shape.n == q.shape.n && v.rows() == k.rows() && is_activation(out, q.shape),
           "attention: {} x {} queries, {} x {} keys, {} x {} values, {} heads on {}", q.rows(),
           q.shape.c, k.rows(), k.shape.c, v.rows(), v.shape.c, s.heads, s.kv_heads);
    ENSURE(!s.positions || is_index(s.positions, q.rows() / q.shape.n), "attention: positions");
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
                             .scale = s.scale,
                             .unused = 0};
    const auto halves = [](const Tensor& t) { return t.dtype == DType::f16 && t.ld % 8 == 0; };
    const bool tensor_cores = halves(q) && halves(k) && halves(v) && out.dtype == DType::f16 &&
                              args.width % 8 == 0 && args.queries >= 16 && s.scale > 0;
    if (tensor_cores && args.width > kFlashWidth) return wide_attention(arena, args);
    if (arena.measuring()) return;
    const bool at_chunks = args.q.wide && args.k.wide && args.v.wide && in_pairs(args.out);
    if (tensor_cores && at_chunks) return launch_flash_attention(q_, args);
    ENSURE(args.width <= 1024, "attention: heads of {}", args.width);
    launch_row_attention(q_, args);
  }

  void rope(Arena& arena, Tensor x, Tensor table, Tensor positions, int head_width,
            bool interleaved) override {
    ENSURE(x.shape.c % head_width == 0 && table.shape.c <= head_width &&
               table.dtype == DType::f32 && is_index(positions, x.rows()),
           "rope: {} columns, heads of {}, table of {}", x.shape.c, head_width, table.shape.c);
    if (arena.measuring()) return;
    launch_rope(q_, {.x = rows_of(x),
                     .table = table.row<float>(0),
                     .positions = indices(positions),
                     .rows = static_cast<int>(x.rows()),
                     .heads = x.shape.c / head_width,
                     .head_width = head_width,
                     .half = table.shape.c / 2,
                     .table_ld = table.ld,
                     .interleaved = interleaved});
  }

  void store_rows(Arena& arena, Tensor cache, Tensor x, Tensor positions) override {
    ENSURE(cache.shape.c == x.shape.c && is_index(positions, x.rows()),
           "store_rows: {} columns into {}", x.shape.c, cache.shape.c);
    if (arena.measuring()) return;
    launch_store_rows(q_, {.cache = rows_of(cache),
                           .x = rows_of(x),
                           .positions = indices(positions),
                           .rows = static_cast<int>(x.rows()),
                           .columns = x.shape.c});
  }

  void embed(Arena& arena, Tensor out, Tensor table, Tensor ids, Tensor position_table,
             Tensor positions) override {
    ENSURE(out.shape.c == table.shape.c && is_index(ids, out.rows()) &&
               (!position_table ||
                (position_table.shape.c == out.shape.c && position_table.dtype == DType::f32 &&
                 is_index(positions, out.rows()))),
           "embed: {} columns from {}", out.shape.c, table.shape.c);
    if (arena.measuring()) return;
    const bool blocks = table.dtype == DType::q8_0;
    const size_t codes = table.rows() * table.shape.c;
    launch_embed(q_, {.out = rows_of(out),
                      .table = table.data,
                      .scales = blocks ? static_cast<const char*>(table.data) + codes : nullptr,
                      .places = position_table ? position_table.row<float>(0) : nullptr,
                      .ids = indices(ids),
                      .positions = indices(positions),
                      .rows = static_cast<int>(out.rows()),
                      .columns = out.shape.c,
                      .table_ld = table.ld,
                      .places_ld = position_table.ld,
                      .f32 = table.dtype == DType::f32,
                      .unused = 0});
  }

  void mix(Arena& arena, Tensor out, std::span<const Tensor> terms, Tensor coefficients) override {
    ENSURE(coefficients.shape.c == static_cast<int>(terms.size()) && terms.size() <= kMixTerms,
           "mix: {} terms, {} coefficients", terms.size(), coefficients.shape.c);
    MixArgs args{};
    for (const Tensor& t : terms) {
      ENSURE(is_activation(t, out.shape), "mix: a term of {} x {}", t.rows(), t.shape.c);
      args.terms[args.count++] = rows_of(t);
    }
    if (arena.measuring()) return;
    args.out = rows_of(out);
    args.coefficients = coefficients.row<float>(0);
    args.rows = static_cast<int>(out.rows());
    args.columns = out.shape.c;
    launch_mix(q_, args);
  }

  void write(Tensor dst, const void* src) override {
    q_.begin_wait();
    std::vector<uint16_t> halves;
    if (dst.dtype == DType::f16) {
      const auto* from = static_cast<const float*>(src);
      halves.resize(dst.shape.count());
      std::transform(from, from + halves.size(), halves.begin(), f32_to_f16);
      src = halves.data();
    }
    const size_t row = static_cast<size_t>(dst.shape.c) * block_bytes(dst.dtype);
    if (q_.compares() || row * dst.rows() == 0) return;
    copy(dst.data, pitch(dst), src, row, row, dst.rows(), cudaMemcpyHostToDevice);
  }

  void read(void* dst, Tensor src) override {
    q_.begin_wait();
    const size_t row = static_cast<size_t>(src.shape.c) * block_bytes(src.dtype);
    if (q_.compares() || row * src.rows() == 0) return;
    std::vector<uint16_t> halves(src.dtype == DType::f16 ? src.shape.count() : 0);
    void* to = halves.empty() ? dst : halves.data();
    copy(to, row, src.data, pitch(src), row, src.rows(), cudaMemcpyDeviceToHost);
    std::transform(halves.begin(), halves.end(), static_cast<float*>(dst), f16_to_f32);
  }

 private:
  static size_t pitch(const Tensor& t) {
    return static_cast<size_t>(std::max(t.ld, t.shape.c)) * block_bytes(t.dtype);
  }

  // Rows as one piece where they lie so: a copy of many short rows takes a while each.
  void copy(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t row, size_t rows,
            cudaMemcpyKind kind) const {
    if (to_pitch == row && from_pitch == row) {
      CUDA_CHECK(cudaMemcpyAsync(to, from, row * rows, kind, q_.stream()));
    } else {
      CUDA_CHECK(cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, row, rows, kind, q_.stream()));
    }
    CUDA_CHECK(cudaStreamSynchronize(q_.stream()));
  }

  static void check_norm(const char* op, const NormW& w, int channels) {
    ENSURE((!w.weight || w.weight.tensor.shape.count() == static_cast<size_t>(channels)) &&
               (!w.bias || w.bias.tensor.shape.count() == static_cast<size_t>(channels)),
           "{} {}: {} channels given {}", op, w.name, w.weight.tensor.shape.count(), channels);
  }

  static void check_epilogue(const char* op, const std::string& name, const Tensor& out,
                             const Epilogue& e) {
    ENSURE(is_activation(out, out.shape), "{} {}: output", op, name);
    ENSURE(!e.residual || is_activation(e.residual, out.shape), "{} {}: residual of {} x {}", op,
           name, e.residual.rows(), e.residual.shape.c);
    ENSURE(!e.row_bias ||
               (e.row_bias.shape.c == out.shape.c &&
                (e.row_bias.ld == 0 || e.row_bias.rows() >= static_cast<size_t>(out.shape.n))),
           "{} {}: row bias of {} x {}", op, name, e.row_bias.rows(), e.row_bias.shape.c);
  }

  static Finish finish_of(const Tensor& out, const Epilogue& e, const CudaWeight& p, int scale_rows,
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
    Staged(CudaBackend& b, Arena& arena, const Cat& x, const CudaWeight& p, bool direct,
           int scale_rows)
        : codes_(p.layout == Layout::code),
          rows_(x.rows()),
          room_(arena, direct ? 0 : rows_ * p.padded * (codes_ ? 1 : 2)),
          scales_(arena, codes_ ? rows_ / scale_rows * 8 : 0) {
      if (direct || arena.measuring()) return;
      const int rows = static_cast<int>(rows_), groups = rows / scale_rows;
      if (codes_) {
        launch_scales(b.q_, {.x = rows_of(x),
                             .peaks = scales_.as<uint32_t>() + groups,
                             .scale = scales_.as<float>(),
                             .rows = rows,
                             .scale_rows = scale_rows});
      }
      const Kind kind = p.layout == Layout::blocks ? Kind::half : static_cast<Kind>(p.layout);
      launch_stage(b.q_, {.x = rows_of(x),
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

  Cut cut_of(const CudaWeight& p, int rows, int depth) const {
    return choose_cut(rows, p.n, ceil_div(depth, kTileChunks), q_.processors());
  }
  static size_t sums_bytes(const Cut& cut, int rows, const CudaWeight& p) {
    return cut.slices > 1 ? sizeof(float) * cut.slices * rows * p.n : 0;
  }

  template <class Args>
  void multiply(Args args, const Cut& cut, int rows, const CudaWeight& p, const Finish& finish) {
    args.m = rows;
    args.n = p.n;
    args.finish = finish;
    const Kind kind = p.layout == Layout::blocks ? Kind::half : static_cast<Kind>(p.layout);
    launch_product(q_, kind, cut, args);
  }

  void row_norm(const char* op, Arena& arena, Tensor out, Tensor x, const NormW& w, int width,
                bool rms) {
    ENSURE(is_activation(out, x.shape) && width > 0 && x.shape.c % width == 0,
           "{} {}: {} -> {} by {}", op, w.name, x.shape.c, out.shape.c, width);
    check_norm(op, w, width);
    if (arena.measuring()) return;
    launch_row_norm(q_, {.x = rows_of(x),
                         .out = rows_of(out),
                         .weight = vector(w.weight),
                         .bias = rms ? nullptr : vector(w.bias),
                         .rows = static_cast<int>(x.rows()),
                         .width = width,
                         .parts = x.shape.c / width,
                         .eps = w.eps,
                         .rms = rms,
                         .unused = 0});
  }

  // Heads too wide for registers: scores as a product into scratch, softmax, and a product with
  // the values transposed. 64 MB of scores at a time.
  void wide_attention(Arena& arena, const AttentionArgs& a) {
    const int keys = round_up(a.keys, 8), chunks = a.width / 8;
    const int most = std::max(64, (64 << 20) / static_cast<int>(sizeof(float)) / keys);
    const int piece = std::min(a.queries, most);
    const Scratch scores(arena, sizeof(float) * piece * keys);
    const Scratch shares(arena, size_t{2} * piece * keys);
    const Scratch turned(arena, size_t{2} * a.width * keys);
    if (arena.measuring()) return;
    ENSURE(a.q.wide && a.k.wide && a.v.wide, "attention: heads of {} at odd addresses", a.width);
    const auto at = [](const Rows& x, size_t row, int column) {
      return static_cast<uint16_t*>(x.data) + row * x.ld + column;
    };
    const auto product = [&](LinearArgs args, Rows out, int rows, int columns) {
      args.m = rows;
      args.n = columns;
      args.depth = args.view.total();
      args.finish.out = out;
      args.finish.columns = columns;
      args.finish.image_rows = rows;
      args.finish.scale_rows = 1;
      args.finish.pairs = in_pairs(out);
      const bool large = rows >= 128 && columns >= 128;
      launch_product(q_, Kind::half, large ? Cut{128, 128, 1} : Cut{64, 64, 1}, args);
    };
    for (int image = 0; image < a.images; ++image) {
      for (int head = 0; head < a.heads; ++head) {
        const int kv = head / (a.heads / a.kv_heads) * a.width;
        const size_t k_row = static_cast<size_t>(image) * a.keys;
        launch_transpose(q_, {.x = at(a.v, k_row, kv),
                              .out = turned.as<void>(),
                              .rows = a.keys,
                              .columns = a.width,
                              .ld = a.v.ld,
                              .out_ld = keys,
                              .padded = keys,
                              .unused = 0});
        for (int first = 0; first < a.queries; first += piece) {
          const int rows = std::min(piece, a.queries - first);
          const size_t q_row = static_cast<size_t>(image) * a.queries + first;
          LinearArgs qk{};
          qk.view = {rows, chunks, 0, a.q.ld / 8, 0};
          qk.a = at(a.q, q_row, head * a.width);
          qk.b = at(a.k, k_row, kv);
          qk.b_ld = a.k.ld / 8;
          product(qk, {scores.as<void>(), keys, 1, 1}, rows, a.keys);
          launch_softmax(q_, {.scores = scores.as<float>(),
                              .out = shares.as<void>(),
                              .positions = a.positions ? a.positions + first : nullptr,
                              .rows = rows,
                              .columns = a.keys,
                              .ld = keys,
                              .out_ld = keys,
                              .padded = keys,
                              .scale = a.scale});
          LinearArgs pv{};
          pv.view = {rows, keys / 8, 0, keys / 8, 0};
          pv.a = shares.as<void>();
          pv.b = turned.as<void>();
          pv.b_ld = keys / 8;
          product(pv, {at(a.out, q_row, head * a.width), a.out.ld, 0, a.out.wide}, rows, a.width);
        }
      }
    }
  }

  std::string isa_;
  Queue q_;
  Stager stager_;
  Graphs graphs_;
  std::unique_ptr<Blas> blas_;
};

}  // namespace
}  // namespace cuda

std::unique_ptr<Backend> make_cuda_backend(const CudaOptions& options, std::string& reason) {
  int devices = 0;
  const cudaError_t answer = cudaGetDeviceCount(&devices);
  if (answer != cudaSuccess || devices == 0) {
    int driver = 0;  // of no driver at all, the runtime says that it is too old
    cudaDriverGetVersion(&driver);
    reason = fmt::format("no NVIDIA GPU answers: {}",
                         driver == 0 ? "there is no driver" : cudaGetErrorString(answer));
    return nullptr;
  }
  if (options.device < 0 || options.device >= devices) {
    reason = fmt::format("there is no GPU {}, only {}", options.device, devices);
    return nullptr;
  }
  cudaDeviceProp properties = {};
  const cudaError_t known = cudaGetDeviceProperties(&properties, options.device);
  if (known != cudaSuccess) {
    reason = fmt::format("GPU {}: {}", options.device, cudaGetErrorString(known));
    return nullptr;
  }
  if (properties.major < 8) {
    reason = fmt::format("{} is of an architecture before Ampere (sm_80)", properties.name);
    return nullptr;
  }
  return std::make_unique<cuda::CudaBackend>(options, properties);
}

}  // namespace yent
