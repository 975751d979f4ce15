#include "tests/support/random_weights.h"

#include <cstring>
#include <utility>

#include "kernels/half.h"

namespace yent::test {

std::mt19937& random() {
  static std::mt19937 generator(20240229);
  return generator;
}

float uniform(float low, float high) {
  return std::uniform_real_distribution<float>(low, high)(random());
}

int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random()); }

Host::Host(std::vector<int64_t> dims, float size) {
  tensor.name = "weight";
  tensor.dims = std::move(dims);
  values.resize(tensor.count());
  for (float& v : values) v = uniform(-size, size);
  tensor.data = reinterpret_cast<const std::byte*>(values.data());
  tensor.bytes = values.size() * sizeof(float);
}

void Host::make_q8() {
  blocks.assign(values.size() / 32 * 34 + 1, std::byte{0});
  for (size_t b = 0; b < values.size() / 32; ++b) {
    std::byte* block = blocks.data() + 1 + b * 34;
    const uint16_t scale = f32_to_f16(uniform(0.001f, 0.01f));
    std::memcpy(block, &scale, 2);
    for (int i = 0; i < 32; ++i) block[2 + i] = static_cast<std::byte>(below(256));
  }
  tensor.dtype = DType::q8_0;
  tensor.data = blocks.data() + 1;
  tensor.bytes = blocks.size() - 1;
}

void Host::make_16(DType dtype) {
  blocks.resize(values.size() * 2);
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t bits = dtype == DType::f16 ? f32_to_f16(values[i]) : f32_to_bf16(values[i]);
    std::memcpy(&blocks[2 * i], &bits, 2);
  }
  tensor.dtype = dtype;
  tensor.data = blocks.data();
  tensor.bytes = blocks.size();
}

LinearSource source_of(const std::vector<Host*>& weights, Host* bias, bool paired) {
  LinearSource s{.name = "layer", .parts = {}, .paired = paired};
  for (Host* w : weights)
    s.parts.push_back({"part", w->tensor, bias ? bias->tensor : HostTensor{}});
  return s;
}

}  // namespace yent::test
