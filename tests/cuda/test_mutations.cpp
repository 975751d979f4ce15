// The emulator's checker must see every deliberate mistake of tests/cuda/mutate.py, and none in the
// kernels as they are. A probe is one op, of a shape that lets the mistake matter.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/hopper/hopper_gemm.h"
#include "kernels/error.h"
#include "mutation_table.h"
#include "mutations.h"
#include "tests/support/cuda/cuda_device.h"
#include "tests/support/random_weights.h"

using namespace yent;
using namespace yent::test;

namespace {

NormWeight plain_norm() { return {.name = "norm", .weight = {}, .bias = {}}; }

struct Shapes {
  int images, queries, keys, heads, width;
};
void attend(Backend& b, DType type, const Shapes& s, bool causal) {
  const int columns = s.heads * s.width;
  Twin q(b, {s.images, s.queries, 1, columns}, type), k(b, {s.images, s.keys, 1, columns}, type);
  Twin v(b, {s.images, s.keys, 1, columns}, type), out(b, {s.images, s.queries, 1, columns}, type);
  TwinIndices positions(b, std::vector<int32_t>(s.queries, s.keys - 1));
  AttnSpec spec{s.heads, s.heads, 1 / std::sqrt(static_cast<float>(s.width))};
  if (causal) spec.positions = positions.device();
  DeviceArena arena(b);
  b.attention(arena, out.device(), q.device(), k.device(), v.device(), spec);
}

void linear(Backend& b, Precision precision, DType type, int rows, int in, int n) {
  Host weight({n, in});
  Twin x(b, {1, rows, 1, in}, type), out(b, {1, rows, 1, n}, type);
  DeviceArena arena(b);
  b.linear(arena, out.device(), Tensor(x.device()),
           b.pack_linear(source_of({&weight}, nullptr, false), precision), {});
}

void linear_q8(Backend& b, Precision precision, DType type, int rows, int in) {
  Host weight({70, in});
  weight.make_q8();
  Twin x(b, {1, rows, 1, in}, type), out(b, {1, rows, 1, 70}, type);
  DeviceArena arena(b);
  b.linear(arena, out.device(), Tensor(x.device()),
           b.pack_linear(source_of({&weight}, nullptr, false), precision), {});
}

void convolve(Backend& b, Precision precision, int in) {
  Host weight({20, in, 3, 3});
  Twin x(b, {2, 5, 7, in}, DType::f16), out(b, {2, 5, 7, 20}, DType::f16);
  DeviceArena arena(b);
  b.conv3x3(arena, out.device(), x.device(),
            b.pack_conv3x3("layer", weight.tensor, {}, precision, false), {}, {});
}

void normalize_rows(Backend& b, DType type, int columns, int gap) {
  Twin x(b, {1, 37, 1, columns}, type, gap), out(b, {1, 37, 1, columns}, type, gap);
  DeviceArena arena(b);
  b.layer_norm(arena, out.device(), x.device(), plain_norm());
}

void normalize_groups(Backend& b, int channels, int groups) {
  Twin x(b, {2, 13, 11, channels}, DType::f16), out(b, {2, 13, 11, channels}, DType::f16);
  DeviceArena arena(b);
  b.group_norm(arena, out.device(), Tensor(x.device()), plain_norm(), groups, Fn::silu);
}

void mix(Backend& b) {
  Twin x(b, {2, 5, 3, 4}, DType::f32), out(b, {2, 5, 3, 4}, DType::f32);
  Twin one(b, {1, 1, 1, 1}, DType::f32);
  const Tensor terms[] = {x.device()};
  DeviceArena arena(b);
  b.linear_combination(arena, out.device(), terms, one.device());
}

void rotate(Backend& b) {
  TwinIndices positions(b, {7, 0, 39, 12, 12});
  Twin table(b, {1, 40, 1, 16}, DType::f32), x(b, {1, 5, 1, 96}, DType::f16);
  DeviceArena arena(b);
  b.rope(arena, x.device(), table.device(), positions.device(), {16, false, 1});
}

void embed(Backend& b) {
  TwinIndices ids(b, {5, -1, 5, 0, 6});
  Host table({7, 64});
  const PersistentTensor stored = b.upload(table.tensor);
  Twin out(b, {1, 5, 1, 64}, DType::f16);
  const Lookup lookups[] = {{stored, ids.device()}};
  DeviceArena arena(b);
  b.embed(arena, out.device(), lookups);
}

void store_rows(Backend& b) {
  TwinIndices places(b, {4, 0, 2, 6, 5});
  Twin rows(b, {1, 5, 1, 21}, DType::f16), cache(b, {1, 7, 1, 21}, DType::f16);
  DeviceArena arena(b);
  b.store_rows(arena, cache.device(), rows.device(), places.device());
}

void round_to_grid(Backend& b, const QuantGrid& grid) {
  Twin x(b, {2, 3, 5, 40}, DType::f32), out(b, {2, 3, 5, 40}, DType::f32);
  DeviceArena arena(b);
  b.quantize(arena, out.device(), Tensor(x.device()), grid, {});
}

// Rows and outputs with tails, and a depth that fills the ring of the smallest tile anew.
void multiply_on_hopper(Backend& b, int slices) {
  const int m = 70, n = 66, k = 11 * 64 + 8;
  Twin x(b, {1, m, 1, k}, DType::f16), weight(b, {1, n, 1, k}, DType::f16);
  Twin out(b, {1, m, 1, n}, DType::f32), partial(b, {1, slices * m, 1, n}, DType::f32);
  TwinIndices arrived(b, std::vector<int32_t>(4));
  cuda::LinearArgs args = {};
  args.view = {m, k / 8, 0, k / 8, 0};
  args.m = m, args.n = n;
  args.depth = k / 8, args.b_ld = k / 8;
  args.a = x.device().data;
  args.b = weight.device().data;
  args.partial = partial.device().data;
  args.arrived = static_cast<int*>(arrived.device().data);
  args.epilogue.out = {out.device().data, n, 1, 0};
  args.epilogue.columns = n;
  args.epilogue.image_rows = m;
  cuda::Queue queue(0);
  cuda::launch_hopper_gemm(queue, {64, 64, slices}, args);
}

const std::map<std::string, std::function<void(Backend&)>> probes = {
    {"flash",
     [](Backend& b) {
       attend(b, DType::f16, {2, 150, 77, 2, 40}, true);
     }},
    {"rows",
     [](Backend& b) {
       attend(b, DType::f32, {1, 1, 1333, 2, 48}, false);
     }},
    {"wide",
     [](Backend& b) {
       attend(b, DType::f16, {1, 40, 72, 1, 256}, false);
     }},
    {"linear", [](Backend& b) { linear(b, Precision::f16, DType::f16, 130, 1152, 162); }},
    {"split_k", [](Backend& b) { linear(b, Precision::f16, DType::f16, 16, 1152, 90); }},
    {"floats", [](Backend& b) { linear(b, Precision::f32, DType::f32, 70, 64, 70); }},
    {"int8", [](Backend& b) { linear(b, Precision::int8, DType::f16, 37, 72, 34); }},
    {"pack", [](Backend& b) { linear(b, Precision::int8, DType::f16, 3, 300, 5); }},
    {"q8", [](Backend& b) { linear_q8(b, Precision::f32, DType::f32, 3, 96); }},
    {"q8_long", [](Backend& b) { linear_q8(b, Precision::f32, DType::f32, 3, 2144); }},
    {"q8_many", [](Backend& b) { linear_q8(b, Precision::f16, DType::f16, 33, 96); }},
    {"conv", [](Backend& b) { convolve(b, Precision::f16, 160); }},
    {"int8_images", [](Backend& b) { convolve(b, Precision::int8, 160); }},
    {"layer_norm", [](Backend& b) { normalize_rows(b, DType::f16, 320, 0); }},
    {"odd_rows", [](Backend& b) { normalize_rows(b, DType::f32, 16, 2); }},
    {"group_norm", [](Backend& b) { normalize_groups(b, 36, 3); }},
    {"group_norm_whole", [](Backend& b) { normalize_groups(b, 48, 8); }},
    {"grid",
     [](Backend& b) {
       round_to_grid(
           b, {.bits = 3, .codebook = Codebook::kmeans, .sharing = Sharing::image, .clip = 90});
     }},
    {"grid_ternary",
     [](Backend& b) {
       round_to_grid(b, {.codebook = Codebook::ternary, .sharing = Sharing::image});
     }},
    {"grid_groups",
     [](Backend& b) { round_to_grid(b, {.bits = 3, .sharing = Sharing::group, .group = 19}); }},
    {"mix", mix},
    {"rope", rotate},
    {"embed", embed},
    {"store_rows", store_rows},
    {"hopper", [](Backend& b) { multiply_on_hopper(b, 1); }},
    {"hopper_split", [](Backend& b) { multiply_on_hopper(b, 2); }},
    {"hopper_conv", [](Backend&) { convolve(*hopper_gpu(), Precision::f16, 192); }}};

// What is wrong, or nothing. On a device of its own: a launch that fails leaves its counters.
std::string fault_of(const std::string& probe) {
  std::string reason;
  const auto backend = make_cuda_backend({.blas = false}, reason);
  REQUIRE(backend);
  try {
    probes.at(probe)(*backend);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("cuda mutations: the checker finds nothing in the kernels as they are") {
  for (const auto& probe : probes) {
    CAPTURE(probe.first);
    for (int order = 0; order < 3; ++order) CHECK(fault_of(probe.first) == "");
  }
}

TEST_CASE("cuda mutations: the checker finds every deliberate mistake") {
  int number = 0;
  for (const cuda::emulator::Mutation& m : cuda::emulator::mutations) {
    CAPTURE(std::string(m.name));
    cuda::emulator::mutation = ++number;
    // What is seen first depends on the order of threads and blocks, which changes with each
    // launch.
    std::string fault = fault_of(m.probe);
    for (int more = 0; more < 3 && fault.find(m.words) == std::string::npos; ++more) {
      CHECK(fault != "");
      fault = fault_of(m.probe);
    }
    cuda::emulator::mutation = 0;
    INFO(fault);
    CHECK(fault != "");
    CHECK(fault.find(m.words) != std::string::npos);
    MESSAGE(std::string(m.name), ": ", fault);
  }
}
