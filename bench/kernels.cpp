// Every row of every kernel table on the shapes that matter: BK-SDM-Tiny's guided step at
// 512x512, the VAE's widest layers, a small LLaMA. GMAC/s, and the share of the multiply-adds
// one core makes without touching memory (times the threads).
//
//   bench_kernels --benchmark_filter=linear.*avx512 [--threads=N]
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/cpu/isa_table.h"
#include "kernels/cpu/peak.h"
#include "kernels/half.h"

using namespace yent;

namespace {

int thread_count = 1;

// Blocks handed out once and used again: what a planned forward costs an op.
class KeptArena : public Arena {
 public:
  Block take(size_t bytes) override {
    if (next_ == blocks_.size()) blocks_.emplace_back(bytes + 64);
    auto& memory = blocks_[next_++];
    if (memory.size() < bytes + 64) memory.resize(bytes + 64);
    const auto address = reinterpret_cast<uintptr_t>(memory.data());
    return {memory.data() + (64 - address % 64) % 64, bytes, 0};
  }
  void give(const Block&) override { --next_; }
  bool measuring() const override { return false; }

 private:
  std::vector<std::vector<std::byte>> blocks_;
  size_t next_ = 0;
};

std::vector<float> noise(size_t count) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> value(-1, 1);
  std::vector<float> values(count);
  for (float& v : values) v = value(random);
  return values;
}

struct Matrix {
  std::vector<float> values;
  Tensor tensor;
  explicit Matrix(Shape shape) : values(noise(shape.count())) {
    tensor = {values.data(), shape, shape.c};
  }
};

struct Weight {
  std::vector<float> values;
  HostTensor tensor;
  explicit Weight(std::vector<int64_t> dims) {
    tensor.name = "weight";
    tensor.dims = std::move(dims);
    values = noise(tensor.count());
    tensor.data = reinterpret_cast<const std::byte*>(values.data());
    tensor.bytes = values.size() * sizeof(float);
  }
};

// An activation in the form its reader wants, as a norm leaves it.
struct Activation {
  Stored memory;
  Tensor tensor;
  Activation(Backend& backend, Shape shape, Reader reader) {
    const Form form = backend.form(shape, reader);
    memory = backend.working_memory(form.bytes, {});
    tensor = form.tensor;
    tensor.data = memory.tensor.data;
    KeptArena arena;
    backend.group_norm(arena, tensor, Matrix(shape).tensor, {}, 1, Fn::none);
  }
};

double peak_of(Isa isa) {
  static std::map<Isa, double> known;
  if (!known.count(isa)) {
    known[isa] = measure_fma_peak(pick(vec_table(), isa, detect_features()));
  }
  return known[isa];
}

// Times `op`, which does `macs` multiply-adds.
template <class Op>
void measure(benchmark::State& state, Isa isa, double macs, Op op) {
  op();
  for (auto _ : state) op();
  using benchmark::Counter;
  const double total = macs * static_cast<double>(state.iterations());
  state.counters["gmac_per_s"] = Counter(total / 1e9, Counter::kIsRate);
  state.counters["peak_share"] = Counter(total / peak_of(isa) / thread_count, Counter::kIsRate);
}

void linear(benchmark::State& state, Isa isa, Precision precision, int rows, int in, int out,
            bool gated) {
  const auto backend = make_table_backend(isa, thread_count);
  const Weight a({gated ? out / 2 : out, in}), b({gated ? out / 2 : 0, in});
  LinearSource source{.name = "layer", .parts = {{"a", a.tensor}}, .paired = gated};
  if (gated) source.parts.push_back({"b", b.tensor});
  const LinearW w = backend->pack_linear(source, precision);
  const Activation x(*backend, {1, rows, 1, in}, {Use::linear, precision});
  const Activation y(*backend, {1, rows, 1, gated ? out / 2 : out}, {Use::any, precision});
  KeptArena arena;
  measure(state, isa, static_cast<double>(rows) * in * out, [&] {
    backend->linear(arena, y.tensor, x.tensor, w,
                    {.fn = gated ? Fn::gelu : Fn::none, .gated = gated});
  });
}

void conv(benchmark::State& state, Isa isa, Precision precision, int images, int side, int in,
          int out) {
  const auto backend = make_table_backend(isa, thread_count);
  const ConvW w =
      backend->pack_conv3x3("layer", Weight({out, in, 3, 3}).tensor, {}, precision, false);
  const Activation x(*backend, {images, side, side, in}, {Use::conv3x3, precision});
  const Activation y(*backend, {images, side, side, out}, {Use::any, precision});
  KeptArena arena;
  measure(state, isa, 9.0 * images * side * side * in * out,
          [&] { backend->conv3x3(arena, y.tensor, x.tensor, w, {}, {}); });
}

