// Checkpoints whose tensors are not those that a network expects.
#include <doctest/doctest.h>

#include <map>

#include "bench/synthesize/seeded_weights.h"
#include "engine/core/weight_binder.h"
#include "engine/models/llama.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/decorate.h"
#include "kernels/error.h"
#include "kernels/ref/ref_backend.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/write/gguf_writer.h"
#include "tests/support/arena.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

// A checkpoint in memory.
class Made {
 public:
  const HostTensor& add(const std::string& name, DType dtype, std::vector<int64_t> dims) {
    HostTensor t{.name = name, .dtype = dtype, .dims = std::move(dims)};
    std::vector<float> values(t.count());
    seeded_values(name, t.dims, 3, values.data());
    auto& memory = bytes_[name];
    memory.resize(values.size() / block_elements(dtype) * block_bytes(dtype));
    if (dtype == DType::q8_0) {
      quantize_q8_0(values.data(), t.count(), memory.data());
    } else {
      f32_to_f16(values.data(), t.count(), memory.data());
    }
    t.data = memory.data(), t.bytes = memory.size();
    return tensors_[name] = t;
  }

  std::vector<float> values(const std::string& name) const {
    std::vector<float> out(tensors_.at(name).count());
    to_f32(tensors_.at(name), out.data());
    return out;
  }

  WeightBinder loader(Backend& backend) const {
    Checkpoint c{.path = "made", .part = "part", .find = {}};
    c.find = [this](const std::string& name, std::span<const int64_t>) -> const HostTensor* {
      const auto at = tensors_.find(name);
      return at == tensors_.end() ? nullptr : &at->second;
    };
    for (const auto& [name, tensor] : tensors_) c.names.insert(name);
    static const Policy policy;
    return WeightBinder(std::move(c), backend, policy);
  }

 private:
  std::map<std::string, HostTensor> tensors_;
  std::map<std::string, std::vector<std::byte>> bytes_;
};

std::vector<float> read(Backend& backend, Tensor tensor) {
  std::vector<float> values(tensor.shape.count());
  backend.read(values.data(), tensor);
  return values;
}

std::vector<std::unique_ptr<Backend>> backends() {
  std::vector<std::unique_ptr<Backend>> all;
  all.push_back(make_ref_backend());
  all.push_back(make_cpu_backend({.threads = 1}));
  return all;
}

std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    CHECK(error.kind() == Error::file);
    return error.what();
  }
  return "";
}

// Records allocations without taking memory.
class Meter : public Decorator {
 public:
  using Decorator::Decorator;
  size_t available_bytes() const override { return size_t{1} << 30; }
  PersistentTensor allocate(Shape shape, DType dtype) override {
    bytes += shape.count() * block_bytes(dtype);
    return {{nullptr, shape, shape.c, dtype}, nullptr};
  }
  size_t bytes = 0;
};

}  // namespace

TEST_CASE("loader: norms and biases in blocks are read as floats") {
  Made made;
  made.add("layer.weight", DType::q8_0, {64, 32});
  made.add("layer.bias", DType::q8_0, {64});
  made.add("norm.weight", DType::q8_0, {32});
  made.add("norm.bias", DType::q8_0, {32});
  for (const auto& backend : backends()) {
    CAPTURE(backend->isa());
    const WeightBinder l = made.loader(*backend);
    const NormWeight norm = (l / "norm").norm(32, 1e-5f);
    CHECK(norm.weight.tensor.dtype == DType::f32);
    CHECK(read(*backend, norm.weight) == made.values("norm.weight"));
    CHECK(read(*backend, norm.bias) == made.values("norm.bias"));

    // A product with zeros gives the bias.
    const LinearWeight w = (l / "layer").linear(32, 64);
    const PersistentTensor zeros = backend->allocate({1, 3, 1, 32}, DType::f32);
    const PersistentTensor out = backend->allocate({1, 3, 1, 64}, DType::f32);
    Workspace ws(*backend);
    ws.run("layer", [&] { backend->linear(ws, out, Tensor(zeros), w, {}); });
    const std::vector<float> rows = read(*backend, out), bias = made.values("layer.bias");
    for (int r = 0; r < 3; ++r) CHECK(std::equal(bias.begin(), bias.end(), &rows[64 * r]));
    CHECK(l.unread().empty());
  }
}

