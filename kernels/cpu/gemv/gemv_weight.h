// The weight of a linear that stays quantized in memory. Few rows of inputs are multiplied by it as
// it is; for many rows the gemm driver expands it to f32, panel by panel.
#pragma once

#include <cstddef>

#include "kernels/cpu/gemv/gemv_q8.h"

namespace yent {

// Immutable once made: any number of threads may use it at once.
class GemvWeight {
 public:
  virtual ~GemvWeight() = default;

  // Bytes of one packed row of inputs; 0 where multiply() takes plain floats.
  size_t packed_input_bytes() const {
    return packs_inputs_ ? static_cast<size_t>(kernel_.packed_input_bytes) * k_ / 32 : 0;
  }
  // A row of inputs as multiply() wants it: in `room`, or x itself.
  const void* pack_input(const float* x, std::byte* room) const {
    if (!packed_input_bytes()) return x;
    kernel_.pack_input(room, x, k_);
    return room;
  }

  // sums[column - first] for the columns [first, last). `first` is a multiple of the gemm's nr.
  virtual void multiply(int first, int last, const void* packed_x, float* sums) const = 0;
  // GemmWeight::expand of this weight.
  virtual void expand(float* to, float* room, size_t panel, size_t k0, size_t depth) const = 0;

  size_t bytes() const { return bytes_; }

 protected:
  GemvWeight(const GemvQ8& kernel, int k, bool packs_inputs)
      : kernel_(kernel), k_(k), packs_inputs_(packs_inputs) {}

  const GemvQ8& kernel_;
  const int k_;
  const bool packs_inputs_;
  size_t bytes_ = 0;
};

}  // namespace yent
