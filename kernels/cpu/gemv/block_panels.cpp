#include "kernels/cpu/gemv/block_panels.h"

#include <algorithm>
#include <cstring>

#include "kernels/blocks.h"
#include "kernels/cpu/runtime/pages.h"
#include "kernels/cpu/runtime/parallel.h"

namespace yent {
namespace {

constexpr size_t line = 64;

bool same(const LinearSource& source) {
  return std::all_of(source.parts.begin(), source.parts.end(), [&](const auto& part) {
    return part.weight.dtype == source.parts[0].weight.dtype;
  });
}

// The words of 32 codes of one lane, `lanes` words apart.
void pack_run(std::byte* to, int lanes, int bits, const uint8_t* quantized) {
  uint8_t words[6][4] = {};
  for (int i = 0; i < 32; ++i) {
    const int j = i / 4, high = quantized[i] >> 4;  // a group of four is in one word
    words[j % 4][i % 4] |= (quantized[i] & 15) << (j / 4 * 4);
    if (bits == 5) words[4][i % 4] |= high << j;
    if (bits == 6) words[4 + j / 4][i % 4] |= high << (j % 4 * 2);
  }
  for (int i = 0; i < bits; ++i) std::memcpy(to + i * lanes * 4, words[i], 4);
}

void pack_lane(std::byte* panel, int lane, int lanes, DType type, const std::byte* block, int k) {
  const BlockFormat f = block_format(type);
  const int groups = f.elements / f.group, steps = f.has_minimum ? 2 : 1;
  std::byte* scales = panel;
  std::byte* quantized = panel + block_values_at(f, lanes, k);
  QuantBlock b;
  for (int at = 0; at < k; at += f.elements, block += block_bytes(type)) {
    read_block(type, block, b);
    std::memcpy(scales + 2 * lane, &b.step, 2);
    if (f.has_minimum) std::memcpy(scales + 2 * (lanes + lane), &b.minimum_step, 2);
    std::byte* small = scales + 2 * steps * lanes + lane;
    for (int i = 0; f.scaled && i < groups; ++i) {
      small[i * lanes] = static_cast<std::byte>(b.scales[i]);
      if (f.has_minimum) small[(groups + i) * lanes] = static_cast<std::byte>(b.minimum[i]);
    }
    for (int i = 0; i < f.elements; i += 32, quantized += run_bytes(f, lanes)) {
      pack_run(quantized + 4 * lane, lanes, f.bits, b.values + i);
    }
    scales += scales_bytes(f, lanes);
  }
}

}  // namespace

bool suits_block_panels(const GemvQ8& gemv, const LinearSource& source, int k) {
  return std::all_of(source.parts.begin(), source.parts.end(), [&](const auto& part) {
    const int elements = block_format(part.weight.dtype).elements;
    return elements && k % elements == 0 &&
           (same(source) || (!source.paired && part.weight.dims[0] % gemv.lanes == 0));
  });
}

BlockPanels pack_block_panels(const GemvQ8& gemv, int threads, const LinearSource& source, int k,
                              int columns,
                              const std::function<const std::byte*(int column)>& row_of) {
  BlockPanels made{.lanes = gemv.lanes, .k = k};
  const size_t panels = columns / gemv.lanes;
  std::vector<DType> types;  // of every run
  size_t first = 0;
  for (const auto& part : source.parts) {
    const DType type = part.weight.dtype;
    const size_t rest = panels - first, own = part.weight.dims[0] / gemv.lanes;
    const bool last = same(source) || &part == &source.parts.back();
    const auto kernel = std::find_if(gemv.blocks, gemv.blocks + block_formats, [&](auto& blocks) {
      return blocks.format == block_format(type);
    });
    made.runs.push_back({kernel, first, last ? rest : own,
                         block_panel_bytes(kernel->format, gemv.lanes, k), nullptr});
    types.push_back(type);
    first += made.runs.back().count;
    if (first == panels) break;
  }
  std::vector<size_t> begins;
  for (const auto& run : made.runs) {
    begins.push_back(made.bytes);
    made.bytes += (run.count * run.panel_bytes + line - 1) / line * line;
  }
  made.memory = aligned_bytes(made.bytes);
  for (size_t i = 0; i < begins.size(); ++i) {
    auto& run = made.runs[i];
    run.panels = made.memory.get() + begins[i];
    parallel_for(threads, run.count, [&](size_t panel, int) {
      for (int lane = 0; lane < gemv.lanes; ++lane) {
        const std::byte* row = row_of(static_cast<int>((run.first + panel) * gemv.lanes) + lane);
        if (!row) break;
        pack_lane(run.panels + panel * run.panel_bytes, lane, gemv.lanes, types[i], row, k);
      }
    });
  }
  return made;
}

void BlockPanels::multiply(int first, int last, const void* x, float* sums) const {
  const size_t begin = first / lanes, end = (last + lanes - 1) / lanes;
  for (const Run& run : runs) {
    const size_t from = std::max(begin, run.first), to = std::min(end, run.first + run.count);
    if (from >= to) continue;
    const std::byte* at = run.panels + (from - run.first) * run.panel_bytes;
    run.kernel->multiply(sums + (from - begin) * lanes, reinterpret_cast<const unsigned char*>(at),
                         to - from, k, x);
  }
}

void BlockPanels::expand(float* to, size_t to_step, size_t p, size_t k0, size_t depth) const {
  const auto run =
      std::find_if(runs.begin(), runs.end(), [&](const Run& r) { return p < r.first + r.count; });
  const std::byte* at = run->panels + (p - run->first) * run->panel_bytes;
  const int elements = run->kernel->format.elements;
  run->kernel->expand(to, to_step, reinterpret_cast<const unsigned char*>(at), k,
                      static_cast<int>(k0) / elements, static_cast<int>(depth) / elements);
}

}  // namespace yent
