// Checks what it is given, then hands every op to its driver. It has no intrinsics, no loops over
// elements and no threads of its own.
#include "kernels/cpu/cpu_backend.h"

#include <algorithm>

#include "kernels/blocks.h"
#include "kernels/cpu/attention/attention_driver.h"
#include "kernels/cpu/conv/conv_bands.h"
#include "kernels/cpu/conv/conv_driver.h"
#include "kernels/cpu/conv/conv_row_blocks.h"
#include "kernels/cpu/conv/conv_weight.h"
#include "kernels/cpu/gemm/linear_driver.h"
#include "kernels/cpu/gemv/gemv_driver.h"
#include "kernels/cpu/isa_table.h"
#include "kernels/cpu/layout/host_copy.h"
#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/norm/norm_driver.h"
#include "kernels/cpu/rowwise/row_ops.h"
#include "kernels/cpu/runtime/cores.h"
#include "kernels/cpu/runtime/pages.h"
#include "kernels/cpu/weights.h"
#include "kernels/error.h"
#include "kernels/memory.h"
#include "kernels/op_check.h"
#include "kernels/read_elements.h"
#include "kernels/ref/ref_backend.h"

namespace yent {
namespace {

// What every op reads, and linears, convolutions and attention write.
bool is_rows(const Tensor& t, const Shape& shape) {
  return (t.dtype == DType::f32 || t.dtype == DType::bf16) && !t.border && has_shape(t, shape);
}

constexpr OpCheck check{is_rows, has_shape};

class CpuBackend : public Backend {
 public:
  CpuBackend(Isa cap, const CpuFeatures& features, int threads, bool exact = false)
      : cap_(cap),
        features_(features),
        threads_(threads),
        kernels_(exact ? pick_exact_kernels(cap, features) : pick_kernels(cap, features)) {}

  std::string device() const override { return "cpu"; }
  std::string isa() const override { return isa_name(cap_); }
  int threads() const override { return threads_; }
  size_t available_bytes() const override { return available_memory(); }

  bool exact() const override { return kernels_.exact(); }
  std::unique_ptr<Backend> exact_twin() const override {
    if (cap_ == Isa::ref) return Backend::exact_twin();
    return std::make_unique<CpuBackend>(cap_, features_, threads_, true);
  }

  LinearWeight pack_linear(const LinearSource& s, Precision precision) override {
    LinearWeight w = check_linear_source(s, precision);
    w.packed = named(pack_linear_weight(kernels_, threads_, s, precision));
    return w;
  }

  ConvWeight pack_conv3x3(const std::string& name, const HostTensor& weight, const HostTensor& bias,
                          Precision precision, bool upsamples) override {
    ConvWeight w = check_conv_source(name, weight, bias, precision);
    w.packed = named(pack_conv_weight(gemm_for(kernels_, precision), kernels_.row_kernels, threads_,
                                      {weight, bias, precision, upsamples, kernels_.exact()}));
    return w;
  }

  // Below f32 activations are bf16: half the bytes to move, and the layers round what they multiply
  // to that or less anyway; an exact backend has no bf16. One scale per tensor is known only once
  // all of it is written.
  Layout layout(Shape shape, ConsumerHint hint) const override {
    const Precision p = hint.precision;
    const DType between = kernels_.exact() ? DType::f32 : DType::bf16;
    if (p == Precision::f32 || p == Precision::f16) return row_major_layout(shape, DType::f32);
    if (hint.per_tensor) return row_major_layout(shape, between);
    if (hint.use == Consumer::linear) return padded_rows_layout(shape, operand(p));
    if (hint.use == Consumer::conv3x3) return padded_image_layout(shape, operand(p));
    return row_major_layout(shape, between);
  }

  bool stores_natively(DType t) const override {
    return t == DType::q8_0 || block_format(t).elements > 0;
  }

  PersistentTensor upload(const HostTensor& t) override {
    const int columns = t.dims.empty() ? 1 : static_cast<int>(t.dims.back());
    const int rows = columns ? static_cast<int>(t.count() / columns) : 0;
    const Shape shape{1, rows, 1, columns};
    if (stores_natively(t.dtype)) {
      return {{const_cast<std::byte*>(t.data), shape, columns, t.dtype}, nullptr};
    }
    PersistentTensor s = allocate(shape, DType::f32);
    read_elements(t, 0, t.count(), s.tensor.row<float>(0));
    return s;
  }

  PersistentTensor allocate(Shape shape, DType dtype) override {
    auto memory = aligned_bytes(shape.count() * block_bytes(dtype));
    return {{memory.get(), shape, shape.c, dtype}, memory};
  }

  PersistentTensor working_memory(size_t bytes, PersistentTensor old) override {
    const auto pages = std::make_shared<Pages>(bytes);
    if (old) pages->adopt(*static_cast<Pages*>(old.memory.get()));
    constexpr int page = 4096;
    const int rows = static_cast<int>(pages->bytes() / page);
    return {{pages->data(), {1, rows, 1, page}, page, DType::u8}, pages};
  }

  bool writes_over_input(const Tensor& x, const LinearWeight& w) const override {
    return x.rows() > max_gemv_rows && !w.per_tensor;
  }