TEST_CASE("loader: trailing ones change nothing") {
  Made made;
  made.add("table.weight", DType::f16, {5, 8, 1, 1});
  made.add("conv.weight", DType::f16, {4, 8, 3, 3, 1});
  made.add("conv.bias", DType::f16, {4, 1});
  made.add("norm.weight", DType::f16, {8, 1});
  for (const auto& backend : backends()) {
    const WeightBinder l = made.loader(*backend);
    CHECK((l / "table").table(5, 8).tensor.shape == Shape{1, 5, 1, 8});
    CHECK((l / "conv").conv3x3(8, 4, false).in == 8);
    CHECK((l / "norm").norm(8, 1e-5f, false).weight.tensor.shape == Shape{1, 1, 1, 8});
  }
}

TEST_CASE("loader: what does not fit is named with both shapes") {
  Made made;
  made.add("layer.weight", DType::f16, {4, 8});
  made.add("freqs.weight", DType::f16, {7});
  const auto backend = make_ref_backend();
  const WeightBinder l = made.loader(*backend);
  CHECK(refusal([&] { (l / "layer").linear(8, 5); }) ==
        "made: layer.weight is {4, 8} f16, expected {5, 8}");
  CHECK(refusal([&] { (l / "layer").linear(8, 4); }) ==
        "made: layer.bias is missing, expected {4}");
  CHECK(refusal([&] { (l / "freqs.weight").vector(8); }) ==
        "made: freqs.weight is {7} f16, expected {8}");
}

TEST_CASE("loader: what a GGUF file calls itself reaches no terminal as it is") {
  const test::TemporaryFolder folder;
  GgufWriter out(folder / "odd.gguf");
  out.set_text("general.architecture", "\x1b[2J" + std::string(1000, 'x'));
  out.finish();
  const std::string sentence =
      refusal([&] { LlamaConfig::from_gguf(GgufFile::open(folder / "odd.gguf")); });
  CHECK(sentence.find("general.architecture is \\x1b[2Jxxx") != std::string::npos);
  CHECK(sentence.size() < 400);
}

TEST_CASE("loader: a LLaMA's context costs memory only where a conversation starts") {
  Made made;
  const auto ref = make_ref_backend();
  Meter meter(*ref);
  const LlamaConfig config{.layers = 1,
                           .width = 32,
                           .ffn = 32,
                           .heads = 1,
                           .kv_heads = 1,
                           .head_width = 4096,
                           .context = 1 << 20,
                           .vocabulary = 32,
                           .embedding_rows = 32,
                           .rotated = 4096};
  for (const char* norm : {"blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"}) {
    made.add(std::string(norm) + ".weight", DType::f16, {32});
  }
  for (const char* square : {"token_embd", "blk.0.ffn_gate", "blk.0.ffn_up", "blk.0.ffn_down"}) {
    made.add(std::string(square) + ".weight", DType::f16, {32, 32});
  }
  for (const char* wide : {"blk.0.attn_q", "blk.0.attn_k", "blk.0.attn_v"}) {
    made.add(std::string(wide) + ".weight", DType::f16, {4096, 32});
  }
  made.add("blk.0.attn_output.weight", DType::f16, {32, 4096});
  const Llama llama(made.loader(meter), config);
  CHECK(meter.bytes < 1 << 20);
  CHECK_THROWS_WITH_AS(llama.start(1 << 20),
                       doctest::Contains("a context of 1048576 tokens needs 68719476736 bytes"),
                       Error);
  CHECK(meter.bytes < 1 << 20);
}

TEST_CASE("binder: a bias that an adapter brings starts as zeros") {
  const HostTensor weight{.name = "layer.weight",
                          .dims = {2, 1},
                          .data = reinterpret_cast<const std::byte*>("\0\0\0\0\0\0\0\0"),
                          .bytes = 8};
  const auto bias = [&](Backend& backend, bool changed) {
    Checkpoint c{.path = "made", .part = "part", .find = {}};
    c.find = [&](const std::string& name, std::span<const int64_t>) {
      return name == weight.name ? &weight : nullptr;
    };
    c.restyles = [&](const std::string& name) { return changed && name == "layer.bias"; };
    c.restyle = [](const std::string&, float* values, int64_t rows, int64_t columns) {
      CHECK(rows == 2);
      CHECK(columns == 1);
      values[0] += 3, values[1] -= 4;
    };
    static const Policy policy;
    const LinearWeight w = (WeightBinder(c, backend, policy) / "layer").linear(1, 2, Bias::no);
    std::vector<float> x = {1}, y(2);
    const Shape from{1, 1, 1, 1}, to{1, 1, 1, 2};
    TestArena arena;
    backend.linear(arena, {y.data(), to, 2, DType::f32}, Tensor{x.data(), from, 1, DType::f32}, w,
                   {});
    return y;
  };
  for (const auto& backend : backends()) {
    CHECK(bias(*backend, false) == std::vector<float>{0, 0});
    CHECK(bias(*backend, true) == std::vector<float>{3, -4});
  }
}
