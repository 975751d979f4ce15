// Every row of every kernel table on the shapes that matter: BK-SDM-Tiny's guided step at
// 512x512, the VAE's widest layers, a small LLaMA, transformers of 6 x 384. GMAC/s, and the share
// of the multiply-adds one core makes without touching memory (times the threads). Where a GPU
// answers, the same there.
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

#include "kernels/cpu/conv/conv_weight.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/isa_table.h"
#include "kernels/cpu/peak/peak.h"
#include "kernels/cuda/cuda_backend.h"

using namespace yent;

namespace {

int thread_count = 1;

// Where a benchmark runs: on a row of the CPU's tables, or on the GPU.
struct Where {
  std::string name;
  Isa isa = Isa::ref;
  bool gpu = false;
  CudaOptions options = {};  // of the GPU

  int repeats() const { return gpu ? 16 : 1; }           // ops at once
  bool slow() const { return !gpu && isa == Isa::ref; }  // plain C++ takes seconds for some
  std::unique_ptr<Backend> backend() const {
    std::string reason;
    return gpu ? make_cuda_backend(options, reason) : make_table_backend(isa, thread_count);
  }
};

// Hands out each block once and reuses it: an op costs the same as in a planned forward.
class KeptArena : public Arena {
 public:
  explicit KeptArena(Backend& backend) : backend_(backend) {}
  Block take(size_t bytes) override {
    if (next_ == blocks_.size()) blocks_.push_back({});
    auto& [memory, room] = blocks_[next_++];
    if (!memory || room < bytes) memory = backend_.working_memory(room = bytes, std::move(memory));
    return {static_cast<std::byte*>(memory.tensor.data), bytes, 0};
  }
  void give(const Block&) override { --next_; }
  bool measuring() const override { return false; }

 private:
  Backend& backend_;
  std::vector<std::pair<PersistentTensor, size_t>> blocks_;
  size_t next_ = 0;
};

std::vector<float> noise(size_t count) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> value(-1, 1);
  std::vector<float> values(count);
  for (float& v : values) v = value(random);
  return values;
}

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

// An activation in the layout of its consumer, as a norm writes it.
struct Activation {
  PersistentTensor memory;
  Tensor tensor;
  Activation(Backend& backend, Shape shape, ConsumerHint hint) {
    const Layout layout = backend.layout(shape, hint);
    memory = backend.working_memory(layout.bytes, {});
    tensor = layout.tensor;
    tensor.data = memory.tensor.data;
    const PersistentTensor values = backend.allocate(shape, DType::f32);
    backend.write(values, noise(shape.count()).data());
    KeptArena arena(backend);
    backend.group_norm(arena, tensor, values.tensor, {.name = "norm", .weight = {}, .bias = {}}, 1,
                       Fn::none);
    backend.wait();
  }
};

double absmax_of(Isa isa) {
  static std::map<Isa, double> known;
  if (!known.count(isa)) {
    known[isa] = measure_fma_peak(pick(fma_loop_table(), isa, detect_features()));
  }
  return known[isa];
}

// A GPU replays a recording of several ops; otherwise the launches would be timed.
template <class Op>
void time(benchmark::State& state, const Where& where, Backend& backend, Op op) {
  const auto all = [&] {
    backend.replay("all", [&] {
      for (int i = 0; i < where.repeats(); ++i) op();
    });
    backend.wait();
  };
  for (int i = 0; i < (where.gpu ? 3 : 1); ++i) all();
  for (auto _ : state) all();
  if (where.gpu) state.counters["ops"] = where.repeats();
}

// Times `op`, which does `macs` multiply-adds.
template <class Op>
void measure(benchmark::State& state, const Where& where, Backend& backend, double macs, Op op) {
  time(state, where, backend, op);
  using benchmark::Counter;
  const double total = macs * where.repeats() * static_cast<double>(state.iterations());
  state.counters["gmac_per_s"] = Counter(total / 1e9, Counter::kIsRate);
  if (where.gpu) return;
  const double absmax = absmax_of(where.isa) * thread_count;
  state.counters["peak_share"] = Counter(total / absmax, Counter::kIsRate);
}

struct LinearSize {
  int rows, in, out;
  bool gated;
};
void linear(benchmark::State& state, const Where& where, Precision precision,
            const LinearSize& size) {
  const auto [rows, in, out, gated] = size;
  const auto backend = where.backend();
  const Weight a({gated ? out / 2 : out, in}), b({gated ? out / 2 : 0, in});
  LinearSource source{.name = "layer", .parts = {{"a", a.tensor}}, .paired = gated};
  if (gated) source.parts.push_back({"b", b.tensor});
  const LinearWeight w = backend->pack_linear(source, precision);
  const Activation x(*backend, {1, rows, 1, in}, {Consumer::linear, precision});
  const Activation y(*backend, {1, rows, 1, gated ? out / 2 : out}, {Consumer::any, precision});
  KeptArena arena(*backend);
  measure(state, where, *backend, static_cast<double>(rows) * in * out, [&] {
    backend->linear(arena, y.tensor, x.tensor, w,
                    {.fn = size.gated ? Fn::gelu : Fn::none, .gated = size.gated});
  });
}

