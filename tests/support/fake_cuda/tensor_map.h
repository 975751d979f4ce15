// What a tensor map of the fake driver says. A real one is opaque; this one lies in the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace yent::cuda::fake {

struct TensorMap {
  static constexpr uint32_t kMark = 0x70616d74;

  uint32_t mark;  // another one: nobody encoded it
  uint8_t rank, element_bytes, swizzle_bytes, im2col;
  const std::byte* base;
  uint64_t strides[4];         // bytes, of dimensions 1, 2, ...
  uint32_t dims[5];            // elements; dimension 0 is contiguous
  uint16_t box[5];             // tiled: elements; im2col: channels, pixels
  uint8_t steps[5];            // from element to element of the box
  int16_t lower[3], upper[3];  // im2col: corners of the box of pixels, from the innermost dimension
};
static_assert(sizeof(TensorMap) <= 128);

// The functions that the driver gives by name, or null.
void* driver_entry(const char* name);

}  // namespace yent::cuda::fake
