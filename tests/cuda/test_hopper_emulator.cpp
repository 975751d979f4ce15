// What the Hopper kernels and the emulator both say of tiles, fragments and boxes; every tile of
// the products, which are too large for the shapes of other tests; and the proxies.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <vector>

#include "kernels/cuda/device.cuh"
#include "kernels/cuda/hopper/hopper_gemm.h"
#include "kernels/cuda/hopper/tensor_map.h"
#include "kernels/cuda/tile_hopper.cuh"
#include "kernels/error.h"
#include "tests/support/cuda/cuda_device.h"
#include "tests/support/cuda_emulator/hopper/tensor_copy.h"
#include "tests/support/cuda_emulator/hopper/wgmma.h"
#include "tests/support/random_weights.h"

using namespace yent;
using namespace yent::cuda;
using yent::test::eps;

namespace {

const fake::TensorMap& said_by(const CUtensorMap& map) {
  return reinterpret_cast<const fake::TensorMap&>(map);
}

}  // namespace

TEST_CASE("hopper: a thread holds the sums that the figure of the PTX ISA gives it") {
  for (const int width : {8, 64, 128, 256}) {
    std::set<std::pair<int, int>> held;
    for (int thread = 0; thread < 128; ++thread) {
      for (int i = 0; i < width / 2; ++i) {
        const Place at = warpgroup_sum(thread, i);
        CHECK(emulator::holder_of(at.row, at.column) == emulator::Holder{thread, i});
        held.insert({at.row, at.column});
      }
    }
    CHECK(held.size() == size_t(64 * width));
    CHECK(held.rbegin()->first == 63);
  }
}

TEST_CASE("hopper: a descriptor says where the tile lies that a copy has written") {
  const uint32_t base = 5 * kSwizzled;
  for (int step = 0; step < 4; ++step) {
    const emulator::Descriptor d =
        emulator::decode_descriptor(matrix_descriptor(base) + in_depth_step(step));
    CHECK(d.start == base + 32 * step);
    CHECK(d.stride == 1024);
    CHECK(d.swizzle == 1);
    CHECK(d.base_offset == 0);
    CHECK(emulator::wrong_with(d, 64, base + 64 * 128) == nullptr);
    CHECK(emulator::wrong_with(d, 65, base + 64 * 128) != nullptr);
    // The copy swizzles rows and pieces, the product swizzles bits of addresses.
    for (int row = 0; row < 64; ++row) {
      for (int half = 0; half < 2; ++half) {
        CHECK(emulator::piece_address(d, row, half) ==
              base + emulator::swizzled_place(row, 32 * step + 16 * half));
      }
    }
  }
  // Any 8 rows of one piece lie in all banks.
  for (int byte = 0; byte < 128; byte += 16) {
    std::set<int> banks;
    for (int row = 0; row < 8; ++row) banks.insert(emulator::swizzled_place(row, byte) % 128);
    CHECK(banks.size() == 8);
  }
}

TEST_CASE("hopper: tiles of the depth have every column of the weight once") {
  const auto check = [](const auto& view) {
    const int tiles = depth_tiles(view);
    std::vector<int> seen(view.total() * 8);
    DepthTile next = depth_tile(view, 0);
    for (int t = 0; t < tiles; ++t) {
      const DepthTile at = depth_tile(view, t);
      CHECK((at.segment == next.segment && at.column == next.column &&
             at.weight_column == next.weight_column));
      next = next_depth_tile(view, at);
      int before = 0;
      for (int s = 0; s < at.segment; ++s) before += 8 * view.chunks(s);
      const int end = std::min(8 * view.chunks(at.segment), at.column + kDepth);
      for (int column = at.column; column < end; ++column) {
        CHECK(at.weight_column - at.column == before);
        ++seen[before + column];
      }
    }
    for (const int count : seen) CHECK(count == 1);
  };
  for (const auto& [a, b] : {std::pair{1, 0}, {8, 0}, {9, 3}, {40, 40}, {7, 8}}) {
    check(LinearView{5, a, b, a, b});
  }
  for (const int chunks : {1, 8, 9, 40}) {
    ConvView v = {};
    v.channel_chunks = chunks;
    check(v);
  }
}

TEST_CASE("hopper: a box of windows has the pixels under every tap") {
  struct Case {
    int h, w, out_h, out_w, stride, pad_top, pad_left;
  };
  const Case cases[] = {{1, 1, 1, 1, 1, 1, 1}, {5, 7, 5, 7, 1, 1, 1}, {6, 6, 3, 3, 2, 1, 1},
                        {7, 5, 4, 3, 2, 1, 1}, {6, 8, 3, 4, 2, 0, 0}, {9, 4, 7, 2, 1, 0, 0}};
  std::vector<std::byte> memory(3 * 9 * 8 * 48 + 16);
  auto* const image =
      reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(memory.data()) + 15) / 16 * 16);
  for (const Case& c : cases) {
    ConvView v = {3, c.h, c.w, c.out_h, c.out_w, 2, 3, c.stride, c.pad_top, c.pad_left, 0};
    REQUIRE(suits_bulk_copies(v));
    const int box = 16;
    CUtensorMap map;
    make_tensor_map(map, WindowBoxes{image, v, box});
    CHECK(emulator::wrong_with(said_by(map)) == nullptr);
    for (int first = 0; first < v.rows(); first += 5) {
      const WindowCorner corner = window_corner(v, first);
      for (int tap = 0; tap < 9; ++tap) {
        const emulator::TensorCopy copy = {
            &said_by(map), {0, corner.x, corner.y, corner.image}, {tap % 3, tap / 3}};
        for_each_row(copy, [&](int row, const emulator::BoxRow& got) {
          const int pixel = pixel_of(v, corner_of(v, first + row), tap);
          CHECK(got.from == (pixel < 0 ? nullptr : image + size_t(pixel) * 3 * 16));
          CHECK(got.end == (pixel < 0 ? 0 : 16));
        });
      }
    }
  }
}