struct ConvSize {
  int images, side, in, out;
  bool direct = false;  // never by Winograd's algorithm
};
void conv(benchmark::State& state, const Where& where, Precision precision, const ConvSize& size) {
  const auto [images, side, in, out, direct] = size;
  const auto backend = where.backend();
  ConvWeight w =
      backend->pack_conv3x3("layer", Weight({out, in, 3, 3}).tensor, {}, precision, false);
  if (direct) {
    const auto packed = std::make_shared<CpuConvWeight>(packed_conv(w));
    packed->winograd = {};
    w.packed = packed;
  }
  const Activation x(*backend, {images, side, side, in}, {Consumer::conv3x3, precision});
  const Activation y(*backend, {images, side, side, out}, {Consumer::any, precision});
  KeptArena arena(*backend);
  measure(state, where, *backend, 9.0 * images * side * side * in * out,
          [&] { backend->conv3x3(arena, y.tensor, x.tensor, w, {}, {}); });
}

// The second convolution of a resnet: after group norm and SiLU, with a residual.
void norm_conv(benchmark::State& state, const Where& where, Precision precision, int side,
               int channels) {
  const auto backend = where.backend();
  const ConvWeight w = backend->pack_conv3x3("layer", Weight({channels, channels, 3, 3}).tensor, {},
                                             precision, false);
  const Shape shape{1, side, side, channels};
  const Activation x(*backend, shape, {Consumer::any, precision});
  const Activation skip(*backend, shape, {Consumer::any, precision});
  const Activation y(*backend, shape, {Consumer::any, precision});
  const NormWeight norm{.name = "norm", .weight = {}, .bias = {}};
  KeptArena arena(*backend);
  measure(state, where, *backend, 9.0 * side * side * channels * channels, [&] {
    backend->norm_conv3x3(arena, y.tensor, x.tensor, {norm, 32, Fn::silu}, w, {},
                          {.residual = skip.tensor});
  });
}

struct AttentionSize {
  int images, queries, keys, heads, width;
};
void attention(benchmark::State& state, const Where& where, Precision precision,
               const AttentionSize& size) {
  const auto [images, queries, keys, heads, width] = size;
  const auto backend = where.backend();
  const ConsumerHint hint{Consumer::attention, precision};
  const Activation q(*backend, {images, queries, 1, heads * width}, hint);
  const Activation kv(*backend, {images, keys, 1, 2 * heads * width}, hint);
  const Activation out(*backend, {images, queries, 1, heads * width}, {Consumer::any, precision});
  const Tensor k = kv.tensor.cols(0, heads * width),
               v = kv.tensor.cols(heads * width, heads * width);
  AttnSpec spec{.heads = heads, .kv_heads = heads};
  spec.precision = precision;
  spec.scale = 1 / std::sqrt(static_cast<float>(width));
  KeptArena arena(*backend);
  measure(state, where, *backend, 2.0 * images * queries * keys * heads * width,
          [&] { backend->attention(arena, out.tensor, q.tensor, k, v, spec); });
}

void gemv(benchmark::State& state, const Where& where, DType type, int rows, int in, int out) {
  const auto backend = where.backend();
  const size_t count = static_cast<size_t>(in) * out / block_elements(type);
  std::vector<std::byte> blocks(count * block_bytes(type), std::byte{1});
  HostTensor weight{.name = "weight", .dtype = type, .dims = {out, in}};
  weight.data = blocks.data();
  weight.bytes = blocks.size();
  const LinearWeight w =
      backend->pack_linear({.name = "layer", .parts = {{"a", weight}}}, Precision::f32);
  const Activation x(*backend, {1, rows, 1, in}, {}), y(*backend, {1, rows, 1, out}, {});
  KeptArena arena(*backend);
  measure(state, where, *backend, static_cast<double>(rows) * in * out,
          [&] { backend->linear(arena, y.tensor, x.tensor, w, {}); });
  state.SetBytesProcessed(state.iterations() * where.repeats() * blocks.size());
}

