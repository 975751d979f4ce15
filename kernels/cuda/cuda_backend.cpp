// Checks what it is given, then hands every op to its kernels. What a kernel needs of scratch
// follows from shapes and types alone, so that a dry run asks for the same.
#include "kernels/cuda/cuda_backend.h"

#include <algorithm>

#include "kernels/cuda/attention_driver.h"
#include "kernels/cuda/gemm/gemm_driver.h"
#include "kernels/cuda/hopper/hopper_gemm.h"
#include "kernels/cuda/runtime/check.cuh"
#include "kernels/cuda/runtime/graph.h"
#include "kernels/cuda/tensors.h"
#include "kernels/cuda/weights.h"
#include "kernels/error.h"
#include "kernels/half.h"
#include "kernels/op_check.h"
#include "kernels/quantize/quantize.h"

namespace yent {
namespace cuda {
namespace {

constexpr int kRowChunks = 128;  // most blocks of one image in group_norm's first pass
constexpr int kNormThreads = 256;

bool is_activation(const Tensor& t, const Shape& shape) {
  return (t.dtype == DType::f16 || t.dtype == DType::f32) && !t.border && has_shape(t, shape);
}

constexpr OpCheck check{is_activation, is_activation};

const float* vector(const PersistentTensor& s) { return s ? s.tensor.row<float>(0) : nullptr; }
class CudaBackend : public Backend {
 public:
  CudaBackend(const CudaOptions& options, const cudaDeviceProp& properties)
      : isa_(fmt::format("sm_{}{}", properties.major, properties.minor)),
        q_(options.device),
        stager_(q_),
        graphs_(q_),
        arrived_(cuda::allocate(q_, sizeof(int) * kMaxSplitTiles)),
        hopper_(options.products == Products::wgmma) {
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
    LinearWeight w = check_linear_source(s, precision);
    w.packed = pack_linear_weight(q_, stager_, s, precision);
    return w;
  }

  ConvWeight pack_conv3x3(const std::string& name, const HostTensor& weight, const HostTensor& bias,
                          Precision precision, bool) override {
    ConvWeight w = check_conv_source(name, weight, bias, precision);
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
    check.linear(out, x, w, e);
    multiply({q_, arena, blas_.get(), hopper_, arrived()}, out, x, w, e);
  }

  void conv3x3(Arena& arena, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
               const Epilogue& e) override {
    check.conv3x3(out, x.shape, w, e);
    ENSURE(is_activation(x, x.shape), "conv3x3 {}: input", w.name);
    convolve({q_, arena, nullptr, hopper_, arrived()}, out, x, w, g, e);
  }

  void group_norm(Arena& arena, Tensor out, ConcatView x, const NormWeight& w, int groups,
                  Fn fn) override {
    check.group_norm(out, x, w, groups);
    const int images = out.shape.n, rows = static_cast<int>(out.rows() / images);
    const int chunks = ceil_div(x.channels(), 8);
    const RowChunks sum_chunks = row_chunks_of(rows, x.channels(), kNormThreads, kRowChunks);
    // Every block of the second pass reads all sums, so it should have much else to do.
    const int blocks = std::min(8 * q_.processors() / images, rows / 8 * chunks / kNormThreads);
    const int whole_groups = whole_groups_of(rows, x.channels(), groups);
    const size_t all_sums = sizeof(float) * 2 * images * sum_chunks.row_chunks * groups;
    const Scratch sums(arena, whole_groups ? 0 : all_sums);
    if (arena.measuring()) return;
    launch_group_norm(
        q_, {.x = rows_of(x),
             .out = rows_of(out),
             .weight = vector(w.weight),
             .bias = vector(w.bias),
             .sums = sums.as<float>(),
             .sum_chunks = sum_chunks,
             .apply_chunks = row_chunks_of(rows, x.channels(), kNormThreads, std::max(blocks, 1)),
             .images = images,
             .rows = rows,
             .groups = groups,
             .eps = w.eps,
             .fn = static_cast<int>(fn),
             .chunks = chunks,
             .whole_groups = whole_groups});
  }

  void layer_norm(Arena& arena, Tensor out, Tensor x, const NormWeight& w) override {
    check.layer_norm(out, x, w);
    row_norm(arena, out, x, w, x.shape.c, false);
  }
  void rms_norm(Arena& arena, Tensor out, Tensor x, const NormWeight& w, int width) override {
    check.rms_norm(out, x, w, width);
    row_norm(arena, out, x, w, width, true);
  }

  void attention(Arena& arena, Tensor out, Tensor q, Tensor k, Tensor v,
                 const AttnSpec& s) override {
    check.attention(out, q, k, v, s);
    attend({q_, arena}, out, q, k, v, s);
  }

