#include "kernels/cpu/conv/conv_weight.h"

#include <memory>

#include "kernels/cpu/conv/conv_winograd.h"
#include "kernels/cpu/conv/winograd.h"
#include "kernels/read_elements.h"

namespace yent {
namespace {

// Which taps of the file are added up in each tap of the packed weight.
using TapSums = std::vector<std::vector<int>>;

// The 2x2 taps of a phase. Along one side an even pixel sees tap 0 on the pixel before and taps 1
// and 2 on its own; an odd one sees taps 0 and 1 on its own and tap 2 on the next.
TapSums phase_taps(int phase) {
  const std::vector<int> side[2][2] = {{{0}, {1, 2}}, {{0, 1}, {2}}};
  TapSums sums;
  for (const std::vector<int>& rows : side[phase / 2]) {
    for (const std::vector<int>& columns : side[phase % 2]) {
      auto& taps = sums.emplace_back();
      for (const int y : rows) {
        for (const int x : columns) taps.push_back(3 * y + x);
      }
    }
  }
  return sums;
}

}  // namespace

std::shared_ptr<CpuConvWeight> pack_conv_weight(const Gemm& kernel, const RowKernels& row_kernels,
                                                int threads, const ConvSource& source) {
  auto w = std::make_shared<CpuConvWeight>();
  const size_t out = source.weight.dims[0], in = source.weight.dims[1];
  // The file has [in][tap]; a row of the packed weight runs over taps, then channels.
  const auto pack_taps = [&](const TapSums& sums) {
    GemmSource rows{static_cast<int>(out), static_cast<int>(sums.size()), static_cast<int>(in), {}};
    rows.read_row = [&](size_t column, float* row) {
      const auto file = std::make_unique_for_overwrite<float[]>(9 * in);
      read_weight(row_kernels, source.weight, column * 9 * in, 9 * in, file.get());
      for (const std::vector<int>& taps : sums) {
        for (size_t c = 0; c < in; ++c) row[c] = file[c * 9 + taps[0]];
        for (size_t i = 1; i < taps.size(); ++i) {
          for (size_t c = 0; c < in; ++c) row[c] += file[c * 9 + taps[i]];
        }
        row += in;
      }
    };
    GemmWeight packed = pack_gemm_weight(kernel, row_kernels, threads, rows, source.precision);
    if (!source.bias.dims.empty()) read_elements(source.bias, 0, out, packed.bias.data());
    w->bytes += packed.bytes;
    return packed;
  };
  w->gemm = pack_taps({{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}});
  const WinogradPair* winograd =
      source.exact && source.precision != Precision::int8 ? nullptr : kernel.winograd;
  if (winograd) w->winograd = cut_winograd(winograd->taps3, w->gemm, threads);
  w->kernel = kernel_name(source.precision, kernel);
  for (int phase = 0; source.upsamples && phase < 4; ++phase) {
    w->phases.push_back(pack_taps(phase_taps(phase)));
    if (!winograd) continue;
    w->phase_winograd.push_back(cut_winograd(winograd->taps2, w->phases[phase], threads));
  }
  return w;
}

}  // namespace yent