// int8: from bf16 activations to quantized values for a convolution. f32: f32 to f32.
void group_norm(benchmark::State& state, const Where& where, Precision precision, int images,
                int side, int channels) {
  const auto backend = where.backend();
  const Shape shape{images, side, side, channels};
  const Activation x(*backend, shape, {Consumer::any, precision});
  const Activation y(*backend, shape, {Consumer::conv3x3, precision});
  KeptArena arena(*backend);
  time(state, where, *backend, [&] {
    backend->group_norm(arena, y.tensor, x.tensor, {.name = "norm", .weight = {}, .bias = {}}, 32,
                        Fn::silu);
  });
  state.SetBytesProcessed(state.iterations() * where.repeats() *
                          (backend->layout(shape, {Consumer::any, precision}).bytes +
                           backend->layout(shape, {Consumer::conv3x3, precision}).bytes));
}

template <class Run>
void add(const Where& where, const std::string& name, Run run) {
  auto* entry = benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMillisecond);
  // One thread's own time is steadier than the wall's.
  if (thread_count > 1 || where.gpu) entry->UseRealTime();
}

bool has_winograd(Isa isa, Precision precision) {
  const CpuFeatures features = detect_features();
  switch (precision) {
    case Precision::int8:
      return pick(gemm_i8_table(), isa, features).winograd != nullptr;
    case Precision::bf16:
      return pick(gemm_bf16_table(), isa, features).winograd != nullptr;
    case Precision::f32:
      return pick(gemm_f32_table(), isa, features).winograd != nullptr;
    case Precision::f16:
      break;
  }
  return false;
}

void add_products(const Where& where, const char* kind, Precision precision) {
  const std::string at = fmt::format("/{}_{}", kind, where.name);
  std::vector<LinearSize> linears = {
      {8192, 320, 960, false},  {8192, 320, 320, false},  {8192, 320, 2560, true},
      {8192, 1280, 320, false}, {2048, 640, 640, false},  {2048, 640, 5120, true},
      {512, 1280, 3840, false}, {512, 1280, 1280, false}, {512, 1280, 10240, true},
      {512, 5120, 1280, false}, {154, 768, 2560, false},  {1, 1280, 1280, false},
      {256, 384, 1152, false},  {256, 384, 384, false},   {256, 384, 1536, false},
      {256, 1536, 384, false},  {1, 384, 1536, false}};
  std::vector<ConvSize> convs = {{2, 64, 320, 320},   {2, 32, 640, 640},  {2, 16, 1280, 1280},
                                 {2, 16, 2560, 1280}, {2, 64, 960, 320},  {2, 64, 4, 320},
                                 {1, 512, 128, 128},  {1, 512, 256, 128}, {1, 256, 256, 256},
                                 {1, 128, 512, 512}};
  if (where.slow()) linears.resize(2), convs.resize(1);
  for (const LinearSize& s : linears) {
    add(where, fmt::format("linear{}/{}x{}x{}{}", at, s.rows, s.in, s.out, s.gated ? "_gated" : ""),
        [=](benchmark::State& b) { linear(b, where, precision, s); });
  }
  for (const ConvSize& s : convs) {
    add(where, fmt::format("conv3x3{}/{}x{}x{}x{}to{}", at, s.images, s.side, s.side, s.in, s.out),
        [=](benchmark::State& b) { conv(b, where, precision, s); });
    if (where.gpu || !has_winograd(where.isa, precision)) continue;
    add(where,
        fmt::format("conv3x3_direct{}/{}x{}x{}x{}to{}", at, s.images, s.side, s.side, s.in, s.out),
        [=](benchmark::State& b) {
          conv(b, where, precision, {s.images, s.side, s.in, s.out, true});
        });
  }
  if (where.slow()) return;
  for (const auto& [side, channels] : {std::pair(512, 128), {256, 256}, {128, 512}}) {
    add(where, fmt::format("norm_conv3x3{}/{}x{}x{}", at, side, side, channels),
        [=, s = side, c = channels](benchmark::State& b) { norm_conv(b, where, precision, s, c); });
  }
}

void add_attention(const Where& where, const char* kind, Precision precision) {
  std::vector<AttentionSize> cases = {
      {2, 4096, 4096, 8, 40},  {2, 4096, 77, 8, 40}, {2, 1024, 1024, 8, 80}, {2, 256, 256, 8, 160},
      {1, 4096, 4096, 1, 512}, {1, 1, 2048, 6, 48},  {1, 64, 64, 4, 24},     {1, 256, 256, 6, 64},
      {1, 512, 512, 6, 64},    {1, 1, 2000, 6, 64}};
  if (where.slow()) cases.erase(cases.begin());
  for (const AttentionSize& c : cases) {
    add(where,
        fmt::format("attention/{}_{}/{}x{}x{}_{}x{}", kind, where.name, c.images, c.queries, c.keys,
                    c.heads, c.width),
        [=](benchmark::State& b) { attention(b, where, precision, c); });
  }
}

