// How the CPU keeps weights: panels for the gemm row that will run them, or, for blocks of codes,
// panels for the gemv row or, for q8_0, the file's own blocks.
#pragma once

#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/gemm/gemm_driver.h"
#include "kernels/cpu/gemv/block_panels.h"
#include "kernels/cpu/isa_table.h"

namespace yent {

struct CpuWeight : Packed {
  // Rows of a part in the file, which alternate with the other part's where `paired`.
  struct Q8Part {
    const unsigned char* blocks = nullptr;
    int rows = 0;
  };

  GemmWeight gemm;
  // Of a convolution that doubles an image: a pixel of the result sees 2x2 pixels of the image,
  // under weights of the 3x3 added up by which of the four pixels in its place it is.
  std::vector<GemmWeight> doubling = {};
  std::vector<Q8Part> q8 = {};  // not empty: q8_0 weights, in place where there are no panels
  std::shared_ptr<std::byte> q8_panels = {};
  BlockPanels blocks = {};
  bool paired = false;

  bool in_blocks() const { return !q8.empty() || !blocks.runs.empty(); }
};

// Threads share the work. Shapes have been checked by the caller.
std::shared_ptr<CpuWeight> pack_linear_weight(const Kernels& kernels, int threads,
                                              const LinearSource& source, Precision precision);
std::shared_ptr<CpuWeight> pack_conv_weight(const Kernels& kernels, int threads,
                                            const HostTensor& weight, const HostTensor& bias,
                                            Precision precision, bool upsamples);

// A row of inputs as the gemv row wants it for a weight in blocks, in so many bytes.
size_t staged_bytes(const GemvQ8& kernel, const CpuWeight& weight);
const void* stage_inputs(const GemvQ8& kernel, const CpuWeight& weight, const float* x,
                         std::byte* room);

// sums[column - first] for the columns [first, last) of a weight in blocks, a multiple of its
// gemm's nr from each other. x is staged.
void multiply_blocks(const GemvQ8& kernel, const CpuWeight& weight, int first, int last,
                     const void* x, float* sums);

}  // namespace yent