// The second convolution of a resnet: group norm and SiLU before it, a residual behind.
void norm_conv(benchmark::State& state, Isa isa, Precision precision, int side, int channels) {
  const auto backend = make_table_backend(isa, thread_count);
  const ConvW w = backend->pack_conv3x3("layer", Weight({channels, channels, 3, 3}).tensor, {},
                                        precision, false);
  const Shape shape{1, side, side, channels};
  const Activation x(*backend, shape, {Use::any, precision});
  const Activation skip(*backend, shape, {Use::any, precision});
  const Activation y(*backend, shape, {Use::any, precision});
  const NormW norm{.name = "norm", .weight = {}, .bias = {}};
  KeptArena arena;
  measure(state, isa, 9.0 * side * side * channels * channels, [&] {
    backend->norm_conv3x3(arena, y.tensor, x.tensor, {norm, 32, Fn::silu}, w, {},
                          {.residual = skip.tensor});
  });
}

// What is timed has values from -1 to 1, as bf16 too.
Tensor as_bf16(const Tensor& t, std::vector<uint16_t>& to) {
  to.resize(t.shape.count());
  const float* from = t.row<float>(0);
  for (size_t i = 0; i < to.size(); ++i) to[i] = f32_to_bf16(from[i]);
  return {to.data(), t.shape, t.ld, DType::bf16};
}

void attention(benchmark::State& state, Isa isa, Precision precision, int images, int queries,
               int keys, int heads, int width) {
  const auto backend = make_table_backend(isa, thread_count);
  Matrix q({images, queries, 1, heads * width}), kv({images, keys, 1, 2 * heads * width});
  Matrix out(q.tensor.shape);
  std::vector<uint16_t> room[3];
  if (precision != Precision::f32) {
    q.tensor = as_bf16(q.tensor, room[0]);
    kv.tensor = as_bf16(kv.tensor, room[1]);
    out.tensor = as_bf16(out.tensor, room[2]);
  }
  const Tensor k = kv.tensor.cols(0, heads * width),
               v = kv.tensor.cols(heads * width, heads * width);
  AttnSpec spec{.heads = heads, .kv_heads = heads};
  spec.precision = precision;
  spec.scale = 1 / std::sqrt(static_cast<float>(width));
  KeptArena arena;
  measure(state, isa, 2.0 * images * queries * keys * heads * width,
          [&] { backend->attention(arena, out.tensor, q.tensor, k, v, spec); });
}

void gemv(benchmark::State& state, Isa isa, DType type, int rows, int in, int out) {
  const auto backend = make_table_backend(isa, thread_count);
  const size_t count = static_cast<size_t>(in) * out / block_elements(type);
  std::vector<std::byte> blocks(count * block_bytes(type), std::byte{1});
  HostTensor weight{.name = "weight", .dtype = type, .dims = {out, in}};
  weight.data = blocks.data();
  weight.bytes = blocks.size();
  const LinearW w =
      backend->pack_linear({.name = "layer", .parts = {{"a", weight}}}, Precision::f32);
  Matrix x({1, rows, 1, in}), y({1, rows, 1, out});
  KeptArena arena;
  measure(state, isa, static_cast<double>(rows) * in * out,
          [&] { backend->linear(arena, y.tensor, x.tensor, w, {}); });
  state.SetBytesProcessed(state.iterations() * blocks.size());
}

// With codes for a convolution as its output, from what int8 leaves, or with plain floats.
void group_norm(benchmark::State& state, Isa isa, Precision precision, int images, int side,
                int channels) {
  const auto backend = make_table_backend(isa, thread_count);
  const Shape shape{images, side, side, channels};
  const Activation x(*backend, shape, {Use::any, precision});
  const Activation y(*backend, shape, {Use::conv3x3, precision});
  KeptArena arena;
  for (auto _ : state) {
    backend->group_norm(arena, y.tensor, x.tensor, {.name = "norm", .weight = {}, .bias = {}}, 32,
                        Fn::silu);
  }
  state.SetBytesProcessed(state.iterations() *
                          (backend->form(shape, {Use::any, precision}).bytes +
                           backend->form(shape, {Use::conv3x3, precision}).bytes));
}

template <class Run>
void add(const std::string& name, Run run) {
  auto* entry = benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMillisecond);
  if (thread_count > 1) entry->UseRealTime();  // one thread's own time is steadier than the wall's
}

