// Products and attentions of random shapes, types and arguments against the reference. Needs a GPU;
// a seed that fails is named, and can be run alone.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/cuda/cuda_device.h"
#include "tests/support/random_weights.h"

using namespace yent;
using namespace yent::test;

namespace {

constexpr int kSeeds = 300;

bool coin() { return below(2) == 0; }
DType any_type() { return coin() ? DType::f16 : DType::f32; }
Precision any_precision() { return precisions[below(4)]; }
// From 1 to most; small numbers are as likely as large ones.
int any_size(int most) {
  return static_cast<int>(std::exp(uniform(0, std::log(static_cast<float>(most) + 0.99f))));
}
// Half of them suit the tensor cores.
int any_columns(int most) { return coin() ? 8 * any_size(most / 8) : any_size(most); }

void random_linear(Backend& device) {
  const int rows = any_size(200), a = any_columns(400), b = coin() ? any_columns(200) : 0;
  const int in = a + b, n = any_columns(330), gap = coin() ? 8 * below(3) : below(5);
  const DType type = any_type();
  const Precision precision = any_precision();
  CAPTURE(rows);
  CAPTURE(a);
  CAPTURE(b);
  CAPTURE(n);
  CAPTURE(gap);
  CAPTURE(static_cast<int>(precision));
  CAPTURE(std::string(dtype_name(type)));
  Host weight({n, in}), bias({n});
  const LinearSource source = source_of({&weight}, coin() ? &bias : nullptr, false);
  const LinearWeight packed = device.pack_linear(source, precision);
  Twin left(device, {1, rows, 1, a}, type, gap), right(device, {1, rows, 1, b ? b : 1}, type, gap);
  Twin residual(device, {1, rows, 1, n}, any_type(), below(3)),
      row_bias(device, {1, 1, 1, n}, type);
  Twin out(device, {1, rows, 1, n}, any_type(), gap);
  const bool adds = coin(), biased = coin();
  check_op(device, out, eps * (4 * in + 64) + input_limit(type, precision, in), [&](const Side& s) {
    const LinearWeight w = s.device ? packed : s.backend.pack_linear(source, precision);
    const ConcatView x = b ? ConcatView(s(left), s(right)) : ConcatView(s(left));
    s.backend.linear(
        s.arena, s(out), x, w,
        {.row_bias = biased ? s(row_bias) : Tensor{}, .residual = adds ? s(residual) : Tensor{}});
  });
}

void random_convolution(Backend& device) {
  const int h = any_size(20), w = any_size(20), in = any_columns(100), n = any_columns(170);
  ConvGeom geom;
  int out_h = h, out_w = w;
  if (const int kind = below(3); kind == 1) {
    // Every pixel is read, as in the networks: int8 takes its scale from all of them.
    geom.stride = 2;
    geom.pad_top = geom.pad_left = below(2);
    out_h = std::max(1, (h + geom.pad_top) / 2), out_w = std::max(1, (w + geom.pad_left) / 2);
  } else if (kind == 2) {
    geom.upsample = true;
    out_h = 2 * h - below(2), out_w = 2 * w - below(2);
  }
  const DType type = any_type();
  const Precision precision = any_precision();
  CAPTURE(h);
  CAPTURE(w);
  CAPTURE(in);
  CAPTURE(n);
  CAPTURE(out_h);
  CAPTURE(out_w);
  CAPTURE(geom.stride);
  CAPTURE(static_cast<int>(precision));
  CAPTURE(std::string(dtype_name(type)));
  Host weight({n, in, 3, 3}), bias({n});
  const ConvWeight packed =
      device.pack_conv3x3("layer", weight.tensor, bias.tensor, precision, false);
  Twin x(device, {2, h, w, in}, type), out(device, {2, out_h, out_w, n}, any_type(), below(4));
  Twin residual(device, {2, out_h, out_w, n}, type), row_bias(device, {1, 2, 1, n}, DType::f32);
  const double limit = eps * (36 * in + 64) + input_limit(type, precision, 9 * in);
  check_op(device, out, limit, [&](const Side& s) {
    const ConvWeight packed_there =
        s.device ? packed
                 : s.backend.pack_conv3x3("layer", weight.tensor, bias.tensor, precision, false);
    s.backend.conv3x3(s.arena, s(out), s(x), packed_there, geom,
                      {.row_bias = s(row_bias), .residual = s(residual)});
  });
}

void random_attention(Backend& device) {
  const int images = any_size(2), queries = any_size(200), keys = any_size(200);
  const int kv_heads = any_size(3), heads = kv_heads * any_size(2), width = any_columns(200);
  const DType type = any_type();
  const bool causal = coin();
  CAPTURE(images);
  CAPTURE(queries);
  CAPTURE(keys);
  CAPTURE(heads);
  CAPTURE(kv_heads);
  CAPTURE(width);
  CAPTURE(causal);
  CAPTURE(std::string(dtype_name(type)));
  Twin q(device, {images, queries, 1, heads * width}, type, 0, -2, 2);
  Twin kv(device, {images, keys, 1, 2 * kv_heads * width}, type, 0, -2, 2);
  Twin out(device, {images, queries, 1, heads * width}, type, below(3) * 4);
  std::vector<int32_t> places;
  for (int i = 0; i < queries; ++i) places.push_back(below(keys));
  TwinIndices positions(device, places);
  // Probabilities are f16 on the tensor cores: an error of 2^-11 of the largest value.
  check_op(device, out, type == DType::f16 ? 2e-3 : 2e-5, [&](const Side& s) {
    const int half = kv_heads * width;
    AttnSpec spec{.heads = heads, .kv_heads = kv_heads};
    spec.scale = 1 / std::sqrt(static_cast<float>(width));
    if (causal) spec.positions = s(positions);
    s.backend.attention(s.arena, s(out), s(q), s(kv).cols(0, half), s(kv).cols(half, half), spec);
  });
}

}  // namespace

TEST_CASE("cuda: random products and attentions") {
  Backend* device = gpu(false);
  if (!device) return;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    test::random().seed(static_cast<unsigned>(seed));
    if (coin()) {
      random_linear(*device);
    } else {
      random_convolution(*device);
    }
    random_attention(*device);
  }
}
