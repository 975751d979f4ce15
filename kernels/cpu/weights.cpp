#include "kernels/cpu/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/runtime/pages.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/error.h"
#include "kernels/half.h"
#include "kernels/read_elements.h"

namespace yent {
namespace {

using ReadRow = std::function<void(size_t column, float* to)>;

// read_elements with the vectors there are for it.
void read_floats(const RowKernels& row_kernels, const HostTensor& t, size_t begin, size_t count,
                 float* to) {
  const size_t whole = t.dtype == DType::f16 ? count / 16 * 16 : 0;
  if (whole) {
    ENSURE((begin + whole) * 2 <= t.bytes, "{}: elements {} + {}", t.name, begin, whole);
    row_kernels.widen(to, reinterpret_cast<const uint16_t*>(t.data) + begin, whole);
  }
  read_elements(t, begin + whole, count - whole, to + whole);
}

// Codes of one output channel, symmetric. Returns what a code is worth: NaN where a weight is not
// finite, so that the channel's outputs show it.
float quantize(const RowKernels& row_kernels, const float* values, int count, int8_t* quantized) {
  const float scale = quant_scale(row_kernels.absmax(values, Element::f32, count));
  if (scale != scale) {
    std::fill_n(quantized, count, int8_t{0});
  } else {
    row_kernels.convert(quantized, Element::i8, 1 / scale, values, Element::f32, count);
  }
  return scale;
}

const Gemm& kernel_for(const Kernels& kernels, Precision precision) {
  if (precision == Precision::bf16) return kernels.gemm_bf16;
  if (precision == Precision::int8) return kernels.gemm_i8;
  return kernels.gemm_f32;
}

// Lays out a matrix given row by row: `stretches` of `length`, each filled up to the kernel's
// granule. Returns its bytes.
size_t pack(GemmWeight& w, const Kernels& kernels, int threads, int columns, int segments,
            int length, Precision precision, const ReadRow& read_row) {
  const Gemm& g = kernel_for(kernels, precision);
  const bool half = precision == Precision::f16;
  const int full = (length + g.kr - 1) / g.kr * g.kr, k = segments * full;
  const size_t panels = (columns + g.nr - 1) / g.nr;
  const size_t panel_bytes = static_cast<size_t>(k) * g.nr * (half ? sizeof(uint16_t) : g.b_bytes);
  w.kernel = &g;
  w.columns = columns;
  w.k = k;
  w.bias.assign(panels * g.nr, 0.0f);
  w.column_scale.assign(precision == Precision::int8 ? panels * g.nr : 0, 0.0f);
  w.compensation.assign(g.zero_point ? panels * g.nr : 0, 0);
  w.memory = aligned_bytes(panels * panel_bytes);
  w.panels = w.memory.get();

  parallel_for(threads, panels, [&](size_t panel, int) {
    const int first = panel * g.nr, count = std::min(g.nr, columns - first);
    std::vector<float> rows(static_cast<size_t>(count) * k);
    for (int j = 0; j < count; ++j) {
      float* row = rows.data() + static_cast<size_t>(j) * k;
      read_row(first + j, row);
      for (int s = segments - 1; s >= 0 && full > length; --s) {  // the last moves furthest
        std::copy_backward(row + s * length, row + (s + 1) * length, row + s * full + length);
        std::fill(row + s * full + length, row + (s + 1) * full, 0.0f);
      }
    }
    std::byte* to = w.memory.get() + panel * panel_bytes;
    if (precision == Precision::int8) {
      std::vector<int8_t> quantized(rows.size());
      for (int j = 0; j < count; ++j) {
        const size_t at = static_cast<size_t>(j) * k;
        w.column_scale[first + j] = quantize(kernels.row_kernels, &rows[at], k, &quantized[at]);
        if (!g.zero_point) continue;
        w.compensation[first + j] =
            g.zero_point * std::accumulate(&quantized[at], &quantized[at] + k, int32_t{0});
      }
      g.pack(to, quantized.data(), k, count, k);
    } else if (half) {
      std::vector<float> packed(static_cast<size_t>(k) * g.nr);
      g.pack(packed.data(), rows.data(), k, count, k);
      std::transform(packed.begin(), packed.end(), reinterpret_cast<uint16_t*>(to), f32_to_f16);
    } else {
      g.pack(to, rows.data(), k, count, k);
    }
  });
  if (half) {
    const auto halves = reinterpret_cast<const uint16_t*>(w.panels);
    w.expand = [&g, &row_kernels = kernels.row_kernels, halves, k](float* to, float*, size_t panel,
                                                                   size_t k0, size_t depth) {
      row_kernels.widen(to, halves + (panel * k + k0) * g.nr, depth * g.nr);
    };
  }
  return panels * panel_bytes + sizeof(float) * (w.bias.size() + w.column_scale.size());
}

std::string kernel_name(Precision precision, const Gemm& g) {
  constexpr const char* kinds[] = {"f32", "f16", "bf16", "int8"};
  return fmt::format("{} {}", kinds[static_cast<int>(precision)], g.name);
}

// Where an output column of stacked or paired q8 parts lies in the file.
const unsigned char* q8_row(const CpuWeight& w, int column) {
  const size_t row_bytes = static_cast<size_t>(w.gemm.k) / 32 * 34;
  if (w.paired) return w.q8[column % 2].blocks + column / 2 * row_bytes;
  size_t part = 0;
  for (; column >= w.q8[part].rows; ++part) column -= w.q8[part].rows;
  return w.q8[part].blocks + column * row_bytes;
}

// Rows become lanes of vectors, on pages that are read faster than those of a file.
void pack_q8_panels(CpuWeight& w, const GemvQ8& q8, int threads) {
  const Gemm& g = *w.gemm.kernel;
  const Q8Panel& layout = q8.panel;
  const int k = w.gemm.k, lanes = layout.lanes;
  const size_t panels = w.gemm.bias.size() / lanes, bytes = layout.bytes(k);
  ENSURE(g.nr % lanes == 0, "panels of {} rows for {}", lanes, g.name);
  const uint32_t flip = layout.zero_point ? 0x80808080 : 0;
  w.q8_panels = aligned_bytes(panels * bytes);
  w.bytes = panels * bytes;
  parallel_for(threads, panels, [&](size_t panel, int) {
    std::byte* to = w.q8_panels.get() + panel * bytes;
    for (int lane = 0; lane < lanes; ++lane) {
      const int column = static_cast<int>(panel) * lanes + lane;
      if (column >= w.gemm.columns) break;
      const unsigned char* block = q8_row(w, column);
      std::byte* quantized = to + layout.values_at(k) + lane * 4;
      for (int b = 0; b < k / 32; ++b, block += 34) {
        std::memcpy(to + (b * lanes + lane) * 2, block, 2);
        for (int i = 2; i < 34; i += 4, quantized += lanes * 4) {
          uint32_t group;
          std::memcpy(&group, block + i, 4);
          group ^= flip;
          std::memcpy(quantized, &group, 4);
        }
      }
    }
  });
  w.gemm.expand = [&w, &g, &q8](float* to, float*, size_t panel, size_t k0, size_t depth) {
    const size_t each = q8.panel.bytes(w.gemm.k), per_panel = g.nr / q8.panel.lanes;
    for (size_t i = 0; i < per_panel; ++i) {
      const std::byte* from = w.q8_panels.get() + (panel * per_panel + i) * each;
      q8.expand_panel(to + i * q8.panel.lanes, g.nr, reinterpret_cast<const unsigned char*>(from),
                      w.gemm.k, static_cast<int>(k0 / 32), static_cast<int>(depth / 32));
    }
  };
}

// Products of many rows expand panels of the gemm's as they go.
void multiply_as_floats(GemmWeight& w, const Gemm& g, int columns, int k, int granule) {
  w.kernel = &g;
  w.columns = columns;
  w.k = k;
  w.bias.assign((columns + g.nr - 1) / g.nr * g.nr, 0.0f);
  w.expand_granule = granule;
}

void pack_q8(CpuWeight& w, int threads, const Kernels& kernels, const LinearSource& source,
             int columns, int k) {
  const Gemm& g = kernels.gemm_f32;
  multiply_as_floats(w.gemm, g, columns, k, 32);
  for (const auto& part : source.parts) {
    w.q8.push_back({reinterpret_cast<const unsigned char*>(part.weight.data),
                    static_cast<int>(part.weight.dims[0])});
    w.bytes += part.weight.bytes;
  }
  w.kernel = fmt::format("q8_0 {}", kernels.gemv_q8.name);
  if (kernels.gemv_q8.panel.lanes) return pack_q8_panels(w, kernels.gemv_q8, threads);
  w.gemm.expand = [&w, &g, &q8 = kernels.gemv_q8](float* to, float* room, size_t panel, size_t k0,
                                                  size_t depth) {
    const int first = panel * g.nr, count = std::min(g.nr, w.gemm.columns - first);
    for (int j = 0; j < count; ++j) {
      q8.expand(room + j * depth, q8_row(w, first + j) + k0 / 32 * 34, depth);
    }
    g.pack(to, room, depth, count, depth);
  };
}

using Origin = std::pair<const LinearSource::Part*, size_t>;  // a part and a row of it

void pack_quant_blocks(CpuWeight& w, int threads, const Kernels& kernels,
                       const LinearSource& source, const std::vector<Origin>& origin, int k) {
  const Gemm& g = kernels.gemm_f32;
  const GemvQ8& gemv = kernels.gemv_q8;
  ENSURE(g.nr % gemv.lanes == 0, "panels of {} rows for {}", gemv.lanes, g.name);
  int granule = 32;
  for (const auto& part : source.parts) {
    granule = std::max(granule, block_elements(part.weight.dtype));
  }
  multiply_as_floats(w.gemm, g, static_cast<int>(origin.size()), k, granule);
  const int columns = static_cast<int>(w.gemm.bias.size());
  w.blocks = pack_block_panels(gemv, threads, source, k, columns, [&](size_t c) {
    if (c >= origin.size()) return static_cast<const std::byte*>(nullptr);
    const auto& [part, row] = origin[c];
    return part->weight.data + row * (part->weight.bytes / part->weight.dims[0]);
  });
  w.bytes = w.blocks.bytes;
  w.kernel = fmt::format("{} {}", dtype_name(source.parts[0].weight.dtype), gemv.name);
  w.gemm.expand = [&w, &g](float* to, float*, size_t panel, size_t k0, size_t depth) {
    const size_t lanes = w.blocks.lanes, per_panel = g.nr / lanes;
    for (size_t i = 0; i < per_panel; ++i) {
      w.blocks.expand(to + i * lanes, g.nr, panel * per_panel + i, k0, depth);
    }
  };
}

}  // namespace

std::shared_ptr<CpuWeight> pack_linear_weight(const Kernels& kernels, int threads,
                                              const LinearSource& source, Precision precision) {
  auto w = std::make_shared<CpuWeight>();
  w->paired = source.paired;
  const int k = static_cast<int>(source.parts[0].weight.dims[1]);
  std::vector<Origin> origin;  // of every column
  for (const auto& part : source.parts) {
    for (int64_t r = 0; r < part.weight.dims[0]; ++r) origin.emplace_back(&part, r);
  }
  if (source.paired) {
    for (size_t c = 0; c < origin.size(); ++c) origin[c] = {&source.parts[c % 2], c / 2};
  }
  const int columns = static_cast<int>(origin.size());

  const bool in_place = precision == Precision::f32 && k % 32 == 0 &&
                        std::all_of(source.parts.begin(), source.parts.end(),
                                    [](auto& part) { return part.weight.dtype == DType::q8_0; });
  if (in_place) {
    pack_q8(*w, threads, kernels, source, columns, k);
  } else if (precision == Precision::f32 && suits_block_panels(kernels.gemv_q8, source, k)) {
    pack_quant_blocks(*w, threads, kernels, source, origin, k);
  } else {
    w->bytes =
        pack(w->gemm, kernels, threads, columns, 1, k, precision, [&](size_t column, float* to) {
          const auto& [part, row] = origin[column];
          read_floats(kernels.row_kernels, part->weight, row * k, k, to);
        });
    w->kernel = kernel_name(precision, *w->gemm.kernel);
  }
  for (int c = 0; c < columns; ++c) {
    const HostTensor& bias = origin[c].first->bias;
    if (!bias.dims.empty()) read_elements(bias, origin[c].second, 1, &w->gemm.bias[c]);
  }
  return w;
}

std::shared_ptr<CpuWeight> pack_conv_weight(const Kernels& kernels, int threads,
                                            const HostTensor& weight, const HostTensor& bias,
                                            Precision precision, bool upsamples) {
  auto w = std::make_shared<CpuWeight>();
  const size_t out = weight.dims[0], in = weight.dims[1];
  // The file has [in][tap]; panels run over taps, then channels. `sums[t]` tells which taps of
  // the file are added up in tap t.
  const auto pack_taps = [&](GemmWeight& to, const std::vector<std::vector<int>>& sums) {
    const int taps = static_cast<int>(sums.size());
    w->bytes +=
        pack(to, kernels, threads, out, taps, in, precision, [&](size_t column, float* row) {
          std::vector<float> file(9 * in);
          read_floats(kernels.row_kernels, weight, column * file.size(), file.size(), file.data());
          for (const std::vector<int>& parts : sums) {
            std::fill_n(row, in, 0.0f);
            for (const int part : parts) {
              for (size_t c = 0; c < in; ++c) row[c] += file[c * 9 + part];
            }
            row += in;
          }
        });
    if (!bias.dims.empty()) read_elements(bias, 0, out, to.bias.data());
  };
  pack_taps(w->gemm, {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}});
  w->kernel = kernel_name(precision, *w->gemm.kernel);
  if (!upsamples) return w;
  // Along one side an even pixel sees tap 0 on the pixel before and taps 1 and 2 on its own; an
  // odd one taps 0 and 1 on its own and tap 2 on the next.
  const std::vector<int> side[2][2] = {{{0}, {1, 2}}, {{0, 1}, {2}}};
  for (int phase = 0; phase < 4; ++phase) {
    std::vector<std::vector<int>> sums;
    for (const std::vector<int>& rows : side[phase / 2]) {
      for (const std::vector<int>& columns : side[phase % 2]) {
        auto& parts = sums.emplace_back();
        for (const int y : rows) {
          for (const int x : columns) parts.push_back(3 * y + x);
        }
      }
    }
    pack_taps(w->doubling.emplace_back(), sums);
  }
  return w;
}

