#include "tests/support/fake_cuda/tensor_map.h"

#include <cuda.h>

#include <cstring>
#include <string_view>

namespace yent::cuda::fake {
namespace {

// What both ways of reading have. Every limit that the documentation names is an error here.
struct Common {
  CUtensorMapDataType type;
  uint32_t rank;
  void* address;
  const cuuint64_t *dims, *strides;
  const cuuint32_t* steps;
  CUtensorMapInterleave interleave;
  CUtensorMapSwizzle swizzle;
  CUtensorMapFloatOOBfill fill;
};

bool describe(const Common& c, TensorMap& map) {
  map = {};
  map.mark = TensorMap::kMark;
  map.rank = static_cast<uint8_t>(c.rank);
  if (c.type != CU_TENSOR_MAP_DATA_TYPE_FLOAT16) return false;  // no kernel has others
  if (c.interleave != CU_TENSOR_MAP_INTERLEAVE_NONE) return false;
  if (c.fill != CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) return false;
  if (c.swizzle != CU_TENSOR_MAP_SWIZZLE_NONE && c.swizzle != CU_TENSOR_MAP_SWIZZLE_128B) {
    return false;
  }
  map.element_bytes = 2;
  map.swizzle_bytes = c.swizzle == CU_TENSOR_MAP_SWIZZLE_128B ? 128 : 0;
  if (reinterpret_cast<uintptr_t>(c.address) % 16 != 0) return false;
  map.base = static_cast<const std::byte*>(c.address);
  uint64_t inside = map.element_bytes;  // bytes of what a stride steps over
  for (uint32_t i = 0; i < c.rank; ++i) {
    if (c.dims[i] == 0 || c.dims[i] > uint64_t{1} << 32) return false;
    if (c.steps[i] == 0 || c.steps[i] > 8) return false;
    map.dims[i] = static_cast<uint32_t>(c.dims[i]);
    map.steps[i] = static_cast<uint8_t>(c.steps[i]);
    if (i == 0) continue;
    const uint64_t stride = c.strides[i - 1];
    inside *= i == 1 ? c.dims[0] : 1;
    if (stride % 16 != 0 || stride >= uint64_t{1} << 40 || stride < inside) return false;
    map.strides[i - 1] = stride;
    inside = stride * c.dims[i];
  }
  return true;
}

bool inner_fits(const TensorMap& map) {
  const int bytes = map.box[0] * map.element_bytes;
  return bytes % 16 == 0 && (map.swizzle_bytes == 0 || bytes <= map.swizzle_bytes);
}

CUresult give(CUtensorMap* to, const TensorMap& map) {
  if (reinterpret_cast<uintptr_t>(to) % 64 != 0 || !inner_fits(map)) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  std::memset(to, 0, sizeof(*to));
  std::memcpy(to, &map, sizeof(map));
  return CUDA_SUCCESS;
}

// NOLINTNEXTLINE(readability-function-size): CUDA declares it
CUresult encode_tiled(CUtensorMap* to, CUtensorMapDataType type, cuuint32_t rank, void* address,
                      const cuuint64_t* dims, const cuuint64_t* strides, const cuuint32_t* box,
                      const cuuint32_t* steps, CUtensorMapInterleave interleave,
                      CUtensorMapSwizzle swizzle, CUtensorMapL2promotion,
                      CUtensorMapFloatOOBfill fill) {
  TensorMap map;
  if (rank < 1 || rank > 5 ||
      !describe({type, rank, address, dims, strides, steps, interleave, swizzle, fill}, map)) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  for (uint32_t i = 0; i < rank; ++i) {
    if (box[i] == 0 || box[i] > 256) return CUDA_ERROR_INVALID_VALUE;
    map.box[i] = static_cast<uint16_t>(box[i]);
  }
  return give(to, map);
}

// NOLINTNEXTLINE(readability-function-size): CUDA declares it
CUresult encode_im2col(CUtensorMap* to, CUtensorMapDataType type, cuuint32_t rank, void* address,
                       const cuuint64_t* dims, const cuuint64_t* strides, const int* lower,
                       const int* upper, cuuint32_t channels, cuuint32_t pixels,
                       const cuuint32_t* steps, CUtensorMapInterleave interleave,
                       CUtensorMapSwizzle swizzle, CUtensorMapL2promotion,
                       CUtensorMapFloatOOBfill fill) {
  TensorMap map;
  if (rank < 3 || rank > 5 || channels == 0 || channels > 256 || pixels == 0 || pixels > 1024 ||
      !describe({type, rank, address, dims, strides, steps, interleave, swizzle, fill}, map)) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  const int limit = rank == 3 ? 1 << 15 : rank == 4 ? 1 << 7 : 1 << 4;
  map.im2col = 1;
  for (uint32_t i = 0; i < rank - 2; ++i) {
    if (lower[i] < -limit || lower[i] >= limit || upper[i] < -limit || upper[i] >= limit) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    map.lower[i] = static_cast<int16_t>(lower[i]);
    map.upper[i] = static_cast<int16_t>(upper[i]);
  }
  map.box[0] = static_cast<uint16_t>(channels);
  map.box[1] = static_cast<uint16_t>(pixels);
  return give(to, map);
}

}  // namespace

void* driver_entry(const char* name) {
  const std::string_view wanted = name;
  if (wanted == "cuTensorMapEncodeTiled") return reinterpret_cast<void*>(encode_tiled);
  if (wanted == "cuTensorMapEncodeIm2col") return reinterpret_cast<void*>(encode_im2col);
  return nullptr;
}

}  // namespace yent::cuda::fake
