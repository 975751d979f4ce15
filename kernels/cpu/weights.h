// How the CPU keeps weights: panels for the gemm row that will run them, or, for q8_0, panels for
// the gemv row or the file's own blocks.
#pragma once

#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/gemm_driver.h"
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
  bool paired = false;
};

// Threads share the work. Shapes have been checked by the caller.
std::shared_ptr<CpuWeight> pack_linear_weight(const Kernels& kernels, int threads,
                                              const LinearSource& source, Precision precision);
std::shared_ptr<CpuWeight> pack_conv_weight(const Kernels& kernels, int threads,
                                            const HostTensor& weight, const HostTensor& bias,
                                            Precision precision, bool upsamples);

// A row of inputs as the gemv row wants it, in `q8_input_bytes` at 64 bytes where that is not 0.
size_t q8_input_bytes(const GemvQ8& kernel, int k);
const void* stage_q8_input(const GemvQ8& kernel, const float* x, int k, std::byte* room);

// sums[column - first] for the columns [first, last) of a q8 weight, a multiple of its gemm's nr
// from each other. x is staged.
void multiply_q8(const GemvQ8& kernel, const CpuWeight& weight, int first, int last, const void* x,
                 float* sums);

}  // namespace yent
