// How the CPU keeps the weight of a 3x3 convolution.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/gemm/gemm_weight.h"

namespace yent {

struct Winograd;  // winograd.h

// How Winograd's algorithm (conv_winograd.h) walks the channels of a weight.
struct WinogradCuts {
  const Winograd* kernel = nullptr;  // null: the weight is for the direct way alone
  int chunk = 0, chunks = 0;         // channels that are transformed at once
  std::vector<uint8_t> end = {};     // [panel][chunk]: whether a segment of exact sums ends there

  bool ends(size_t panel, int chunk_index) const { return end[panel * chunks + chunk_index] != 0; }
  // Of the first panel; others have about as many.
  int segments() const {
    return static_cast<int>(std::count(end.begin(), end.begin() + chunks, 1));
  }
};

struct CpuConvWeight : Packed {
  GemmWeight gemm;  // a segment of k for each tap, of the channels
  // For a convolution that doubles an image: a pixel of the result sees 2x2 pixels of the image.
  // Their weights are sums of taps of the 3x3, which depend on the phase: where the pixel of the
  // result lies over a pixel of the image, 2 y + x. Empty where the layer does not upsample.
  std::vector<GemmWeight> phases = {};
  WinogradCuts winograd = {};
  std::vector<WinogradCuts> phase_winograd = {};  // of each phase
};

// What CpuBackend::pack_conv3x3 has made.
inline const CpuConvWeight& packed_conv(const ConvWeight& w) {
  return static_cast<const CpuConvWeight&>(*w.packed);
}

// The file's weight [out, in, 3, 3], bias [out] or empty, and how it is to be packed.
struct ConvSource {
  const HostTensor &weight, &bias;
  Precision precision;
  bool upsamples;      // pack the phases, too
  bool exact = false;  // f32 sums are to be taken in the direct way's order
};

// `kernel` computes in the source's precision; shapes have been checked.
std::shared_ptr<CpuConvWeight> pack_conv_weight(const Gemm& kernel, const RowKernels& row_kernels,
                                                int threads, const ConvSource& source);

}  // namespace yent
