// Checks what it is given, then hands every op to its kernels. What a kernel needs of scratch
// follows from shapes and types alone, so that a dry run asks for the same.
#include "kernels/cuda/cuda_backend.h"

#include <algorithm>

#include "kernels/cuda/attention_driver.h"
#include "kernels/cuda/gemm_driver.h"
#include "kernels/cuda/runtime/check.cuh"
#include "kernels/cuda/runtime/graph.h"
#include "kernels/cuda/tensors.h"
#include "kernels/cuda/weights.h"
#include "kernels/error.h"
#include "kernels/half.h"

namespace yent {
namespace cuda {
namespace {

constexpr int kRowChunks = 128;  // most blocks of one image in group_norm's first pass

bool is_activation(const Tensor& t, const Shape& shape) {
  return (t.dtype == DType::f16 || t.dtype == DType::f32) && t.rows() == shape.rows() &&
         t.shape.c == shape.c && t.ld >= t.shape.c && t.border == 0;
}

bool is_index(const Tensor& t, size_t rows) {
  return t.dtype == DType::i32 && t.rows() >= rows && t.ld == 1;
}

const float* vector(const PersistentTensor& s) { return s ? s.tensor.row<float>(0) : nullptr; }
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
  Layout layout(Shape shape, ConsumerHint reader) const override {
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

  LinearWeight pack_linear(const LinearSource& s, Precision precision) override {
    LinearWeight w{.name = s.name, .paired = s.paired, .precision = precision};
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

  ConvWeight pack_conv3x3(const std::string& name, const HostTensor& weight, const HostTensor& bias,
                          Precision precision, bool) override {
    const auto& dims = weight.dims;
    ENSURE(dims.size() == 4 && dims[2] == 3 && dims[3] == 3, "conv3x3 {}: not 3x3", name);
    ENSURE(bias.dims.empty() || bias.count() == dims[0], "conv3x3 {}: bias", name);
    ConvWeight w{.name = name, .precision = precision};
    w.out = static_cast<int>(dims[0]);
    w.in = static_cast<int>(dims[1]);
    w.packed = pack_conv_weight(q_, stager_, weight, bias, precision);
    return w;
  }

  PersistentTensor upload(const HostTensor& t) override {
    const int columns = t.dims.empty() ? 1 : static_cast<int>(t.dims.back());
    const int rows = columns ? static_cast<int>(t.count() / columns) : 0;
    const DType dtype = t.dtype == DType::q8_0 ? DType::q8_0 : DType::f32;
    auto memory = pack_table(q_, stager_, t, rows, columns);
    return {{memory.get(), {1, rows, 1, columns}, columns, dtype}, memory};
  }

  PersistentTensor allocate(Shape shape, DType dtype) override {
    auto memory = cuda::allocate(q_, shape.count() / block_elements(dtype) * block_bytes(dtype));
    return {{memory.get(), shape, shape.c, dtype}, memory};
  }

  void linear(Arena& arena, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e) override {
    ENSURE(x.channels() == w.in && out.shape.c == (e.gated ? w.out / 2 : w.out) &&
               out.rows() == x.rows() && (!x.b || x.b.rows() == x.rows()),
           "linear {}: {} -> {} given {} x {} -> {} x {}", w.name, w.in, w.out, x.rows(),
           x.channels(), out.rows(), out.shape.c);
    ENSURE(!e.gated || w.paired, "linear {}: gated but not paired", w.name);
    check_epilogue("linear", w.name, out, e);
    multiply(q_, blas_.get(), arena, out, x, w, e);
  }

  void conv3x3(Arena& arena, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
               const Epilogue& e) override {
    ENSURE(x.shape.c == w.in && out.shape.c == w.out && out.shape.n == x.shape.n && !e.gated &&
               is_activation(x, x.shape),
           "conv3x3 {}: {} -> {} given {} -> {}", w.name, w.in, w.out, x.shape.c, out.shape.c);
    check_epilogue("conv3x3", w.name, out, e);
    convolve(q_, arena, out, x, w, g, e);
  }

  void group_norm(Arena& arena, Tensor out, ConcatView x, const NormWeight& w, int groups,
                  Fn fn) override {
    ENSURE(groups > 0 && x.channels() % groups == 0 && is_activation(out, x.shape()),
           "group_norm {}: {} channels in {} groups, output of {}", w.name, x.channels(), groups,
           out.shape.c);
    check_norm("group_norm", w, x.channels());
    const int images = out.shape.n, rows = static_cast<int>(out.rows() / images);
    const RowChunks row_chunks = row_chunks_of(rows, x.channels(), 256, kRowChunks);
    const Scratch sums(arena, sizeof(float) * 2 * images * row_chunks.row_chunks * groups);
    if (arena.measuring()) return;
    launch_group_norm(q_, {.x = rows_of(x),
                           .out = rows_of(out),
                           .weight = vector(w.weight),
                           .bias = vector(w.bias),
                           .sums = sums.as<float>(),
                           .row_chunks = row_chunks,
                           .images = images,
                           .rows = rows,
                           .groups = groups,
                           .eps = w.eps,
                           .fn = static_cast<int>(fn),
                           .chunks = ceil_div(x.channels(), 8)});
  }

  void layer_norm(Arena& arena, Tensor out, Tensor x, const NormWeight& w) override {
    row_norm("layer_norm", arena, out, x, w, x.shape.c, false);
  }
  void rms_norm(Arena& arena, Tensor out, Tensor x, const NormWeight& w, int width) override {
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
    attend(q_, arena, out, q, k, v, s);
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

  void linear_combination(Arena& arena, Tensor out, std::span<const Tensor> terms,
                          Tensor coefficients) override {
    ENSURE(coefficients.shape.c == static_cast<int>(terms.size()) && terms.size() <= kMaxTerms,
           "mix: {} terms, {} coefficients", terms.size(), coefficients.shape.c);
    LinearCombinationArgs args{};
    for (const Tensor& t : terms) {
      ENSURE(is_activation(t, out.shape), "mix: a term of {} x {}", t.rows(), t.shape.c);
      args.terms[args.count++] = rows_of(t);
    }
    if (arena.measuring()) return;
    args.out = rows_of(out);
    args.coefficients = coefficients.row<float>(0);
    args.rows = static_cast<int>(out.rows());
    args.columns = out.shape.c;
    launch_linear_combination(q_, args);
  }

  void write(Tensor dst, const void* src) override {
    q_.begin_wait();
    const size_t row = static_cast<size_t>(dst.shape.c) * block_bytes(dst.dtype);
    if (q_.compares() || row * dst.rows() == 0) return;
    std::vector<uint16_t> halves(dst.dtype == DType::f16 ? dst.shape.count() : 0);
    if (!halves.empty()) {
      const auto* from = static_cast<const float*>(src);
      std::transform(from, from + halves.size(), halves.begin(), f32_to_f16);
      src = halves.data();
    }
    stager_.write(dst.data, pitch(dst), src, row, dst.rows());
  }

  void read(void* dst, Tensor src) override {
    q_.begin_wait();
    const size_t row = static_cast<size_t>(src.shape.c) * block_bytes(src.dtype);
    if (q_.compares() || row * src.rows() == 0) return;
    std::vector<uint16_t> halves(src.dtype == DType::f16 ? src.shape.count() : 0);
    void* to = halves.empty() ? dst : halves.data();
    stager_.read(to, src.data, pitch(src), row, src.rows());
    std::transform(halves.begin(), halves.end(), static_cast<float*>(dst), f16_to_f32);
  }

 private:
  static size_t pitch(const Tensor& t) {
    return static_cast<size_t>(std::max(t.ld, t.shape.c)) * block_bytes(t.dtype);
  }

  static void check_norm(const char* op, const NormWeight& w, int channels) {
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

  void row_norm(const char* op, Arena& arena, Tensor out, Tensor x, const NormWeight& w, int width,
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
  try {
    auto backend = std::make_unique<cuda::CudaBackend>(options, properties);
    if (cuda::has_device_code()) return backend;
    reason = fmt::format("this build has no code for {} ({})", properties.name, backend->isa());
  } catch (const Error& error) {  // it may be full, or another's alone
    reason = fmt::format("{}: {}", properties.name, error.what());
  }
  return nullptr;
}

int cuda_devices() {
  int devices = 0;
  return cudaGetDeviceCount(&devices) == cudaSuccess ? devices : 0;
}

}  // namespace yent