void add_gemv(const Where& where, DType type, int rows) {
  const char* name = type == DType::q8_0 ? "q8" : dtype_name(type);
  for (const auto& [in, out] : {std::pair(2048, 2048), {384, 1152}, {384, 384}, {1024, 384}}) {
    add(where, fmt::format("gemv_{}/{}/{}x{}x{}", name, where.name, rows, in, out),
        [=, k = in, n = out](benchmark::State& b) { gemv(b, where, type, rows, k, n); });
  }
}

// RMS norm of rows, then of heads, and the rotation of heads: what a transformer does between its
// products.
void row_ops(benchmark::State& state, const Where& where, int rows, int width, int head) {
  const auto backend = where.backend();
  const Activation x(*backend, {1, rows, 1, width}, {}), y(*backend, {1, rows, 1, width}, {});
  const PersistentTensor table = backend->allocate({1, rows, 1, head}, DType::f32);
  const PersistentTensor positions = backend->allocate({1, rows, 1, 1}, DType::i32);
  backend->write(table, noise(table.tensor.shape.count()).data());
  KeptArena arena(*backend);
  const NormWeight norm{.name = "norm"};
  time(state, where, *backend, [&] {
    backend->rms_norm(arena, y.tensor, x.tensor, norm, width);
    backend->rope(arena, y.tensor, table, positions, {.head_width = head});
    backend->rms_norm(arena, y.tensor, y.tensor, norm, head);
  });
  state.SetBytesProcessed(state.iterations() * where.repeats() * x.tensor.shape.count() * 24);
}

void add_row_ops(const Where& where) {
  for (const int rows : {1, 256}) {
    add(where, fmt::format("rms_rope_rms/{}/{}x384_6x64", where.name, rows),
        [=](benchmark::State& b) { row_ops(b, where, rows, 384, 64); });
  }
}

void add_group_norm(const Where& where, const char* kind, Precision precision) {
  const std::string at = fmt::format("group_norm/{}_{}", kind, where.name);
  add(where, at + "/2x64x64x320",
      [=](benchmark::State& b) { group_norm(b, where, precision, 2, 64, 320); });
  add(where, at + "/1x512x512x128",
      [=](benchmark::State& b) { group_norm(b, where, precision, 1, 512, 128); });
}

// Calls run(Where) for the rows of a table that this machine supports.
template <class Table, class Run>
void each_row(const Table& table, Run run) {
  static const CpuFeatures features = detect_features();
  for (const auto* row : table) {
    if (supports(features, row->isa)) run(Where{row->name, row->isa}, *row);
  }
}

void add_cpu() {
  each_row(gemm_f32_table(), [](const Where& where, const Gemm&) {
    add_products(where, "f32", Precision::f32);
    add_products(where, "f16", Precision::f16);
  });
  each_row(gemm_bf16_table(),
           [](const Where& where, const Gemm&) { add_products(where, "bf16", Precision::bf16); });
  each_row(gemm_i8_table(),
           [](const Where& where, const Gemm&) { add_products(where, "int8", Precision::int8); });
  each_row(attention_table(), [](const Where& where, const Attention&) {
    add_attention(where, "f32", Precision::f32);
  });
  each_row(attention_bf16_table(), [](const Where& where, const PackedAttention& row) {
    if (row.block) add_attention(where, "bf16", Precision::bf16);
  });
  each_row(attention_i8_table(), [](const Where& where, const PackedAttention& row) {
    if (row.block) add_attention(where, "i8", Precision::int8);
  });
  each_row(gemv_q8_table(), [](const Where& where, const GemvQ8&) {
    for (const int rows : {1, 4, 16, 64}) add_gemv(where, DType::q8_0, rows);
    for (const DType type : {DType::q4_0, DType::q5_0, DType::q4_k, DType::q5_k, DType::q6_k}) {
      add_gemv(where, type, 1);
    }
    add_group_norm(where, "f32", Precision::f32);
    add_group_norm(where, "int8", Precision::int8);
    add_row_ops(where);
  });
}

void add_gpu() {
  const Where where{.name = "cuda", .gpu = true};
  for (const auto& [kind, precision] :
       {std::pair("f16", Precision::f16), std::pair("bf16", Precision::bf16),
        std::pair("int8", Precision::int8), std::pair("f32", Precision::f32)}) {
    add_products(where, kind, precision);
  }
  add_attention(where, "f16", Precision::f16);
  add_group_norm(where, "f16", Precision::f16);
  add_row_ops(where);
  for (const int rows : {1, 4, 16, 64}) add_gemv(where, DType::q8_0, rows);
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
  add_cpu();
  std::string reason;
  if (make_cuda_backend({}, reason)) add_gpu();
  const Where hopper{
      .name = "hopper", .gpu = true, .options = {.blas = false, .products = Products::wgmma}};
  if (hopper.backend()) add_products(hopper, "f16", Precision::f16);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
