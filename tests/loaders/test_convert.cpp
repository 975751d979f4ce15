#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/half.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/gguf.h"
#include "tests/support/tree.h"

using namespace yent;

namespace {

// Written by the `gguf` Python package: see tests/golden/gguf_blocks.py.
GgufFile golden() { return GgufFile::open(in_tree("tests/golden/gguf_blocks.gguf")); }

std::vector<float> floats(const HostTensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.count()));
  to_f32(tensor, values.data());
  return values;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

template <class T>
std::vector<float> convert_plain(DType dtype, const std::vector<T>& values) {
  std::vector<std::byte> bytes(1 + values.size() * sizeof(T));  // off alignment by one
  std::memcpy(bytes.data() + 1, values.data(), values.size() * sizeof(T));
  HostTensor tensor;
  tensor.dtype = dtype;
  tensor.dims = {static_cast<int64_t>(values.size())};
  tensor.data = bytes.data() + 1;
  tensor.bytes = values.size() * sizeof(T);
  return floats(tensor);
}

}  // namespace

TEST_CASE("convert: every block type agrees with the gguf package bit for bit") {
  const GgufFile file = golden();
  int checked = 0;
  for (const HostTensor& tensor : file.tensors()) {
    const HostTensor* expected = file.find(tensor.name + ".f32");
    if (!expected) continue;
    CAPTURE(tensor.name);
    CHECK(tensor.dims == expected->dims);
    CHECK(same_bits(floats(tensor), floats(*expected)));
    ++checked;
  }
  CHECK(checked == 12);
}

TEST_CASE("convert: blocks need no alignment") {
  const GgufFile file = golden();
  for (const char* name : {"q5_0", "q4_k", "halves", "brain", "halves.f32"}) {
    HostTensor tensor = *file.find(name);
    const std::vector<float> expected = floats(tensor);
    std::vector<std::byte> moved(tensor.bytes + 1);
    std::memcpy(moved.data() + 1, tensor.data, tensor.bytes);
    tensor.data = moved.data() + 1;
    CAPTURE(name);
    CHECK(same_bits(floats(tensor), expected));
  }
}

TEST_CASE("convert: rows are slices of the outermost dim") {
  const GgufFile file = golden();
  for (const char* name : {"q6_k", "q8_0", "halves", "brain.f32"}) {
    const HostTensor& tensor = *file.find(name);
    const std::vector<float> whole = floats(tensor);
    const auto row = whole.size() / static_cast<size_t>(tensor.dims[0]);
    for (int64_t begin = 0; begin < tensor.dims[0]; ++begin) {
      const int64_t rows = tensor.dims[0] - begin;
      std::vector<float> part(static_cast<size_t>(rows) * row);
      to_f32(tensor, begin, rows, part.data());
      CAPTURE(name);
      CHECK(same_bits(part, {whole.end() - static_cast<ptrdiff_t>(part.size()), whole.end()}));
    }
    to_f32(tensor, tensor.dims[0], 0, nullptr);
  }
}

TEST_CASE("convert: plain types convert by value") {
  CHECK(convert_plain<double>(DType::f64, {0.1, -3}) == std::vector<float>{0.1f, -3});
  CHECK(convert_plain<int64_t>(DType::i64, {int64_t{1} << 40, -7}) ==
        std::vector<float>{0x1p40f, -7});
  CHECK(convert_plain<int32_t>(DType::i32, {-5, 16777217}) == std::vector<float>{-5, 16777216});
  CHECK(convert_plain<int16_t>(DType::i16, {-32768, 1}) == std::vector<float>{-32768, 1});
  CHECK(convert_plain<int8_t>(DType::i8, {-128, 127}) == std::vector<float>{-128, 127});
  CHECK(convert_plain<uint8_t>(DType::u8, {255}) == std::vector<float>{255});
  CHECK(convert_plain<uint8_t>(DType::boolean, {0, 1, 2}) == std::vector<float>{0, 1, 1});
}

TEST_CASE("convert: a scalar and an empty tensor") {
  const float value = 2.5f;
  HostTensor scalar;
  scalar.data = reinterpret_cast<const std::byte*>(&value);
  scalar.bytes = 4;
  CHECK(floats(scalar) == std::vector<float>{2.5f});
  HostTensor empty;
  empty.dims = {0, 3};
  to_f32(empty, nullptr);
}

TEST_CASE("convert: arrays of halves, both ways, at any length") {
  for (const int64_t count : {0, 1, 7, 64, 1001}) {
    std::vector<float> source(static_cast<size_t>(count)), back(source.size());
    std::vector<std::byte> halves(source.size() * 2 + 1);
    for (int64_t i = 0; i < count; ++i) {
      source[i] = std::ldexp(std::sin(static_cast<float>(i)), static_cast<int>(i % 40) - 25);
    }
    f32_to_f16(source.data(), count, halves.data() + 1);
    f16_to_f32(halves.data() + 1, count, back.data());
    for (int64_t i = 0; i < count; ++i) REQUIRE(back[i] == f16_to_f32(f32_to_f16(source[i])));
    f32_to_bf16(source.data(), count, halves.data() + 1);
    bf16_to_f32(halves.data() + 1, count, back.data());
    for (int64_t i = 0; i < count; ++i) REQUIRE(back[i] == bf16_to_f32(f32_to_bf16(source[i])));
  }
}

TEST_CASE("convert: the Q8_0 quantizer agrees with numpy byte for byte") {
  const GgufFile file = golden();
  const std::vector<float> source = floats(*file.find("source"));
  const HostTensor& expected = *file.find("quantized");
  std::vector<std::byte> blocks(expected.bytes);
  quantize_q8_0(source.data(), static_cast<int64_t>(source.size()), blocks.data());
  CHECK(std::memcmp(blocks.data(), expected.data, blocks.size()) == 0);
}

TEST_CASE("convert: the Q4_0 quantizer keeps the largest value and is nearest for the others") {
  std::vector<float> source(64);
  for (int i = 0; i < 32; ++i)
    source[i] = static_cast<float>(i % 16 - 8) / 4;  // every code, exactly
  std::vector<std::byte> blocks(36);
  quantize_q4_0(source.data(), 64, blocks.data());
  CHECK(blocks[2] == std::byte{0x00});   // elements 0 and 16: -8
  CHECK(blocks[17] == std::byte{0xff});  // elements 15 and 31: 7
  const HostTensor t{"w", DType::q4_0, {2, 32}, blocks.data(), blocks.size()};
  std::vector<float> back(64);
  to_f32(t, back.data());
  CHECK(back == source);  // the second block is all zeros

  for (int i = 0; i < 32; ++i) source[i] = 0.1f * static_cast<float>(i - 20);
  source[7] = std::numeric_limits<float>::quiet_NaN();
  quantize_q4_0(source.data(), 32, blocks.data());
  to_f32(t, back.data());
  for (int i = 0; i < 32; ++i) {
    if (i != 7) CHECK(std::abs(back[i] - source[i]) <= 0.126f);
  }
}

TEST_CASE("convert: the Q8_0 quantizer survives what is no number") {
  std::vector<float> source(32, 1.0f);
  source[3] = std::numeric_limits<float>::quiet_NaN();
  source[5] = -std::numeric_limits<float>::infinity();
  std::vector<std::byte> block(34);
  quantize_q8_0(source.data(), 32, block.data());
  CHECK(block[2] == std::byte{0});
}
