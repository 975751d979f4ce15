// Checks what it is given, then hands every op to its driver. No intrinsics, no threads.
#include "kernels/cpu/cpu_backend.h"

#include <omp.h>

#include <algorithm>
#include <cstring>

#include "kernels/blocks.h"
#include "kernels/cpu/attention/attention_driver.h"
#include "kernels/cpu/conv/conv_row_blocks.h"
#include "kernels/cpu/conv/conv_window.h"
#include "kernels/cpu/gemm/linear_row_blocks.h"
#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/norm/norm_driver.h"
#include "kernels/cpu/runtime/pages.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/cpu/weights.h"
#include "kernels/error.h"
#include "kernels/half.h"
#include "kernels/memory.h"
#include "kernels/op_check.h"
#include "kernels/read_elements.h"
#include "kernels/ref/ref_backend.h"

namespace yent {
namespace {

constexpr size_t row_block = 16;  // rows of a task in the ops that go row by row

const CpuWeight& packed(const std::shared_ptr<const Packed>& p) {
  return static_cast<const CpuWeight&>(*p);
}

size_t row_bytes(const Tensor& t) {
  return static_cast<size_t>(t.ld) / block_elements(t.dtype) * block_bytes(t.dtype);
}

// What every op reads, and linears, convolutions and attention write.
bool is_rows(const Tensor& t, const Shape& shape) {
  return (t.dtype == DType::f32 || t.dtype == DType::bf16) && !t.border && has_shape(t, shape);
}

constexpr OpCheck check{is_rows, has_shape};

class CpuBackend : public Backend {
 public:
  CpuBackend(Isa cap, const CpuFeatures& features, int threads)
      : cap_(cap), threads_(threads), kernels_(pick_kernels(cap, features)) {}

  std::string device() const override { return "cpu"; }
  std::string isa() const override { return isa_name(cap_); }
  int threads() const override { return threads_; }
  size_t available_bytes() const override { return available_memory(); }

  LinearWeight pack_linear(const LinearSource& s, Precision precision) override {
    LinearWeight w = check_linear_source(s, precision);
    w.packed = pack_linear_weight(kernels_, threads_, s, precision);
    return w;
  }

  ConvWeight pack_conv3x3(const std::string& name, const HostTensor& weight, const HostTensor& bias,
                          Precision precision, bool upsamples) override {
    ConvWeight w = check_conv_source(name, weight, bias, precision);
    w.packed = pack_conv_weight(kernels_, threads_, weight, bias, precision, upsamples);
    return w;
  }