void add_products(const Gemm& row, const char* kind, Precision precision) {
  const Isa isa = row.isa;
  const std::string at = fmt::format("/{}_{}", kind, row.name);
  struct Linear {
    int rows, in, out;
    bool gated;
  };
  struct Conv {
    int images, side, in, out;
  };
  std::vector<Linear> linears = {
      {8192, 320, 960, false},  {8192, 320, 320, false},  {8192, 320, 2560, true},
      {8192, 1280, 320, false}, {2048, 640, 640, false},  {2048, 640, 5120, true},
      {512, 1280, 3840, false}, {512, 1280, 1280, false}, {512, 1280, 10240, true},
      {512, 5120, 1280, false}, {154, 768, 2560, false},  {1, 1280, 1280, false}};
  std::vector<Conv> convs = {{2, 64, 320, 320},   {2, 32, 640, 640},  {2, 16, 1280, 1280},
                             {2, 16, 2560, 1280}, {2, 64, 960, 320},  {2, 64, 4, 320},
                             {1, 512, 128, 128},  {1, 512, 256, 128}, {1, 256, 256, 256},
                             {1, 128, 512, 512}};
  if (isa == Isa::ref) linears.resize(2), convs.resize(1);  // plain C++ takes seconds for each
  for (const Linear& s : linears) {
    add(fmt::format("linear{}/{}x{}x{}{}", at, s.rows, s.in, s.out, s.gated ? "_gated" : ""),
        [=](benchmark::State& b) { linear(b, isa, precision, s.rows, s.in, s.out, s.gated); });
  }
  for (const Conv& s : convs) {
    add(fmt::format("conv3x3{}/{}x{}x{}x{}to{}", at, s.images, s.side, s.side, s.in, s.out),
        [=](benchmark::State& b) { conv(b, isa, precision, s.images, s.side, s.in, s.out); });
  }
  if (isa == Isa::ref) return;
  for (const auto& [side, channels] : {std::pair(512, 128), {256, 256}, {128, 512}}) {
    add(fmt::format("norm_conv3x3{}/{}x{}x{}", at, side, side, channels),
        [=, s = side, c = channels](benchmark::State& b) { norm_conv(b, isa, precision, s, c); });
  }
}

void add_attention(const std::string& name, Isa isa, Precision precision) {
  struct Case {
    int images, queries, keys, heads, width;
  };
  std::vector<Case> cases = {
      {2, 4096, 4096, 8, 40},  {2, 4096, 77, 8, 40}, {2, 1024, 1024, 8, 80}, {2, 256, 256, 8, 160},
      {1, 4096, 4096, 1, 512}, {1, 1, 2048, 6, 48},  {1, 64, 64, 4, 24}};
  if (isa == Isa::ref) cases.erase(cases.begin());
  for (const Case& c : cases) {
    add(fmt::format("attention/{}/{}x{}x{}_{}x{}", name, c.images, c.queries, c.keys, c.heads,
                    c.width),
        [=](benchmark::State& b) {
          attention(b, isa, precision, c.images, c.queries, c.keys, c.heads, c.width);
        });
  }
}

void add_rest(Isa isa, const std::string& name) {
  for (const int rows : {1, 4, 16, 64}) {
    add(fmt::format("gemv_q8/{}/{}x2048x2048", name, rows),
        [=](benchmark::State& b) { gemv(b, isa, DType::q8_0, rows, 2048, 2048); });
  }
  for (const DType type : {DType::q4_0, DType::q5_0, DType::q4_k, DType::q5_k, DType::q6_k}) {
    add(fmt::format("gemv_{}/{}/1x2048x2048", dtype_name(type), name),
        [=](benchmark::State& b) { gemv(b, isa, type, 1, 2048, 2048); });
  }
  for (const auto& [kind, precision] :
       {std::pair("f32", Precision::f32), std::pair("int8", Precision::int8)}) {
    add(fmt::format("group_norm/{}_{}/2x64x64x320", kind, name),
        [=, p = precision](benchmark::State& b) { group_norm(b, isa, p, 2, 64, 320); });
    add(fmt::format("group_norm/{}_{}/1x512x512x128", kind, name),
        [=, p = precision](benchmark::State& b) { group_norm(b, isa, p, 1, 512, 128); });
  }
}

void add_all() {
  const CpuFeatures features = detect_features();
  const auto usable = [&](const auto* row) { return supports(features, row->isa); };
  for (const Gemm* row : gemm_f32_table()) {
    if (!usable(row)) continue;
    add_products(*row, "f32", Precision::f32);
    add_products(*row, "f16", Precision::f16);
  }
  for (const Gemm* row : gemm_bf16_table()) {
    if (usable(row)) add_products(*row, "bf16", Precision::bf16);
  }
  for (const Gemm* row : gemm_i8_table()) {
    if (usable(row)) add_products(*row, "int8", Precision::int8);
  }
  for (const Attention* row : attention_table()) {
    if (usable(row)) add_attention(fmt::format("f32_{}", row->name), row->isa, Precision::f32);
  }
  for (const AttentionBf16* row : attention_bf16_table()) {
    if (usable(row) && row->block) {
      add_attention(fmt::format("bf16_{}", row->name), row->isa, Precision::bf16);
    }
  }
  for (const AttentionBf16* row : attention_i8_table()) {
    if (usable(row) && row->block) {
      add_attention(fmt::format("i8_{}", row->name), row->isa, Precision::int8);
    }
  }
  for (const GemvQ8* row : gemv_q8_table()) {
    if (usable(row)) add_rest(row->isa, row->name);
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::string_view option = "--threads=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with(option)) continue;
    std::from_chars(word.data() + option.size(), word.data() + word.size(), thread_count);
    std::rotate(argv + i, argv + i + 1, argv + argc--);
    break;
  }
  add_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
