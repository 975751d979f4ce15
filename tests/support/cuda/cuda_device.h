// Tensors that live twice, on the GPU and as floats on the host, fenced on both sides, and working
// memory of the GPU. Checks ops of the CUDA backend against the reference.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace yent {

// The GPU, or null; then the test that asks says so once.
Backend* gpu(bool blas = true);
// The same with products by wgmma.
Backend* hopper_gpu();

// Blocks between fences of bytes that must not change.
class DeviceArena : public Arena {
 public:
  explicit DeviceArena(Backend& backend, bool measure = false)
      : backend_(backend), measure_(measure) {}

  Block take(size_t bytes) override;
  void give(const Block& block) override;
  bool measuring() const override { return measure_; }

  std::vector<size_t> sizes;

 private:
  static constexpr size_t kFence = 256;
  Backend& backend_;
  bool measure_;
  std::map<int, PersistentTensor> live_;
};

// Numbers that the type holds exactly, so that both sides compute with the same numbers.
class Twin {
 public:
  Twin(Backend& backend, Shape shape, DType dtype, int gap = 0, float low = -1, float high = 1);

  float& at(size_t r, int c) { return values_[kFence + r * ld_ + c]; }
  // keep() saves the host's values, changed by at() or not; reset() gives them back to both sides.
  void keep() { start_ = values_, reset(); }
  // Makes all values halves, so that an op that reads floats as halves has no error of its own.
  void make_halves();
  void reset();

  Tensor host() { return {values_.data() + kFence, shape_, ld_, DType::f32}; }
  Tensor device() const;

  // The GPU's memory, with the fences.
  std::vector<float> read() const;
  // The places where the GPU differs from the host by more than limit * max(1, |value|), or where a
  // fence was overwritten.
  std::string differs(double limit);

  DType dtype() const { return dtype_; }

 private:
  static constexpr float kMark = 1234;
  static constexpr size_t kFence = 64;
  Backend* backend_;
  Shape shape_;
  int ld_;
  DType dtype_;
  std::vector<float> values_, start_;
  PersistentTensor device_;
};

// i32 on both sides.
struct TwinIndices {
  std::vector<int32_t> values;
  PersistentTensor memory;

  TwinIndices(Backend& backend, std::vector<int32_t> indices);
  Tensor host() {
    return {values.data(), {1, static_cast<int>(values.size()), 1, 1}, 1, DType::i32};
  }
  Tensor device() const { return memory; }
};

// The device that computes: the reference on the host, or the GPU.
struct Side {
  Backend& backend;
  Arena& arena;
  bool device;

  template <class T>
  Tensor operator()(T& twin) const {
    return device ? twin.device() : twin.host();
  }
};

// The additional error of a sum of k products on the GPU: the tensor cores read f32 inputs as f16,
// and the reference does not.
double input_limit(DType type, Precision precision, int k);

// Runs `op` on the host, twice on the GPU (the same bytes) and once dry (the same scratch). `limit`
// is the error of the sums, without the rounding of stored outputs.
void check_op(Backend& device, Twin& out, double limit, const std::function<void(const Side&)>& op);

}  // namespace yent