  // Below f32 activations are bf16: half the bytes to move, and what is multiplied is rounded to
  // that or less anyway.
  Layout layout(Shape shape, ConsumerHint hint) const override {
    const Precision p = hint.precision;
    if (p == Precision::f32 || p == Precision::f16) return row_major_layout(shape, DType::f32);
    if (hint.per_tensor) return row_major_layout(shape, DType::bf16);  // known when all is written
    if (hint.use == Consumer::linear) return padded_rows_layout(shape, operand(p));
    if (hint.use == Consumer::conv3x3) return padded_image_layout(shape, operand(p));
    return row_major_layout(shape, DType::bf16);
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

  void linear(Arena& arena, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e) override {
    const CpuWeight& p = packed(w.packed);
    check.linear(out, x, w, e);
    const size_t image_rows = out.rows() / out.shape.n;
    if (p.in_blocks() && x.rows() < 8 && !x.b) return gemv_rows(arena, out, x.a, p, e, image_rows);

    const Gemm& g = *p.gemm.kernel;
    const size_t rows_out = out.rows();
    GemmInput input;
    if (g.input_bytes == 4) {  // floats are read where they lie, both halves
      const Reordered a(arena, threads_, kernels_.row_kernels, x.a,
                        row_major_layout(x.a.shape, DType::f32));
      const Tensor second = x.b ? x.b : x.a;
      const Reordered b(arena, threads_, kernels_.row_kernels, second,
                        row_major_layout(second.shape, DType::f32));
      input.segments = {x.a.shape.c};
      if (x.b) input.segments.push_back(x.b.shape.c);
      input.fill_indirection = [&](size_t first, int count, const void** to) {
        for (int i = 0; i < count; ++i) to[i] = row_at(a.tensor(), first + i);
        for (int i = 0; x.b && i < count; ++i) to[count + i] = row_at(b.tensor(), first + i);
      };
      return multiply(arena, threads_, out, rows_out, input, p.gemm, e, image_rows);
    }
    const Layout wanted = padded_rows_layout(x.shape(), operand(w.precision));
    if (!has_layout(x, wanted.tensor) && suits_row_blocks(x, w, g, threads_)) {
      return linear_row_blocks(arena, threads_, kernels_.row_kernels, out, x, w.precision, p.gemm,
                               e);
    }
    const Reordered lines(arena, threads_, kernels_.row_kernels, x, wanted, w.per_tensor);
    const Tensor& rows = lines.tensor();
    if (w.precision == Precision::int8) input.scale = quant_scales(rows);
    input.segments = {w.in};
    input.uniform_stride = true;
    input.fill_indirection = [&](size_t first, int count, const void** to) {
      for (int i = 0; i < count; ++i) to[i] = row_at(rows, first + i);
    };
    multiply(arena, threads_, out, rows_out, input, p.gemm, e, image_rows);
  }

  void conv3x3(Arena& arena, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
               const Epilogue& e) override {
    check.conv3x3(out, x.shape, w, e);
    const CpuWeight& p = packed(w.packed);
    const bool floats = p.gemm.kernel->input_bytes == 4, quantized = w.precision == Precision::int8;
    const Layout wanted = floats ? row_major_layout(x.shape, DType::f32)
                                 : padded_image_layout(x.shape, operand(w.precision));
    const Reordered image(arena, threads_, kernels_.row_kernels, x, wanted, w.per_tensor);
    const Scratch zeros(arena, sizeof(float) * w.in);  // what a tap outside the image reads
    if (!arena.measuring()) std::fill_n(zeros.as<float>(), w.in, 0.0f);
    const auto product = [&](const ConvWindow& window, const GemmWeight& weight,
                             const OutputMap& output_map) {
      GemmInput input;
      input.segments.assign(window.taps.size(), w.in);
      if (quantized) input.scale = quant_scales(image.tensor());
      const size_t image_rows = static_cast<size_t>(window.grid.h) * window.grid.w;
      input.rows_per_scale = image_rows;
      input.output_map = output_map;
      input.uniform_stride =
          !floats && !window.upsampled && window.grid.w % 16 == 0 && window.inside();
      input.fill_indirection = [&](size_t first, int count, const void** to) {
        window.fill_indirection(first, count, to);
      };
      multiply(arena, threads_, out, window.grid.rows(), input, weight, e, image_rows);
    };
    const Shape in = x.shape;
    const bool doubled = g.upsample && out.shape.h == 2 * in.h && out.shape.w == 2 * in.w;
    if (!doubled || p.doubling.empty()) {
      const auto taps = ConvWindow::square(3, -g.pad_top, -g.pad_left);
      return product({image.tensor(), out.shape, g.stride, taps, g.upsample, zeros.as<std::byte>()},
                     p.gemm, {});
    }
    // Every second pixel of every second line is a convolution 2x2 of the image as it is.
    const size_t line = in.w, line_step = 4 * line;
    for (int phase = 0; phase < 4; ++phase) {
      const int y = phase / 2, x0 = phase % 2;
      product({image.tensor(), in.with_c(w.out), 1, ConvWindow::square(2, y - 1, x0 - 1), false,
               zeros.as<std::byte>()},
              p.doubling[phase], {line, line_step, 2, 2 * line * y + x0});
    }
  }

  void norm_conv3x3(Arena& arena, Tensor out, ConcatView x, const Prologue& prologue,
                    const ConvWeight& w, const ConvGeom& g, const Epilogue& e) override {
    const GemmWeight& weight = packed(w.packed).gemm;
    if (!suits_row_blocks(x.shape(), w, g, *weight.kernel)) {
      return Backend::norm_conv3x3(arena, out, x, prologue, w, g, e);
    }
    check.prologue(out, x, prologue);
    check.conv3x3(out, x.shape(), w, e);
    conv_row_blocks(arena, threads_, kernels_.row_kernels, out, x, prologue, w.precision, weight,
                    e);
  }

  void group_norm(Arena& arena, Tensor out, ConcatView x, const NormWeight& w, int groups,
                  Fn fn) override {
    check.group_norm(out, x, w, groups);
    yent::group_norm(arena, threads_, kernels_.row_kernels, out, x, w, groups, fn);
  }

  void layer_norm(Arena& arena, Tensor out, Tensor x, const NormWeight& w) override {
    check.layer_norm(out, x, w);
    yent::layer_norm(arena, threads_, kernels_.row_kernels, out, x, w);
  }

  void rms_norm(Arena& arena, Tensor out, Tensor x, const NormWeight& w, int width) override {
    check.rms_norm(out, x, w, width);
    ENSURE(out.dtype == DType::f32 && x.dtype == DType::f32, "rms_norm {}: not f32", w.name);
    if (arena.measuring()) return;
    each_row(x.rows(), [&](size_t r) {
      for (int c = 0; c < x.shape.c; c += width) {
        kernels_.row_kernels.rms_norm(out.row<float>(r) + c, x.row<float>(r) + c, width,
                                      vector(w.weight), w.eps);
      }
    });
  }

  void attention(Arena& arena, Tensor out, Tensor q, Tensor k, Tensor v,
                 const AttnSpec& s) override {
    check.attention(out, q, k, v, s);
    attend(arena, threads_, kernels_, out, q, k, v, s);
  }

  void rope(Arena& arena, Tensor x, Tensor table, Tensor positions, int head_width,
            bool interleaved) override {
    check.rope(x, table, positions, head_width);
    if (arena.measuring()) return;
    const int half = table.shape.c / 2;
    const int step = interleaved ? 2 : 1, apart = interleaved ? 1 : half;
    each_row(x.rows(), [&](size_t r) {
      const float* cosine = table.row<float>(*positions.row<int32_t>(r));
      const float* sine = cosine + half;
      for (float* head = x.row<float>(r); head < x.row<float>(r) + x.shape.c; head += head_width) {
        for (int i = 0; i < half; ++i) {
          float *a = head + i * step, *b = a + apart;
          const float turned = *a * cosine[i] - *b * sine[i];
          *b = *a * sine[i] + *b * cosine[i];
          *a = turned;
        }
      }
    });
  }

  void store_rows(Arena& arena, Tensor cache, Tensor x, Tensor positions) override {
    check.store_rows(cache, x, positions);
    if (arena.measuring()) return;
    for (size_t r = 0; r < x.rows(); ++r) {
      std::copy_n(x.row<float>(r), x.shape.c, cache.row<float>(*positions.row<int32_t>(r)));
    }
  }

  void embed(Arena& arena, Tensor out, Tensor table, Tensor ids, Tensor position_table,
             Tensor positions) override {
    check.embed(out, table, ids, position_table, positions);
    if (arena.measuring()) return;
    each_row(out.rows(), [&](size_t r) {
      float* to = out.row<float>(r);
      const size_t id = *ids.row<int32_t>(r);
      const auto* row = static_cast<const std::byte*>(table.data) + id * row_bytes(table);
      if (table.dtype == DType::q8_0) {
        kernels_.gemv_q8.expand(to, reinterpret_cast<const unsigned char*>(row), out.shape.c);
      } else if (stores_natively(table.dtype)) {
        blocks_to_f32(table.dtype, row, out.shape.c, to);
      } else {
        std::copy_n(table.row<float>(id), out.shape.c, to);
      }
      if (!position_table) return;
      const float* place = position_table.row<float>(*positions.row<int32_t>(r));
      for (int c = 0; c < out.shape.c; ++c) to[c] += place[c];
    });
  }

  void linear_combination(Arena& arena, Tensor out, std::span<const Tensor> terms,
                          Tensor coefficients) override {
    check.linear_combination(out, terms, coefficients);
    for (const Tensor& t : terms) {
      ENSURE(t.dtype == DType::f32, "linear_combination: a term of {}", dtype_name(t.dtype));
    }
    if (arena.measuring()) return;
    const float* coefficient = coefficients.row<float>(0);
    each_row(out.rows(), [&](size_t r) {
      for (int c = 0; c < out.shape.c; ++c) {
        float sum = 0;
        for (size_t i = 0; i < terms.size(); ++i) sum += coefficient[i] * terms[i].row<float>(r)[c];
        out.row<float>(r)[c] = sum;
      }
    });
  }

  void write(Tensor dst, const void* src) override {
    const size_t dense = static_cast<size_t>(dst.shape.c) * block_bytes(dst.dtype);
    for (size_t r = 0; r < dst.rows(); ++r) {
      std::memcpy(static_cast<std::byte*>(dst.data) + r * row_bytes(dst),
                  static_cast<const std::byte*>(src) + r * dense, dense);
    }
  }

  void read(void* dst, Tensor src) override {
    if (src.dtype == DType::bf16 || src.dtype == DType::i8) {
      return read_floats(static_cast<float*>(dst), src);
    }
    const size_t dense = static_cast<size_t>(src.shape.c) * block_bytes(src.dtype);
    for (size_t r = 0; r < src.rows(); ++r) {
      std::memcpy(static_cast<std::byte*>(dst) + r * dense,
                  static_cast<const std::byte*>(src.data) + r * row_bytes(src), dense);
    }
  }

 private:
  static const float* vector(const PersistentTensor& s) {
    return s ? s.tensor.row<float>(0) : nullptr;
  }

  static void read_floats(float* to, const Tensor& src) {
    const size_t pixels = src.rows() / src.shape.n;
    for (size_t r = 0; r < src.rows(); ++r, to += src.shape.c) {
      const std::byte* row = row_at(src, r);
      const float scale =
          src.dtype == DType::i8 ? quant_scales(src)[src.border ? r / pixels : r] : 1;
      for (int c = 0; c < src.shape.c; ++c) {
        to[c] = src.dtype == DType::i8
                    ? scale * static_cast<float>(reinterpret_cast<const int8_t*>(row)[c])
                    : bf16_to_f32(reinterpret_cast<const uint16_t*>(row)[c]);
      }
    }
  }

  template <class Body>
  void each_row(size_t rows, const Body& body) const {
    parallel_for(threads_, (rows + row_block - 1) / row_block, [&](size_t task, int) {
      const size_t end = std::min(rows, (task + 1) * row_block);
      for (size_t r = task * row_block; r < end; ++r) body(r);
    });
  }

  // Weights in blocks and rows so few that expanding panels would cost more than the product.
  void gemv_rows(Arena& arena, Tensor out, Tensor x, const CpuWeight& p, const Epilogue& e,
                 size_t image_rows) const {
    const Gemm& g = *p.gemm.kernel;
    const GemvQ8& q8 = kernels_.gemv_q8;
    // Columns of a task: so many that what is fetched ahead of its end is little.
    const int tasks_wanted = 8 * threads_;
    const int span = g.nr * std::max(1, p.gemm.columns / (g.nr * tasks_wanted));
    const size_t staged = staged_bytes(q8, p);
    const Scratch inputs(arena, staged * x.rows());
    const Scratch room(arena, sizeof(float) * span * threads_);
    if (arena.measuring()) return;
    std::vector<const void*> rows(x.rows());
    for (size_t r = 0; r < x.rows(); ++r) {
      rows[r] = stage_inputs(q8, p, x.row<float>(r), inputs.as<std::byte>() + r * staged);
    }
    const OutputMap one_behind_the_other;
    const OutputStore to{out, one_behind_the_other, p.gemm, e, image_rows};
    const size_t tasks = (p.gemm.columns + span - 1) / span;
    parallel_for(threads_, tasks, [&](size_t task, int thread) {
      const int first = task * span, last = std::min(p.gemm.columns, first + span);
      float* sums = room.as<float>() + thread * span;
      for (size_t r = 0; r < x.rows(); ++r) {
        multiply_blocks(q8, p, first, last, rows[r], sums);
        for (int c = first; c < last; c += g.nr) {
          to.store({sums + c - first, r, 1, c});
        }
      }
    });
  }

  Isa cap_;
  int threads_;
  Kernels kernels_;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(const CpuOptions& options) {
  const CpuFeatures features = detect_features();
  const Isa cap = resolve_cap(options.isa, features);
  if (cap == Isa::ref) return make_ref_backend();
  // Who limits OpenMP limits us, too.
  const int max_value = std::min(usable_cores(), omp_get_max_threads());
  const int threads = options.threads > 0 ? options.threads : max_value;
  return std::make_unique<CpuBackend>(cap, features, threads);
}

std::unique_ptr<Backend> make_table_backend(Isa cap, int threads) {
  CpuFeatures features = detect_features();
  features.quick_bf16 = true;  // slow rows want to be tested and measured, too
  return std::make_unique<CpuBackend>(cap, features, threads);
}

}  // namespace yent
