#include "kernels/cpu/gemv/block_panels.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/blocks.h"
#include "kernels/cpu/runtime/cache_sizes.h"
#include "kernels/cpu/runtime/pages.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/error.h"
#include "kernels/integers.h"

namespace yent {
namespace {

bool one_format(const LinearSource& source) {
  return std::all_of(source.parts.begin(), source.parts.end(), [&](const auto& part) {
    return part.weight.dtype == source.parts[0].weight.dtype;
  });
}

// The words of 32 quantized values of one lane, `lanes` words apart; see gemv_q8.h.
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

// Panels of one format, consecutive in memory.
struct PanelRun {
  const GemvBlocks* kernel;
  DType type;
  size_t first, count, panel_bytes;  // of the panels
  std::byte* panels;
};

class BlockPanels : public GemvWeight {
 public:
  BlockPanels(const GemvQ8& kernel, const Gemm& gemm, const LinearSource& source, size_t panels)
      : GemvWeight(kernel, static_cast<int>(source.parts[0].weight.dims[1]), true),
        nr_(gemm.nr),
        lanes_(kernel.lanes) {
    ENSURE(nr_ % kernel.lanes == 0, "panels of {} rows for {}", kernel.lanes, gemm.name);
    list_runs(source, panels);
    std::vector<size_t> begins;
    for (const auto& run : runs_) {
      begins.push_back(bytes_);
      bytes_ += round_up(run.count * run.panel_bytes, cache_line);
    }
    memory_ = aligned_bytes(bytes_);
    for (size_t i = 0; i < begins.size(); ++i) runs_[i].panels = memory_.get() + begins[i];
  }

  void pack(int threads, const BlockRow& row_of) const {
    const int lanes = static_cast<int>(lanes_);
    for (const PanelRun& run : runs_) {
      parallel_for(threads, run.count, [&](size_t panel, int) {
        for (int lane = 0; lane < lanes; ++lane) {
          const std::byte* row = row_of(static_cast<int>((run.first + panel) * lanes_) + lane);
          if (!row) break;
          pack_lane(run.panels + panel * run.panel_bytes, lane, lanes, run.type, row, k_);
        }
      });
    }
  }

  void multiply(int first, int last, const void* x, float* sums) const override {
    const size_t begin = first / lanes_, end = ceil_div(last, lanes_);
    for (const PanelRun& run : runs_) {
      const size_t from = std::max(begin, run.first), to = std::min(end, run.first + run.count);
      if (from >= to) continue;
      const std::byte* at = run.panels + (from - run.first) * run.panel_bytes;
      run.kernel->multiply(sums + (from - begin) * lanes_,
                           reinterpret_cast<const unsigned char*>(at), to - from, k_, x);
    }
  }

  void expand(float* to, float*, size_t panel, size_t k0, size_t depth) const override {
    const size_t per_panel = nr_ / lanes_;
    for (size_t i = 0; i < per_panel; ++i) {
      expand_panel(to + i * lanes_, panel * per_panel + i, k0, depth);
    }
  }

 private:
  void list_runs(const LinearSource& source, size_t panels) {
    size_t first = 0;
    for (const auto& part : source.parts) {
      const DType type = part.weight.dtype;
      const size_t rest = panels - first, own = part.weight.dims[0] / lanes_;
      const bool last = one_format(source) || &part == &source.parts.back();
      const auto kernel = std::find_if(
          kernel_.blocks, kernel_.blocks + block_formats,
          [&](const GemvBlocks& blocks) { return blocks.format == block_format(type); });
      const size_t bytes = block_panel_bytes(kernel->format, static_cast<int>(lanes_), k_);
      runs_.push_back({kernel, type, first, last ? rest : own, bytes, nullptr});
      first += runs_.back().count;
      if (first == panels) break;
    }
  }

  // Depth [k0, k0 + depth) of the columns of panel p, whole blocks: to[(i - k0) * nr + lane].
  void expand_panel(float* to, size_t p, size_t k0, size_t depth) const {
    const auto run = std::find_if(runs_.begin(), runs_.end(),
                                  [&](const PanelRun& r) { return p < r.first + r.count; });
    const std::byte* at = run->panels + (p - run->first) * run->panel_bytes;
    const int elements = run->kernel->format.elements;
    run->kernel->expand(to, nr_, reinterpret_cast<const unsigned char*>(at), k_,
                        static_cast<int>(k0) / elements, static_cast<int>(depth) / elements);
  }

  const size_t nr_, lanes_;
  std::vector<PanelRun> runs_;
  std::shared_ptr<std::byte> memory_;
};

}  // namespace

bool suits_block_panels(const GemvQ8& kernel, const LinearSource& source) {
  const int64_t k = source.parts[0].weight.dims[1];
  return std::all_of(source.parts.begin(), source.parts.end(), [&](const auto& part) {
    const int elements = block_format(part.weight.dtype).elements;
    return elements && k % elements == 0 &&
           (one_format(source) || (!source.paired && part.weight.dims[0] % kernel.lanes == 0));
  });
}

int block_granule(const LinearSource& source) {
  int granule = 32;
  for (const auto& part : source.parts) {
    granule = std::max(granule, block_elements(part.weight.dtype));
  }
  return granule;
}

std::shared_ptr<const GemvWeight> make_block_panels(const GemvQ8& kernel, const Gemm& gemm,
                                                    int threads, const LinearSource& source,
                                                    const BlockRow& row_of) {
  int64_t columns = 0;
  for (const auto& part : source.parts) columns += part.weight.dims[0];
  const size_t panels = round_up(columns, gemm.nr) / kernel.lanes;
  const auto weight = std::make_shared<BlockPanels>(kernel, gemm, source, panels);
  weight->pack(threads, row_of);
  return weight;
}

}  // namespace yent
