#include "tests/support/cuda/cuda_device.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/half.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/arena.h"
#include "tests/support/random_weights.h"

namespace yent {
namespace {

float rounded(float x, DType dtype) { return dtype == DType::f16 ? f16_to_f32(f32_to_f16(x)) : x; }

}  // namespace

Backend* gpu(bool blas) {
  static std::string reason;
  static const auto with = make_cuda_backend({.blas = true}, reason);
  static const auto without = with ? make_cuda_backend({.blas = false}, reason) : nullptr;
  if (!with) MESSAGE("skipped: ", reason);
  return blas ? with.get() : without.get();
}

Backend* hopper_gpu() {
  static std::string reason;
  static const auto device =
      make_cuda_backend({.blas = false, .products = Products::wgmma}, reason);
  if (!device) MESSAGE("skipped: ", reason);
  return device.get();
}

Arena::Block DeviceArena::take(size_t bytes) {
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

void DeviceArena::give(const Block& block) {
  if (measure_) return;
  const PersistentTensor& memory = live_.at(block.id);
  std::vector<uint8_t> bytes(memory.tensor.shape.c);
  backend_.read(bytes.data(), memory);
  const auto kept = [](uint8_t b) { return b == 0xff; };
  const bool stands =
      std::all_of(bytes.begin(), bytes.begin() + kFence, kept) &&
      std::all_of(bytes.begin() + static_cast<ptrdiff_t>(kFence + block.bytes), bytes.end(), kept);
  if (std::uncaught_exceptions() == 0) CHECK(stands);  // else a launch has failed half-way
  live_.erase(block.id);
}

Twin::Twin(Backend& backend, Shape shape, DType dtype, int gap, float low, float high)
    : backend_(&backend),
      shape_(shape),
      ld_(shape.c + gap),
      dtype_(dtype),
      values_(2 * kFence + shape.rows() * ld_, kMark) {
  for (size_t r = 0; r < shape.rows(); ++r) {
    for (int c = 0; c < shape.c; ++c) at(r, c) = rounded(test::uniform(low, high), dtype);
  }
  start_ = values_;
  device_ = backend.allocate({1, 1, 1, static_cast<int>(values_.size())}, dtype);
  reset();
}

void Twin::reset() {
  values_ = start_;
  backend_->write(device_, values_.data());
}

void Twin::make_halves() {
  for (float& v : values_) v = rounded(v, DType::f16);
  keep();
}

Tensor Twin::device() const {
  const size_t offset = kFence * block_bytes(dtype_);
  return {static_cast<char*>(device_.tensor.data) + offset, shape_, ld_, dtype_};
}

std::vector<float> Twin::read() const {
  std::vector<float> values(values_.size());
  backend_->read(values.data(), device_);
  return values;
}

std::string Twin::differs(double limit) {
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

TwinIndices::TwinIndices(Backend& backend, std::vector<int32_t> indices)
    : values(std::move(indices)) {
  memory = backend.allocate({1, static_cast<int>(values.size()), 1, 1}, DType::i32);
  backend.write(memory, values.data());
}

double input_limit(DType type, Precision precision, int k) {
  return type == DType::f32 && precision == Precision::f16 ? 5e-4 * std::sqrt(k) : 0;
}

void check_op(Backend& device, Twin& out, double limit,
              const std::function<void(const Side&)>& op) {
  const auto reference = make_ref_backend();
  TestArena host;
  out.reset();
  DeviceArena dry(device, true), real(device), again(device);
  op(Side{device, dry, true});
  op(Side{device, real, true});
  const std::vector<float> first = out.read();
  CHECK(dry.sizes == real.sizes);
  out.reset();
  op(Side{device, again, true});
  const std::vector<float> second = out.read();
  CHECK(std::memcmp(first.data(), second.data(), first.size() * sizeof(float)) == 0);
  op(Side{*reference, host, false});
  const double rounding = out.dtype() == DType::f16 ? 6e-4 : 0;  // of the stored output
  CHECK(out.differs(limit + rounding) == "");
}

}  // namespace yent
