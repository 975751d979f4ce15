// Tensors that live twice, on the GPU and as floats on the host, fenced on both sides, and working
// memory of the GPU. For tests of the CUDA backend against the reference.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/half.h"

namespace yent {

// The GPU, or null; then the test that asks says so once.
inline Backend* gpu(bool blas = true) {
  static std::string reason;
  static const auto with = make_cuda_backend({.blas = true}, reason);
  static const auto without = with ? make_cuda_backend({.blas = false}, reason) : nullptr;
  if (!with) MESSAGE("skipped: ", reason);
  return blas ? with.get() : without.get();
}

inline std::mt19937& cuda_random() {
  static std::mt19937 generator(20240301);
  return generator;
}
inline float uniform(float low, float high) {
  return std::uniform_real_distribution<float>(low, high)(cuda_random());
}
inline int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(cuda_random()); }

// Blocks between fences of bytes that must not change.
class DeviceArena : public Arena {
 public:
  explicit DeviceArena(Backend& backend, bool measure = false)
      : backend_(backend), measure_(measure) {}

  Block take(size_t bytes) override {
    Block block{.bytes = bytes, .id = static_cast<int>(sizes.size())};
    sizes.push_back(bytes);
    if (measure_) return block;
    const int all = static_cast<int>((bytes + 63) / 64 * 64 + 2 * kFence);
    PersistentTensor memory = backend_.allocate({1, 1, 1, all}, DType::u8);
    backend_.write(memory, std::vector<uint8_t>(all, 0xff).data());  // reads as NaN
    block.data = static_cast<std::byte*>(memory.tensor.data) + kFence;
    live_[block.id] = memory;
    return block;
  }

  void give(const Block& block) override {
    if (measure_) return;
    const PersistentTensor& memory = live_.at(block.id);
    std::vector<uint8_t> bytes(memory.tensor.shape.c);
    backend_.read(bytes.data(), memory);
    const auto kept = [](uint8_t b) { return b == 0xff; };
    const bool stands = std::all_of(bytes.begin(), bytes.begin() + kFence, kept) &&
                        std::all_of(bytes.begin() + static_cast<ptrdiff_t>(kFence + block.bytes),
                                    bytes.end(), kept);
    CHECK(stands);
    live_.erase(block.id);
  }

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
  Twin(Backend& backend, Shape shape, DType dtype, int gap = 0, float low = -1, float high = 1)
      : backend_(&backend),
        shape_(shape),
        ld_(shape.c + gap),
        dtype_(dtype),
        values_(2 * kFence + shape.rows() * ld_, kMark) {
    for (size_t r = 0; r < shape.rows(); ++r) {
      for (int c = 0; c < shape.c; ++c) at(r, c) = rounded(uniform(low, high));
    }
    start_ = values_;
    device_ = backend.allocate({1, 1, 1, static_cast<int>(values_.size())}, dtype);
    reset();
  }

  float& at(size_t r, int c) { return values_[kFence + r * ld_ + c]; }
  // keep() saves the host's values, changed by at() or not; reset() gives them back to both sides.
  void keep() { start_ = values_, reset(); }
  void reset() {
    values_ = start_;
    backend_->write(device_, values_.data());
  }

  Tensor host() { return {values_.data() + kFence, shape_, ld_, DType::f32}; }
  Tensor device() const {
    const size_t offset = kFence * block_bytes(dtype_);
    return {static_cast<char*>(device_.tensor.data) + offset, shape_, ld_, dtype_};
  }

  // The GPU's memory, with the fences.
  std::vector<float> read() const {
    std::vector<float> values(values_.size());
    backend_->read(values.data(), device_);
    return values;
  }
  // The places where the GPU differs from the host by more than limit * max(1, |value|), or where a
  // fence was overwritten.
  std::string differs(double limit) {
    const std::vector<float> got = read();
    for (size_t i = 0; i < got.size(); ++i) {
      const bool inside =
          i >= kFence && i < got.size() - kFence && (i - kFence) % ld_ < size_t(shape_.c);
      const double gap = std::abs(static_cast<double>(got[i]) - values_[i]);
      const double allowed = inside ? limit * std::max(1.0, std::abs(double(values_[i]))) : 0;
      if (gap <= allowed || got[i] == values_[i]) continue;
      return (inside ? "at " : "fence at ") + std::to_string((i - kFence) / ld_) + ", " +
             std::to_string((i - kFence) % ld_) + ": " + std::to_string(got[i]) + ", expected " +
             std::to_string(values_[i]);
    }
    return "";
  }

  DType dtype() const { return dtype_; }

 private:
  float rounded(float x) const { return dtype_ == DType::f16 ? f16_to_f32(f32_to_f16(x)) : x; }

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

  TwinIndices(Backend& backend, std::vector<int32_t> indices) : values(std::move(indices)) {
    memory = backend.allocate({1, static_cast<int>(values.size()), 1, 1}, DType::i32);
    backend.write(memory, values.data());
  }
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

}  // namespace yent
