#include "kernels/cuda/hopper/hopper_gemm.h"
#include "kernels/cuda/hopper/tensor_map.h"

namespace yent::cuda {
namespace {

template <class View>
void launch(Queue& q, const TileConfig& config, GemmArgs<View>& p, HopperArgs<View>& args) {
  make_tensor_map(args.weight, MatrixBoxes{p.b, p.depth * 8, p.n, p.b_ld * 8, config.bn});
  p.tiles_m = ceil_div(p.m, config.bm);
  p.tiles_n = ceil_div(p.n, config.bn);
  p.tiles_k = depth_tiles(p.view);
  p.slices = config.slices;
  args.product = p;
  launch_hopper_kernel(q, config, args);
}

}  // namespace

void launch_hopper_gemm(Queue& q, TileConfig config, LinearArgs p) {
  HopperLinearArgs args = {};
  const LinearView& v = p.view;
  make_tensor_map(args.a, MatrixBoxes{p.a, v.chunks_a * 8, v.rows, int64_t{v.ld_a} * 8, config.bm});
  if (v.chunks_b > 0) {
    make_tensor_map(args.a2,
                    MatrixBoxes{p.a2, v.chunks_b * 8, v.rows, int64_t{v.ld_b} * 8, config.bm});
  }
  launch(q, config, p, args);
}

void launch_hopper_gemm(Queue& q, TileConfig config, ConvArgs p) {
  HopperConvArgs args = {};
  make_tensor_map(args.a, WindowBoxes{p.a, p.view, config.bm});
  launch(q, config, p, args);
}

}  // namespace yent::cuda