  void rope(Arena& arena, Tensor x, Tensor table, Tensor positions, const RopeSpec& s) override {
    check.rope(x, table, positions, s);
    if (arena.measuring()) return;
    launch_rope(q_, {.x = rows_of(x),
                     .table = table.row<float>(0),
                     .positions = indices(positions),
                     .pairs = {.slices = x.shape.c / s.slice_width(),
                               .slice_width = s.slice_width(),
                               .half = table.shape.c / 2,
                               .axes = s.axes,
                               .interleaved = s.interleaved},
                     .rows = static_cast<int>(x.rows()),
                     .table_ld = table.ld});
  }

  void store_rows(Arena& arena, Tensor cache, Tensor x, Tensor positions) override {
    check.store_rows(cache, x, positions);
    if (arena.measuring()) return;
    launch_store_rows(q_, {.cache = rows_of(cache),
                           .x = rows_of(x),
                           .positions = indices(positions),
                           .rows = static_cast<int>(x.rows()),
                           .columns = x.shape.c});
  }

  void embed(Arena& arena, Tensor out, std::span<const Lookup> lookups) override {
    check.embed(out, lookups);
    ENSURE(lookups.size() <= kMaxLookups, "embed: {} lookups", lookups.size());
    EmbedArgs args{};
    for (const Lookup& l : lookups) args.lookups[args.count++] = lookup(l);
    if (arena.measuring()) return;
    args.out = rows_of(out);
    args.rows = static_cast<int>(out.rows());
    args.columns = out.shape.c;
    launch_embed(q_, args);
  }

  void linear_combination(Arena& arena, Tensor out, std::span<const Tensor> terms,
                          Tensor coefficients, bool rectified) override {
    check.linear_combination(out, terms, coefficients);
    ENSURE(terms.size() <= kMaxTerms, "linear_combination: {} terms", terms.size());
    LinearCombinationArgs args{};
    for (const Tensor& t : terms) args.terms[args.count++] = rows_of(t);
    if (arena.measuring()) return;
    args.out = rows_of(out);
    args.coefficients = coefficients.row<float>(0);
    args.rows = static_cast<int>(out.rows());
    args.columns = out.shape.c;
    args.rectified = rectified ? 1 : 0;
    launch_linear_combination(q_, args);
  }

  void quantize(Arena& arena, Tensor out, ConcatView x, const QuantGrid& g,
                const QuantMix& m) override {
    check.quantize(out, x, g, m);
    if (arena.measuring()) return;
    const GroupSplit groups(g, quant_rows(out));
    launch_quantize(q_, {.grid = g,
                         .x = rows_of(x),
                         .out = rows_of(out),
                         .other = rows_of(m.other),
                         .residual = rows_of(m.residual),
                         .share = m.share,
                         .rows = static_cast<int>(out.rows()),
                         .group_rows = static_cast<int>(groups.rows),
                         .group_columns = static_cast<int>(groups.columns),
                         .row_groups = static_cast<int>(groups.row_groups),
                         .column_groups = static_cast<int>(groups.column_groups)});
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
  int* arrived() const { return static_cast<int*>(arrived_.get()); }
  static size_t pitch(const Tensor& t) {
    return static_cast<size_t>(std::max(t.ld, t.shape.c)) * block_bytes(t.dtype);
  }

  static LookupArgs lookup(const Lookup& l) {
    const bool blocks = l.table.dtype == DType::q8_0;
    const size_t values = l.table.rows() * l.table.shape.c;
    return {.table = l.table.data,
            .scales = blocks ? static_cast<const char*>(l.table.data) + values : nullptr,
            .ids = indices(l.ids),
            .ld = l.table.ld,
            .f32 = l.table.dtype == DType::f32};
  }

  void row_norm(Arena& arena, Tensor out, Tensor x, const NormWeight& w, int width, bool rms) {
    if (arena.measuring()) return;
    launch_row_norm(q_, {.x = rows_of(x),
                         .out = rows_of(out),
                         .weight = vector(w.weight),
                         .bias = rms ? nullptr : vector(w.bias),
                         .rows = static_cast<int>(x.rows()),
                         .width = width,
                         .parts = x.shape.c / width,
                         .eps = w.eps,
                         .rms = rms});
  }

  std::string isa_;
  Queue q_;
  Stager stager_;
  Graphs graphs_;
  std::shared_ptr<void> arrived_;
  std::unique_ptr<Blas> blas_;
  bool hopper_;
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
  const bool hopper = options.products == Products::wgmma;
  if (hopper && (properties.major != 9 || properties.minor != 0)) {
    reason = fmt::format("{} has no wgmma, which sm_90 alone has", properties.name);
    return nullptr;
  }
  try {
    auto backend = std::make_unique<cuda::CudaBackend>(options, properties);
    if (cuda::has_device_code() && (!hopper || cuda::has_hopper_code())) return backend;
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
