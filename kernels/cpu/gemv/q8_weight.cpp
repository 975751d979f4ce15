#include "kernels/cpu/gemv/q8_weight.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/cpu/runtime/pages.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/error.h"
#include "kernels/integers.h"

namespace yent {
namespace {

constexpr int block_elements_q8 = 32, block_bytes_q8 = 34;

// Where the output columns of stacked or paired parts lie in the file.
struct FileRows {
  struct Part {
    const unsigned char* blocks;
    int rows;
  };
  std::vector<Part> parts = {};
  bool paired = false;
  int k = 0, columns = 0;

  explicit FileRows(const LinearSource& source)
      : paired(source.paired), k(static_cast<int>(source.parts[0].weight.dims[1])) {
    for (const auto& part : source.parts) {
      parts.push_back({reinterpret_cast<const unsigned char*>(part.weight.data),
                       static_cast<int>(part.weight.dims[0])});
      columns += parts.back().rows;
    }
  }

  const unsigned char* row(int column) const {
    const size_t row_bytes = static_cast<size_t>(k) / block_elements_q8 * block_bytes_q8;
    if (paired) return parts[column % 2].blocks + column / 2 * row_bytes;
    size_t part = 0;
    for (; column >= parts[part].rows; ++part) column -= parts[part].rows;
    return parts[part].blocks + column * row_bytes;
  }
};

// Blocks as they lie in the file.
class Q8InPlace : public GemvWeight {
 public:
  Q8InPlace(const GemvQ8& kernel, const Gemm& gemm, const LinearSource& source)
      : GemvWeight(kernel, static_cast<int>(source.parts[0].weight.dims[1]), false),
        gemm_(gemm),
        rows_(source) {
    for (const auto& part : source.parts) bytes_ += part.weight.bytes;
  }

  void multiply(int first, int last, const void* x, float* sums) const override {
    const float* floats = static_cast<const float*>(x);
    if (rows_.paired) {
      for (int i = 0; i < 2; ++i) {
        kernel_.multiply(sums + i, 2, rows_.row(first + i), (last - first) / 2, k_, floats);
      }
      return;
    }
    int begin = 0;
    for (const auto& part : rows_.parts) {
      const int from = std::max(begin, first), to = std::min(begin + part.rows, last);
      if (from < to) {
        kernel_.multiply(sums + from - first, 1, rows_.row(from), to - from, k_, floats);
      }
      begin += part.rows;
    }
  }

  void expand(float* to, float* room, size_t panel, size_t k0, size_t depth) const override {
    const int first = panel * gemm_.nr, count = std::min(gemm_.nr, rows_.columns - first);
    for (int j = 0; j < count; ++j) {
      const unsigned char* from = rows_.row(first + j) + k0 / block_elements_q8 * block_bytes_q8;
      kernel_.expand(room + j * depth, from, depth);
    }
    gemm_.pack_b(to, room, depth, count, depth);
  }

 private:
  const Gemm& gemm_;
  const FileRows rows_;
};

// Panels in memory of ours, on pages that are read faster than those of a file.
class Q8Panels : public GemvWeight {
 public:
  Q8Panels(const GemvQ8& kernel, const Gemm& gemm, int threads, const LinearSource& source)
      : GemvWeight(kernel, static_cast<int>(source.parts[0].weight.dims[1]), true),
        nr_(gemm.nr),
        lanes_(kernel.panel.lanes),
        panel_bytes_(kernel.panel.bytes(k_)) {
    ENSURE(nr_ % lanes_ == 0, "panels of {} rows for {}", lanes_, gemm.name);
    const FileRows rows(source);
    const size_t panels = round_up(rows.columns, nr_) / lanes_;
    bytes_ = panels * panel_bytes_;
    memory_ = aligned_bytes(bytes_);
    parallel_for(threads, panels, [&](size_t panel, int) {
      const int first = static_cast<int>(panel) * lanes_;
      for (int lane = 0; lane < lanes_ && first + lane < rows.columns; ++lane) {
        pack_lane(memory_.get() + panel * panel_bytes_, lane, rows.row(first + lane));
      }
    });
  }

  void multiply(int first, int last, const void* x, float* sums) const override {
    const std::byte* panels = memory_.get() + first / lanes_ * panel_bytes_;
    kernel_.multiply_panels(sums, reinterpret_cast<const unsigned char*>(panels),
                            ceil_div(last - first, lanes_), k_, x);
  }

  void expand(float* to, float*, size_t panel, size_t k0, size_t depth) const override {
    const size_t per_panel = nr_ / lanes_;
    for (size_t i = 0; i < per_panel; ++i) {
      const std::byte* from = memory_.get() + (panel * per_panel + i) * panel_bytes_;
      kernel_.expand_panel(to + i * lanes_, nr_, reinterpret_cast<const unsigned char*>(from), k_,
                           static_cast<int>(k0 / block_elements_q8),
                           static_cast<int>(depth / block_elements_q8));
    }
  }

 private:
  void pack_lane(std::byte* panel, int lane, const unsigned char* block) const {
    const uint32_t flip = kernel_.panel.zero_point ? 0x80808080 : 0;
    std::byte* quantized = panel + kernel_.panel.values_at(k_) + lane * 4;
    for (int b = 0; b < k_ / block_elements_q8; ++b, block += block_bytes_q8) {
      std::memcpy(panel + (b * lanes_ + lane) * 2, block, 2);
      for (int i = 2; i < block_bytes_q8; i += 4, quantized += lanes_ * 4) {
        uint32_t group;
        std::memcpy(&group, block + i, 4);
        group ^= flip;
        std::memcpy(quantized, &group, 4);
      }
    }
  }

  const int nr_, lanes_;
  const size_t panel_bytes_;
  std::shared_ptr<std::byte> memory_;
};

}  // namespace

std::shared_ptr<const GemvWeight> make_q8_weight(const GemvQ8& kernel, const Gemm& gemm,
                                                 int threads, const LinearSource& source) {
  if (kernel.panel.lanes) return std::make_shared<Q8Panels>(kernel, gemm, threads, source);
  return std::make_shared<Q8InPlace>(kernel, gemm, source);
}

}  // namespace yent