size_t staged_bytes(const GemvQ8& kernel, const CpuWeight& w) {
  const bool in_panels = w.q8_panels || !w.blocks.runs.empty();
  return in_panels ? static_cast<size_t>(kernel.staged_bytes) * w.gemm.k / 32 : 0;
}

const void* stage_inputs(const GemvQ8& kernel, const CpuWeight& w, const float* x,
                         std::byte* room) {
  if (!staged_bytes(kernel, w)) return x;
  kernel.stage(room, x, w.gemm.k);
  return room;
}

void multiply_blocks(const GemvQ8& kernel, const CpuWeight& w, int first, int last, const void* x,
                     float* sums) {
  if (!w.blocks.runs.empty()) return w.blocks.multiply(first, last, x, sums);
  const int k = w.gemm.k;
  if (w.q8_panels) {
    const int lanes = kernel.panel.lanes;
    const std::byte* panels = w.q8_panels.get() + first / lanes * kernel.panel.bytes(k);
    return kernel.multiply_panels(sums, reinterpret_cast<const unsigned char*>(panels),
                                  (last - first + lanes - 1) / lanes, k, x);
  }
  const float* floats = static_cast<const float*>(x);
  if (w.paired) {
    for (int i = 0; i < 2; ++i) {
      kernel.multiply(sums + i, 2, q8_row(w, first + i), (last - first) / 2, k, floats);
    }
    return;
  }
  int begin = 0;
  for (const auto& part : w.q8) {
    const int from = std::max(begin, first), to = std::min(begin + part.rows, last);
    if (from < to) {
      kernel.multiply(sums + from - first, 1, q8_row(w, from), to - from, k, floats);
    }
    begin += part.rows;
  }
}

}  // namespace yent