TEST_CASE("hopper: a box of a matrix ends with the matrix") {
  alignas(16) std::byte memory[16];
  CUtensorMap map;
  make_tensor_map(map, MatrixBoxes{memory, 72, 5, 88, 8});
  for (const int column : {0, 64, 128}) {
    for (const int first : {0, 3, 8}) {
      const emulator::TensorCopy copy = {&said_by(map), {column, first}, {}};
      for_each_row(copy, [&](int row, const emulator::BoxRow& got) {
        const int left = std::clamp(72 - column, 0, 64);
        const bool inside = first + row < 5 && left > 0;
        CHECK(got.from ==
              (inside ? memory + size_t(first + row) * 176 + size_t(column) * 2 : nullptr));
        CHECK(got.end == (inside ? left : 0));
      });
    }
  }
}

namespace {

// Both kinds of products by a named tile, against sums on the host.
struct Problem {
  Backend& device;
  Queue& queue;
  int m, n, k;
  Twin x{device, {1, m, 1, k}, DType::f16}, weight{device, {1, n, 1, k}, DType::f16};
  Twin out{device, {1, m, 1, n}, DType::f32}, partial{device, {1, 2 * m, 1, n}, DType::f32};
  TwinIndices arrived{device, std::vector<int32_t>(32)};

  void check(const TileConfig& config) {
    LinearArgs args = {};
    args.view = {m, k / 8, 0, k / 8, 0};
    args.m = m, args.n = n, args.depth = k / 8, args.b_ld = k / 8;
    args.a = x.device().data;
    args.b = weight.device().data;
    args.partial = partial.device().data;
    args.arrived = static_cast<int*>(arrived.device().data);
    args.epilogue.out = {out.device().data, n, 1, 0};
    args.epilogue.columns = n;
    args.epilogue.image_rows = m;
    launch_hopper_gemm(queue, config, args);
    for (int row = 0; row < m; ++row) {
      for (int column = 0; column < n; ++column) {
        double sum = 0;
        for (int i = 0; i < k; ++i) sum += double(x.at(row, i)) * weight.at(column, i);
        out.at(row, column) = static_cast<float>(sum);
      }
    }
    CHECK(out.differs(eps * 4 * k) == "");
    out.reset();
  }
};

}  // namespace

TEST_CASE("hopper: every tile, with and without tails, whole and in slices") {
  Backend* device = hopper_gpu();
  REQUIRE(device);
  Queue queue(0);
  Problem whole{*device, queue, 256, 128, 192}, parts{*device, queue, 259, 131, 136};
  for (const TileConfig& tile :
       {TileConfig{256, 128, 1}, {128, 128, 1}, {256, 64, 1}, {64, 64, 1}, {256, 128, 2}}) {
    CAPTURE(tile.bm);
    CAPTURE(tile.bn);
    CAPTURE(tile.slices);
    whole.check(tile);
    parts.check(tile);
  }
}

namespace {

// A warpgroup multiplies what its threads have written by plain stores, as no kernel does yet.
struct PlainArgs {
  bool fence, barrier, wait;
};
constexpr uint32_t kMatrix = 64 * kTileRow;

void plain_kernel(PlainArgs p) {
  DYNAMIC_SHARED(char, shared);
  if (threadIdx.x == 0) {
    init_barrier(2 * kMatrix, 1);
    fence_async();
  }
  __syncthreads();
  const uint32_t row = threadIdx.x * kTileRow;
  emulator::async().touch_shared(row, kTileRow, true, static_cast<int>(threadIdx.x));
  std::memset(shared + row, 0, kTileRow);
  if (p.fence) fence_async();
  if (p.barrier) __syncthreads();
  float sum[32] = {};
  fence_sums();
  WarpgroupOp<64>::multiply_add(sum, matrix_descriptor(0), matrix_descriptor(kMatrix));
  commit_products();
  CHECK(std::isnan(sum[0]));
  if (!p.wait) return;
  wait_products<0>();
  CHECK(sum[0] == 0);
}

std::string fault_of(const PlainArgs& args) {
  Queue queue(0);
  try {
    queue.launch(plain_kernel, dim3(1), dim3(128), 2 * kMatrix + 8, args);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("hopper: products read plain stores behind a fence and a barrier alone") {
  CHECK(fault_of({true, true, true}) == "");
  const char* words = "without a fence between the proxies";
  CHECK(fault_of({false, true, true}).find(words) != std::string::npos);
  CHECK(fault_of({true, false, true}).find("a product reads") != std::string::npos);
  CHECK(fault_of({true, true, false}).find("in flight") != std::string::npos);
}