  void linear(Arena& arena, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e) override {
    check.linear(out, x, w, e);
    const CpuLinearWeight& p = packed_linear(w);
    if (e.over_input) return linear_over_input(run(arena), out, x.a, p.gemm, e);
    if (p.gemv && x.rows() <= max_gemv_rows && !x.b && !kernels_.exact()) {
      return gemv_rows(run(arena), out, x.a, *p.gemv, p.gemm, e);
    }
    linear_rows(run(arena), out, x, p.gemm, w.per_tensor, e);
  }

  void conv3x3(Arena& arena, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
               const Epilogue& e) override {
    check.conv3x3(out, x.shape, w, e);
    convolve(run(arena), out, x, w, g, e);
  }

  // NOLINTNEXTLINE(readability-function-size): the arguments of a norm and of a convolution
  void norm_conv3x3(Arena& arena, Tensor out, ConcatView x, const Prologue& prologue,
                    const ConvWeight& w, const ConvGeom& g, const Epilogue& e) override {
    const Gemm& kernel = *packed_conv(w).gemm.kernel;
    const bool row_blocks = suits_conv_row_blocks(x.shape(), w, g, kernel);
    if (!row_blocks && !suits_conv_bands(x.shape(), w, g, kernel)) {
      return Backend::norm_conv3x3(arena, out, x, prologue, w, g, e);
    }
    check.prologue(out, x, prologue);
    check.conv3x3(out, x.shape(), w, e);
    if (row_blocks) return conv_row_blocks(run(arena), out, x, prologue, w, e);
    conv_bands(run(arena), out, x, prologue, w, e);
  }

  void group_norm(Arena& arena, Tensor out, ConcatView x, const NormWeight& w, int groups,
                  Fn fn) override {
    check.group_norm(out, x, w, groups);
    yent::group_norm(run(arena), out, x, {w, groups, fn});
  }

  void layer_norm(Arena& arena, Tensor out, Tensor x, const NormWeight& w) override {
    check.layer_norm(out, x, w);
    yent::layer_norm(run(arena), out, x, w);
  }

  void rms_norm(Arena& arena, Tensor out, Tensor x, const NormWeight& w, int width) override {
    check.rms_norm(out, x, w, width);
    ENSURE(out.dtype == DType::f32 && x.dtype == DType::f32, "rms_norm {}: not f32", w.name);
    yent::rms_norm(run(arena), out, x, w, width);
  }

  void attention(Arena& arena, Tensor out, Tensor q, Tensor k, Tensor v,
                 const AttnSpec& s) override {
    check.attention(out, q, k, v, s);
    attend(run(arena),
           {kernels_.attention, kernels_.attention_bf16, kernels_.attention_i8,
            kernels_.attention_exact},
           out, {q, k, v}, s);
  }

  void rope(Arena& arena, Tensor x, Tensor table, Tensor positions, const RopeSpec& s) override {
    check.rope(x, table, positions, s);
    yent::rope(run(arena), x, {table, positions}, s);
  }

  void store_rows(Arena& arena, Tensor cache, Tensor x, Tensor positions) override {
    check.store_rows(cache, x, positions);
    yent::store_rows(run(arena), cache, x, positions);
  }

  void embed(Arena& arena, Tensor out, std::span<const Lookup> lookups) override {
    check.embed(out, lookups);
    yent::embed(run(arena), kernels_.gemv_q8.expand, out, lookups);
  }

  void linear_combination(Arena& arena, Tensor out, std::span<const Tensor> terms,
                          Tensor coefficients, bool rectified) override {
    check.linear_combination(out, terms, coefficients);
    for (const Tensor& t : terms) {
      ENSURE(t.dtype == DType::f32 || t.dtype == DType::bf16, "linear_combination: a term of {}",
             dtype_name(t.dtype));
    }
    yent::linear_combination(run(arena), out, terms, coefficients, rectified);
  }

  void quantize(Arena& arena, Tensor out, ConcatView x, const QuantGrid& g,
                const QuantMix& m) override {
    check.quantize(out, x, g, m);
    yent::quantize(run(arena), out, x, g, m);
  }

  void write(Tensor dst, const void* src) override { copy_from_host(dst, src); }
  void read(void* dst, Tensor src) override { copy_to_host(dst, src); }

 private:
  CpuRun run(Arena& arena) const { return {arena, threads_, kernels_.row_kernels}; }

  // A packed weight with the name that reports show.
  template <class Weight>
  std::shared_ptr<Weight> named(std::shared_ptr<Weight> weight) const {
    if (kernels_.exact()) weight->kernel += " exact";
    return weight;
  }

  Isa cap_;
  CpuFeatures features_;
  int threads_;
  Kernels kernels_;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(const CpuOptions& options) {
  const CpuFeatures features = detect_features();
  const Isa cap = resolve_cap(options.isa, features);
  if (cap == Isa::ref) return make_ref_backend();
  const int threads = options.threads > 0 ? options.threads : usable_cores();
  return std::make_unique<CpuBackend>(cap, features, threads);
}

std::unique_ptr<Backend> make_table_backend(Isa cap, int threads) {
  CpuFeatures features = detect_features();
  features.quick_bf16 = true;  // slow rows are tested and measured, too
  return std::make_unique<CpuBackend>(cap, features, threads);
}

}  // namespace yent
