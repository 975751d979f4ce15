#include "kernels/cpu/gemm/gemm_weight.h"

#include <algorithm>
#include <span>

#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/runtime/pages.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/error.h"
#include "kernels/half.h"
#include "kernels/integers.h"
#include "kernels/read_elements.h"

namespace yent {
namespace {

// Quantizes one output channel symmetrically. Returns its scale: NaN where a weight is not finite,
// so that the channel's outputs show it.
float quantize(const RowKernels& row_kernels, const float* values, int count, int8_t* quantized) {
  const float scale = quant_scale(row_kernels.absmax(values, Element::f32, count));
  if (scale != scale) {
    std::fill_n(quantized, count, int8_t{0});
  } else {
    row_kernels.convert(quantized, Element::i8, 1 / scale, values, Element::f32, count);
  }
  return scale;
}

// Quantized values lie in [-127, 127], so 256 of them fit 16 bits, in which compilers add them
// twice as fast.
int32_t sum(std::span<const int8_t> quantized) {
  int32_t total = 0;
  for (size_t begin = 0; begin < quantized.size(); begin += 256) {
    int16_t part = 0;
    const size_t end = std::min(begin + 256, quantized.size());
    for (size_t i = begin; i < end; ++i) part = static_cast<int16_t>(part + quantized[i]);
    total += part;
  }
  return total;
}

// What a thread packs panels in. They lie in memory that is warm, and no panel clears it: each
// writes all that it reads.
struct PackBuffers {
  std::vector<float> rows;
  std::vector<int8_t> quantized;
};

// One panel from `count` rows of f32, k apart.
struct PanelPacker {
  const RowKernels& row_kernels;
  const Precision precision;
  GemmWeight& w;

  void pack(std::byte* to, PackBuffers& buffers, int first, int count) const {
    if (precision == Precision::int8) return pack_int8(to, buffers, first, count);
    if (precision == Precision::f16) return pack_f16(to, buffers.rows, count);
    w.kernel->pack_b(to, buffers.rows.data(), w.k, count, w.k);
  }

  void pack_int8(std::byte* to, PackBuffers& buffers, int first, int count) const {
    const Gemm& g = *w.kernel;
    const int k = w.k;
    std::vector<int8_t>& quantized = buffers.quantized;
    quantized.resize(buffers.rows.size());
    for (int j = 0; j < count; ++j) {
      const size_t at = static_cast<size_t>(j) * k;
      w.column_scale[first + j] = quantize(row_kernels, &buffers.rows[at], k, &quantized[at]);
      if (!g.zero_point) continue;
      w.compensation[first + j] =
          g.zero_point * sum(std::span(quantized).subspan(at, static_cast<size_t>(k)));
    }
    g.pack_b(to, quantized.data(), k, count, k);
  }

  void pack_f16(std::byte* to, const std::vector<float>& rows, int count) const {
    std::vector<float> packed(static_cast<size_t>(w.k) * w.kernel->nr);
    w.kernel->pack_b(packed.data(), rows.data(), w.k, count, w.k);
    std::transform(packed.begin(), packed.end(), reinterpret_cast<uint16_t*>(to), f32_to_f16);
  }
};

// Moves the segments of a dense row apart to their padded places, the last first.
void pad_segments(float* row, const GemmSource& source, int padded) {
  const int length = source.segment_length;
  for (int s = source.segments - 1; s >= 0 && padded > length; --s) {
    std::copy_backward(row + s * length, row + (s + 1) * length, row + s * padded + length);
    std::fill(row + s * padded + length, row + (s + 1) * padded, 0.0f);
  }
}

}  // namespace

void read_weight(const RowKernels& row_kernels, const HostTensor& t, size_t begin, size_t count,
                 float* to) {
  const size_t whole = t.dtype == DType::f16 ? count / 16 * 16 : 0;
  if (whole) {
    ENSURE((begin + whole) * 2 <= t.bytes, "{}: elements {} + {}", t.name, begin, whole);
    row_kernels.widen(to, reinterpret_cast<const uint16_t*>(t.data) + begin, whole);
  }
  read_elements(t, begin + whole, count - whole, to + whole);
}

GemmWeight pack_gemm_weight(const Gemm& g, const RowKernels& row_kernels, int threads,
                            const GemmSource& source, Precision precision) {
  const bool half = precision == Precision::f16;
  const int padded = round_up(source.segment_length, g.kr), k = source.segments * padded;
  const size_t panels = ceil_div(source.columns, g.nr);
  const size_t panel_bytes = static_cast<size_t>(k) * g.nr * (half ? sizeof(uint16_t) : g.b_bytes);
  GemmWeight w{.kernel = &g, .columns = source.columns, .k = k};
  w.bias.assign(panels * g.nr, 0.0f);
  w.column_scale.assign(precision == Precision::int8 ? panels * g.nr : 0, 0.0f);
  w.compensation.assign(g.zero_point ? panels * g.nr : 0, 0);
  w.memory = aligned_bytes(panels * panel_bytes);
  w.panels = w.memory.get();
  w.bytes = panels * panel_bytes + sizeof(float) * (w.bias.size() + w.column_scale.size());

  const PanelPacker packer{row_kernels, precision, w};
  std::vector<PackBuffers> buffers(std::max(threads, 1));
  parallel_for(threads, panels, [&](size_t panel, int thread) {
    const int first = panel * g.nr, count = std::min(g.nr, source.columns - first);
    PackBuffers& own = buffers[thread];
    own.rows.resize(static_cast<size_t>(g.nr) * k);
    for (int j = 0; j < count; ++j) {
      float* row = own.rows.data() + static_cast<size_t>(j) * k;
      source.read_row(first + j, row);
      pad_segments(row, source, padded);
    }
    packer.pack(w.memory.get() + panel * panel_bytes, own, first, count);
  });
  if (half) {
    w.expand = [&g, &row_kernels, memory = w.memory, k](float* to, float*, size_t panel, size_t k0,
                                                        size_t depth) {
      const auto halves = reinterpret_cast<const uint16_t*>(memory.get());
      row_kernels.widen(to, halves + (panel * k + k0) * g.nr, depth * g.nr);
    };
  }
  return w;
}

GemmWeight expanded_gemm_weight(const Gemm& g, int columns, int k, int granule) {
  GemmWeight w{.kernel = &g, .columns = columns, .k = k, .expand_granule = granule};
  w.bias.assign(round_up(columns, g.nr), 0.0f);
  return w;
}

std::string kernel_name(Precision precision, const Gemm& g) {
  return fmt::format("{} {}", precision_name(precision), g.name);
}

}  // namespace yent
