// Every op of the CUDA backend against the reference: odd shapes, tails, seams, both types, fences
// around outputs and scratch; each op runs twice and must give the same bytes. Needs a GPU.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "kernels/cuda/index.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/arena.h"
#include "tests/support/cuda_device.h"

using namespace yent;

namespace {

constexpr float eps = std::numeric_limits<float>::epsilon();
constexpr DType types[] = {DType::f16, DType::f32};
constexpr Precision precisions[] = {Precision::f16, Precision::f32, Precision::bf16,
                                    Precision::int8};

struct Host {
  std::vector<float> values;
  std::vector<std::byte> blocks = {};
  HostTensor tensor;

  explicit Host(std::vector<int64_t> dims) {
    tensor.name = "weight";
    tensor.dims = std::move(dims);
    values.resize(tensor.count());
    for (float& v : values) v = uniform(-1, 1);
    tensor.data = reinterpret_cast<const std::byte*>(values.data());
    tensor.bytes = values.size() * sizeof(float);
  }
  Host(const Host&) = delete;

  void make_q8() {
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
  void make_16(DType dtype) {
    blocks.resize(values.size() * 2);
    for (size_t i = 0; i < values.size(); ++i) {
      const uint16_t bits = dtype == DType::f16 ? f32_to_f16(values[i]) : f32_to_bf16(values[i]);
      std::memcpy(&blocks[2 * i], &bits, 2);
    }
    tensor.dtype = dtype;
    tensor.data = blocks.data();
    tensor.bytes = blocks.size();
  }
};

LinearSource source_of(const std::vector<Host*>& weights, Host* bias, bool paired) {
  LinearSource s{.name = "layer", .parts = {}, .paired = paired};
  for (Host* w : weights)
    s.parts.push_back({"part", w->tensor, bias ? bias->tensor : HostTensor{}});
  return s;
}

// Rounding of the stored output, then of the sums.
double limit_of(const Twin& out, double sums) {
  return sums + (out.dtype() == DType::f16 ? 6e-4 : 0);
}

// The reference does not round f32 inputs to f16, as the tensor cores require.
double input_limit(DType type, Precision precision, int k) {
  return type == DType::f32 && precision == Precision::f16 ? 5e-4 * std::sqrt(k) : 0;
}

// Runs `op` on the host, twice on the GPU (the same bytes) and once dry (the same scratch).
template <class Op>
void check_op(Backend& device, Twin& out, double limit, const Op& op) {
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
  CHECK(out.differs(limit_of(out, limit)) == "");
}

}  // namespace

TEST_CASE("cuda: linear over sizes, seams, types and precisions") {
  struct Size {
    int rows, a, b, out, gap;
  };
  for (const bool blas : {true, false}) {
    Backend* device = gpu(blas);
    if (!device) return;
    for (const Size& size : {Size{1, 1, 0, 1, 3},
                             {3, 5, 2, 7, 3},
                             {14, 32, 0, 32, 0},
                             {29, 40, 24, 66, 8},
                             {130, 72, 0, 161, 8},
                             {16, 1100, 52, 90, 3},
                             {5, 2048, 512, 64, 0},
                             {300, 64, 0, 320, 0}}) {
      for (const Precision precision : precisions) {
        for (const DType type : types) {
          CAPTURE(size.rows);
          CAPTURE(size.a);
          CAPTURE(size.out);
          CAPTURE(static_cast<int>(precision));
          CAPTURE(std::string(dtype_name(type)));
          const int in = size.a + size.b;
          Host weight({size.out, in}), bias({size.out});
          Twin a(*device, {1, size.rows, 1, size.a}, type, size.gap);
          Twin b(*device, {1, size.rows, 1, std::max(size.b, 1)}, type, size.gap);
          Twin residual(*device, {1, size.rows, 1, size.out}, type, size.gap);
          Twin out(*device, {1, size.rows, 1, size.out}, type, size.gap);
          const LinearSource source = source_of({&weight}, &bias, false);
          const LinearWeight packed = device->pack_linear(source, precision);
          const double limit = eps * (4 * in + 64) + input_limit(type, precision, in);
          check_op(*device, out, limit, [&](const Side& s) {
            const LinearWeight w = s.device ? packed : s.backend.pack_linear(source, precision);
            const ConcatView x = size.b ? ConcatView(s(a), s(b)) : ConcatView(s(a));
            s.backend.linear(s.arena, s(out), x, w, {.residual = s(residual)});
          });
        }
      }
    }
  }
}

TEST_CASE("cuda: every epilogue, stacked and paired weights, a residual in place") {
  Backend* device = gpu();
  if (!device) return;
  const int in = 64, half = 46;
  Host first({half, in}), second({half, in}), bias({half});
  first.make_16(DType::f16);
  second.make_16(DType::bf16);
  for (const DType type : types) {
    Twin x(*device, {2, 19, 1, in}, type), out(*device, {2, 19, 1, half}, type, 2);
    Twin both(*device, {2, 19, 1, 2 * half}, type), image(*device, {1, 2, 1, half}, DType::f32);
    for (const Precision precision : precisions) {
      for (const Fn fn : {Fn::none, Fn::silu, Fn::gelu, Fn::quick_gelu}) {
        CAPTURE(static_cast<int>(precision));
        CAPTURE(static_cast<int>(fn));
        const auto run = [&](Twin& to, const std::vector<Host*>& weights, bool paired, int ld) {
          const LinearSource source = source_of(weights, &bias, paired);
          const LinearWeight packed = device->pack_linear(source, precision);
          const double limit = 1e-5 * in + 4 * input_limit(type, precision, in);
          check_op(*device, to, limit, [&](const Side& s) {
            const LinearWeight w = s.device ? packed : s.backend.pack_linear(source, precision);
            Tensor row_bias = ld < 0 ? Tensor{} : s(image);
            if (ld == 0) row_bias.ld = 0;
            s.backend.linear(s.arena, s(to), Tensor(s(x)), w,
                             {.fn = fn, .gated = paired, .row_bias = row_bias, .residual = s(to)});
          });
        };
        run(out, {&first}, false, half);
        run(out, {&first}, false, 0);
        run(out, {&first, &second}, true, half);
        run(both, {&first, &second}, false, -1);
      }
    }
  }
}

TEST_CASE("cuda: linear on q8_0 blocks") {
  Backend* device = gpu();
  if (!device) return;
  for (const int rows : {1, 2, 7, 9, 33}) {
    for (const int in : {32, 96, 2144}) {
      for (const DType type : types) {
        CAPTURE(rows);
        CAPTURE(in);
        Host first({70, in}), second({70, in}), third({9, in}), bias({70});
        for (Host* h : {&first, &second, &third}) h->make_q8();
        Twin x(*device, {1, rows, 1, in}, type), out(*device, {1, rows, 1, 149}, type, 3);
        Twin pairs(*device, {1, rows, 1, 70}, type);
        // Expanded to f16 if there are many rows and f16 is exact enough.
        const Precision precision = type == DType::f16 ? Precision::f16 : Precision::f32;
        const double limit =
            precision == Precision::f16 ? 1e-3 * std::sqrt(in) : eps * (4 * in + 64);
        const auto run = [&](Twin& to, const LinearSource& source, const Epilogue& e) {
          const LinearWeight packed = device->pack_linear(source, precision);
          check_op(*device, to, limit, [&](const Side& s) {
            const LinearWeight w =
                s.device ? packed : s.backend.pack_linear(source, Precision::f32);
            s.backend.linear(s.arena, s(to), Tensor(s(x)), w, e);
          });
        };
        run(out, source_of({&first, &second, &third}, nullptr, false), {});
        run(pairs, source_of({&first, &second}, &bias, true), {.fn = Fn::silu, .gated = true});
      }
    }
  }
}

TEST_CASE("cuda: conv3x3 over sizes, strides, pads and upsampling") {
  Backend* device = gpu();
  if (!device) return;
  struct Case {
    int h, w, in, out, out_h, out_w;
    ConvGeom geom;
  };
  const Case cases[] = {{1, 1, 1, 1, 1, 1, {}},
                        {5, 7, 3, 4, 5, 7, {}},
                        {8, 6, 20, 33, 8, 6, {}},
                        {3, 11, 64, 70, 3, 11, {}},
                        {16, 12, 32, 160, 16, 12, {}},
                        {6, 6, 8, 5, 3, 3, {.stride = 2}},
                        {7, 5, 9, 40, 4, 3, {.stride = 2}},
                        {6, 8, 5, 6, 3, 4, {.stride = 2, .pad_top = 0, .pad_left = 0}},
                        {4, 3, 16, 7, 8, 6, {.upsample = true}},
                        {4, 5, 12, 7, 7, 9, {.upsample = true}}};
  for (const Case& c : cases) {
    for (const Precision precision : precisions) {
      for (const DType type : types) {
        CAPTURE(c.h);
        CAPTURE(c.in);
        CAPTURE(c.out_h);
        CAPTURE(static_cast<int>(precision));
        CAPTURE(std::string(dtype_name(type)));
        Host weight({c.out, c.in, 3, 3}), bias({c.out});
        Twin x(*device, {2, c.h, c.w, c.in}, type);
        Twin row_bias(*device, {1, 2, 1, c.out}, DType::f32);
        Twin residual(*device, {2, c.out_h, c.out_w, c.out}, type);
        Twin out(*device, {2, c.out_h, c.out_w, c.out}, type, 3);
        const ConvWeight packed =
            device->pack_conv3x3("layer", weight.tensor, bias.tensor, precision, false);
        const double limit = eps * (36 * c.in + 64) + input_limit(type, precision, 9 * c.in);
        check_op(*device, out, limit, [&](const Side& s) {
          const ConvWeight w = s.device ? packed
                                        : s.backend.pack_conv3x3("layer", weight.tensor,
                                                                 bias.tensor, precision, false);
          s.backend.conv3x3(s.arena, s(out), s(x), w, c.geom,
                            {.row_bias = s(row_bias), .residual = s(residual)});
        });
      }
    }
  }
}

TEST_CASE("cuda: group_norm, groups across the seam, means far from zero") {
  Backend* device = gpu();
  if (!device) return;
  struct Case {
    int a, b, groups, h, w;
    float low, high;
  };
  const Case cases[] = {{6, 6, 3, 5, 7, -1, 1},    {32, 16, 8, 13, 11, -1, 1},
                        {40, 20, 4, 1, 1, -2, 3},  {64, 0, 32, 9, 30, 99, 101},
                        {1, 2, 1, 17, 19, -1, 1},  {320, 640, 32, 9, 7, -1, 1},
                        {2560, 0, 32, 4, 3, -1, 1}};
  for (const Case& c : cases) {
    const int channels = c.a + c.b;
    for (const DType type : types) {
      CAPTURE(channels);
      Twin a(*device, {2, c.h, c.w, c.a}, type, 0, c.low, c.high);
      Twin b(*device, {2, c.h, c.w, std::max(c.b, 1)}, type, 3, c.low, c.high);
      Twin weight(*device, {1, 1, 1, channels}, DType::f32);
      Twin bias(*device, {1, 1, 1, channels}, DType::f32);
      Twin out(*device, {2, c.h, c.w, channels}, type);
      for (const Fn fn : {Fn::none, Fn::silu}) {
        check_op(*device, out, 4e-6 * std::max(1.0f, c.high), [&](const Side& s) {
          NormWeight w{.name = "norm", .weight = {}, .bias = {}};
          if (fn == Fn::silu) w.weight = {s(weight), nullptr}, w.bias = {s(bias), nullptr};
          const ConcatView x = c.b ? ConcatView(s(a), s(b)) : ConcatView(s(a));
          s.backend.group_norm(s.arena, s(out), x, w, c.groups, fn);
        });
      }
    }
  }
}

TEST_CASE("cuda: layer_norm and rms_norm, in place too") {
  Backend* device = gpu();
  if (!device) return;
  for (const int columns : {1, 3, 16, 77, 320, 1280, 1025}) {
    for (const DType type : types) {
      CAPTURE(columns);
      Twin x(*device, {1, 37, 1, columns}, type, 2, 3, 5), out(*device, {1, 37, 1, columns}, type);
      Twin weight(*device, {1, 1, 1, columns}, DType::f32);
      Twin bias(*device, {1, 1, 1, columns}, DType::f32);
      for (const bool affine : {false, true}) {
        const auto norm = [&](const Side& s) {
          NormWeight w{.name = "norm", .weight = {}, .bias = {}};
          if (affine) w.weight = {s(weight), nullptr}, w.bias = {s(bias), nullptr};
          return w;
        };
        check_op(*device, out, 4e-6,
                 [&](const Side& s) { s.backend.layer_norm(s.arena, s(out), s(x), norm(s)); });
        check_op(*device, x, 4e-6,
                 [&](const Side& s) { s.backend.rms_norm(s.arena, s(x), s(x), norm(s), columns); });
        x.reset();
      }
    }
  }
  for (const int width : {24, 12}) {
    Twin heads(*device, {1, 5, 1, 96}, DType::f16), weight(*device, {1, 1, 1, width}, DType::f32);
    check_op(*device, heads, 4e-6, [&](const Side& s) {
      s.backend.rms_norm(s.arena, s(heads), s(heads),
                         {.name = "q", .weight = {s(weight), nullptr}, .bias = {}}, width);
    });
  }
}

TEST_CASE("cuda: attention over widths, lengths and groups of heads") {
  Backend* device = gpu();
  if (!device) return;
  struct Case {
    int images, queries, keys, heads, kv_heads, width;
  };
  const Case cases[] = {{1, 1, 1, 1, 1, 1},      {2, 33, 77, 2, 2, 40},   {1, 70, 70, 1, 1, 512},
                        {1, 5, 400, 4, 2, 24},   {2, 3, 171, 3, 1, 12},   {1, 1, 1333, 6, 2, 48},
                        {1, 130, 169, 2, 2, 80}, {1, 40, 40, 1, 1, 160},  {1, 300, 20, 3, 3, 7},
                        {2, 150, 77, 4, 2, 64},  {1, 129, 131, 2, 1, 56}, {2, 40, 72, 1, 1, 256}};
  for (const Case& c : cases) {
    for (const DType type : types) {
      CAPTURE(c.queries);
      CAPTURE(c.keys);
      CAPTURE(c.width);
      CAPTURE(std::string(dtype_name(type)));
      Twin q(*device, {c.images, c.queries, 1, c.heads * c.width}, type, 0, -2, 2);
      Twin kv(*device, {c.images, c.keys, 1, 2 * c.kv_heads * c.width}, type, 0, -2, 2);
      Twin out(*device, {c.images, c.queries, 1, c.heads * c.width}, type, 8);
      std::vector<int32_t> places;
      for (int i = 0; i < c.queries; ++i) places.push_back(i ? below(c.keys) : 0);
      TwinIndices positions(*device, places);
      for (const bool causal : {false, true}) {
        // Probabilities are f16 on the tensor cores: an error of 2^-11 of the largest value.
        check_op(*device, out, type == DType::f16 ? 2e-3 : 2e-5, [&](const Side& s) {
          const int half = c.kv_heads * c.width;
          AttnSpec spec{.heads = c.heads, .kv_heads = c.kv_heads};
          spec.scale = 1 / std::sqrt(static_cast<float>(c.width));
          if (causal) spec.positions = s(positions);
          s.backend.attention(s.arena, s(out), s(q), s(kv).cols(0, half), s(kv).cols(half, half),
                              spec);
        });
      }
    }
  }
}

TEST_CASE("cuda: rope, store_rows, embed and mix") {
  Backend* device = gpu();
  if (!device) return;
  TwinIndices positions(*device, {7, 0, 39, 12, 12}), ids(*device, {5, 1, 5, 0, 6});
  TwinIndices places(*device, {4, 0, 2, 6, 5});
  for (const DType type : types) {
    for (const bool interleaved : {false, true}) {
      for (const int rotated : {2, 10, 16}) {
        Twin table(*device, {1, 40, 1, rotated}, DType::f32), x(*device, {1, 5, 1, 48}, type, 3);
        check_op(*device, x, 4 * eps, [&](const Side& s) {
          s.backend.rope(s.arena, s(x), s(table), s(positions), 16, interleaved);
        });
      }
    }
    Twin rows(*device, {1, 5, 1, 21}, DType::f16), cache(*device, {1, 7, 1, 21}, type);
    check_op(*device, cache, 0,
             [&](const Side& s) { s.backend.store_rows(s.arena, s(cache), s(rows), s(places)); });
    Host table({7, 64}), blocks({7, 64});
    blocks.make_q8();
    Twin place(*device, {1, 9, 1, 64}, DType::f32), out(*device, {1, 5, 1, 64}, type, 5);
    for (Host* h : {&table, &blocks}) {
      for (const bool placed : {false, true}) {
        const PersistentTensor packed = device->upload(h->tensor);
        check_op(*device, out, 0, [&](const Side& s) {
          const PersistentTensor stored = s.device ? packed : s.backend.upload(h->tensor);
          s.backend.embed(s.arena, s(out), stored, s(ids), placed ? s(place) : Tensor{},
                          placed ? s(places) : Tensor{});
        });
      }
    }
    Twin x(*device, {2, 5, 3, 4}, type), y(*device, {2, 5, 3, 4}, DType::f32, 2);
    Twin mixed(*device, {2, 5, 3, 4}, type), coefficients(*device, {1, 1, 1, 3}, DType::f32);
    check_op(*device, mixed, 0, [&](const Side& s) {
      const Tensor terms[] = {s(x), s(mixed), s(y)};  // one of them is written
      s.backend.linear_combination(s.arena, s(mixed), terms, s(coefficients));
    });
  }
}

TEST_CASE("cuda: what is not finite stays so, codes included") {
  Backend* device = gpu();
  if (!device) return;
  const int in = 72, out = 34;
  for (const float bad : {NAN, INFINITY}) {
    for (const Precision precision : precisions) {
      CAPTURE(static_cast<int>(precision));
      Host weight({out, in}), filter({out, in, 3, 3});
      Twin x(*device, {2, 3, 1, in}, DType::f16), to(*device, {2, 3, 1, out}, DType::f32);
      x.at(1, 41) = bad;
      x.keep();
      DeviceArena arena(*device);
      const auto finite = [&](size_t row) {
        std::vector<float> values(6 * out);
        device->read(values.data(), to.device());
        return std::all_of(values.begin() + static_cast<ptrdiff_t>(row * out),
                           values.begin() + static_cast<ptrdiff_t>((row + 1) * out),
                           [](float v) { return std::isfinite(v); });
      };
      device->linear(arena, to.device(), x.device(),
                     device->pack_linear(source_of({&weight}, nullptr, false), precision), {});
      CHECK((finite(0) && !finite(1) && finite(2)));
      device->conv3x3(arena, to.device(), x.device(),
                      device->pack_conv3x3("layer", filter.tensor, {}, precision, false), {}, {});
      CHECK((!finite(1) && finite(4)));
      device->layer_norm(arena, to.device(), x.device().cols(32, out),
                         {.name = "norm", .weight = {}, .bias = {}});
      CHECK((finite(0) && !finite(1)));
      device->group_norm(arena, to.device(), x.device().cols(32, out),
                         {.name = "norm", .weight = {}, .bias = {}}, 1, Fn::none);
      CHECK((!finite(0) && !finite(1) && finite(4)));
    }
  }
}

TEST_CASE("cuda: a forward played again computes with what memory holds then") {
  Backend* device = gpu();
  if (!device) return;
  Host weight({320, 320});
  Twin x(*device, {1, 64, 1, 320}, DType::f16), out(*device, {1, 64, 1, 320}, DType::f16);
  Twin other(*device, {1, 64, 1, 320}, DType::f16), middle(*device, {1, 64, 1, 320}, DType::f16);
  const LinearWeight w = device->pack_linear(source_of({&weight}, nullptr, false), Precision::f16);
  const auto memory = device->allocate({1, 1, 1, 64 << 20}, DType::u8);
  struct Bump : Arena {  // one place for everything, as in a plan
    std::byte* data;
    size_t used = 0;
    Block take(size_t bytes) override {
      Block block{data + used, bytes, 0};
      used += (bytes + 255) / 256 * 256;
      return block;
    }
    void give(const Block&) override {}
    bool measuring() const override { return false; }
  } bump;
  bump.data = static_cast<std::byte*>(memory.tensor.data);
  const auto forward = [&](Twin& from) {
    return [&] {
      bump.used = 0;
      device->linear(bump, middle.device(), from.device(), w, {.fn = Fn::silu});
      device->linear(bump, out.device(), middle.device(), w, {});
    };
  };
  for (int run = 0; run < 6; ++run) {
    CAPTURE(run);
    Twin& from = run == 4 ? other : x;  // one run reads from elsewhere
    for (int i = 0; i < 320; ++i) from.at(3, i) = static_cast<float>(run % 3);
    from.keep();
    forward(from)();
    const std::vector<float> expected = out.read();
    out.reset();
    device->replay("forward", forward(from));
    CHECK(out.read() == expected);
  }
}

TEST_CASE("cuda: too much memory is one sentence, and nothing is lost") {
  Backend* device = gpu();
  if (!device) return;
  const size_t before = device->available_bytes();
  const int row = 1 << 30;
  CHECK_THROWS_WITH(device->allocate({1, 4096, 1, row}, DType::f32),
                    doctest::Contains("the GPU's memory ran out"));
  CHECK(device->available_bytes() == before);
}
