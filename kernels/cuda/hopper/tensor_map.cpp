#include "kernels/cuda/hopper/tensor_map.h"

#include <cudaTypedefs.h>
#include <cuda_runtime_api.h>

#include "kernels/error.h"

namespace yent::cuda {
namespace {

// Null where the driver has no such function.
void* driver_function(const char* name) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found = {};
#if CUDART_VERSION >= 12050
  const cudaError_t asked =
      cudaGetDriverEntryPointByVersion(name, &function, 12000, cudaEnableDefault, &found);
#else
  const cudaError_t asked = cudaGetDriverEntryPoint(name, &function, cudaEnableDefault, &found);
#endif
  const bool has = asked == cudaSuccess && found == cudaDriverEntryPointSuccess;
  if (asked != cudaSuccess) cudaGetLastError();
  return has ? function : nullptr;
}

struct Encoders {
  PFN_cuTensorMapEncodeTiled_v12000 tiled = reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(
      driver_function("cuTensorMapEncodeTiled"));
  PFN_cuTensorMapEncodeIm2col_v12000 im2col = reinterpret_cast<PFN_cuTensorMapEncodeIm2col_v12000>(
      driver_function("cuTensorMapEncodeIm2col"));
};

const Encoders& encoders() {
  static const Encoders all;
  return all;
}

void* address(const void* data) { return const_cast<void*>(data); }  // CUDA's type, it only reads

}  // namespace

bool has_tensor_maps() { return encoders().tiled && encoders().im2col; }

void make_tensor_map(CUtensorMap& to, const MatrixBoxes& m) {
  const cuuint64_t dims[] = {static_cast<cuuint64_t>(m.columns), static_cast<cuuint64_t>(m.rows)};
  const cuuint64_t strides[] = {static_cast<cuuint64_t>(m.ld) * 2};
  const cuuint32_t box[] = {kDepth, static_cast<cuuint32_t>(m.box_rows)}, steps[] = {1, 1};
  const CUresult made =
      encoders().tiled(&to, CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 2, address(m.data), dims, strides, box,
                       steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                       CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  ENSURE(made == CUDA_SUCCESS, "a tensor map of {} x {}, {} apart: error {}", m.rows, m.columns,
         m.ld, static_cast<int>(made));
}

void make_tensor_map(CUtensorMap& to, const WindowBoxes& m) {
  const ConvView& v = m.view;
  const auto channels = static_cast<cuuint64_t>(v.channel_chunks) * 8;
  const cuuint64_t dims[] = {channels, static_cast<cuuint64_t>(v.w), static_cast<cuuint64_t>(v.h),
                             static_cast<cuuint64_t>(v.images)};
  const cuuint64_t pixel = static_cast<cuuint64_t>(v.ld) * 16;
  const cuuint64_t strides[] = {pixel, pixel * v.w, pixel * v.w * v.h};
  const auto step = static_cast<cuuint32_t>(v.stride);
  const cuuint32_t steps[] = {1, step, step, 1};
  const CornerBox corners = corner_box(v);
  const int lower[] = {corners.lower_x, corners.lower_y};
  const int upper[] = {corners.upper_x, corners.upper_y};
  const CUresult made =
      encoders().im2col(&to, CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 4, address(m.data), dims, strides,
                        lower, upper, kDepth, static_cast<cuuint32_t>(m.box_pixels), steps,
                        CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                        CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  ENSURE(made == CUDA_SUCCESS, "a tensor map of {} x {} x {} pixels: error {}", v.images, v.h, v.w,
         static_cast<int>(made));
}

}  // namespace yent::cuda
