// Weights that stay GGUF blocks. Products are compared with f64 sums of the dequantized values, and
// whole networks with the same networks in f32.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "engine/pipeline/language/language_model.h"
#include "kernels/half.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/write/gguf_writer.h"
#include "tests/support/arena.h"
#include "tests/support/every_isa.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

constexpr DType types[] = {DType::q4_0, DType::q5_0, DType::q4_k, DType::q5_k, DType::q6_k};

// Random blocks at an odd address, as a file may have them, and their dequantized values.
struct Blocks {
  std::vector<std::byte> bytes;
  std::vector<float> values;
  HostTensor tensor;

  Blocks(DType type, int rows, int columns, std::mt19937& random) {
    tensor = {.name = "blocks", .dtype = type, .dims = {rows, columns}};
    const size_t count = static_cast<size_t>(rows) * columns / block_elements(type);
    const size_t size = block_bytes(type);
    bytes.resize(count * size + 1);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random());
    std::uniform_real_distribution<float> steps(-0.01f, 0.01f);
    for (size_t i = 0; i < count; ++i) {
      std::byte* block = &bytes[1 + i * size];
      const bool large = block_elements(type) == 256;
      for (int at = 0; at < (large ? 4 : 2); at += 2) {  // the second is the step of the minimums
        const uint16_t step = f32_to_f16(large ? steps(random) / 32 : steps(random));
        std::memcpy(block + (type == DType::q6_k ? 208 : at), &step, 2);
      }
    }
    tensor.data = bytes.data() + 1;
    tensor.bytes = bytes.size() - 1;
    values.resize(tensor.count());
    to_f32(tensor, values.data());
  }
};

std::vector<float> uniform(size_t count, std::mt19937& random) {
  std::vector<float> values(count);
  for (float& v : values) v = std::uniform_real_distribution<float>(-1, 1)(random);
  return values;
}

// Checks x times the parts, stacked or paired, on every instruction set.
void check_product(const std::vector<const Blocks*>& parts, bool paired, int rows, int in,
                   std::mt19937& random) {
  CAPTURE(rows);
  CAPTURE(in);
  LinearSource source{.name = "layer", .parts = {}, .paired = paired};
  std::vector<const float*> origin;  // of every column
  for (const Blocks* part : parts) source.parts.push_back({"part", part->tensor, {}});
  for (int64_t r = 0; paired && r < parts[0]->tensor.dims[0]; ++r) {
    for (const Blocks* part : parts) origin.push_back(&part->values[r * in]);
  }
  for (const Blocks* part : parts) {
    for (int64_t r = 0; !paired && r < part->tensor.dims[0]; ++r) {
      origin.push_back(&part->values[r * in]);
    }
  }
  const int out = static_cast<int>(origin.size());
  std::vector<float> x = uniform(static_cast<size_t>(rows) * in, random);
  std::map<std::string, std::vector<float>> seen;
  on_every_isa([&](Backend& backend) {
    const LinearWeight w = backend.pack_linear(source, Precision::f32);
    std::vector<float> y(static_cast<size_t>(rows) * out);
    TestArena arena;
    backend.linear(arena, Tensor{y.data(), {1, rows, 1, out}, out},
                   Tensor{x.data(), {1, rows, 1, in}, in}, w, {});
    double worst = 0;
    for (size_t i = 0; i < y.size(); ++i) {
      double sum = 0, size = 0;
      for (int c = 0; c < in; ++c) {
        const double product = static_cast<double>(x[i / out * in + c]) * origin[i % out][c];
        sum += product;
        size += std::fabs(product);
      }
      worst = std::max(worst, std::fabs(y[i] - sum) / size);
    }
    // AVX2 rounds few rows of inputs to 16 bits: half a step of the greatest, at most.
    CHECK(worst <= (backend.isa() == "avx2" && rows < 8 ? 0.5 / 32767 : 1e-6));
    CHECK(seen.try_emplace(backend.isa(), y).first->second == y);  // at every thread count
  });
}

// A network of one layer. Its matrices are of one type, or their dequantized values as f32.
void write_network(const std::filesystem::path& path, DType type, bool as_floats) {
  constexpr int width = 256, vocabulary = 300;
  GgufWriter out(path);
  out.set_text("general.architecture", "llama");
  out.set_u32("llama.block_count", 1);
  out.set_u32("llama.embedding_length", width);
  out.set_u32("llama.feed_forward_length", 2 * width);
  out.set_u32("llama.attention.head_count", 8);
  out.set_u32("llama.attention.head_count_kv", 2);
  out.set_u32("llama.context_length", 64);
  out.set_text("tokenizer.ggml.model", "llama");
  out.set_u32("tokenizer.ggml.eos_token_id", vocabulary - 1);
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<int32_t> kinds = {2, 3, 3};
  for (int i = 0; static_cast<int>(tokens.size()) < vocabulary; ++i) {
    tokens.push_back(i < 256 ? fmt::format("<0x{:02X}>", i) : fmt::format("word{}", i));
    kinds.push_back(i < 256 ? 6 : 1);
  }
  out.set_texts("tokenizer.ggml.tokens", tokens);
  out.set_f32s("tokenizer.ggml.scores", std::vector<float>(vocabulary));
  out.set_i32s("tokenizer.ggml.token_type", kinds);

  struct Matrix {
    const char* name;
    int rows, columns;
    DType type;
  };
  // As in files named Q4_K_M, the weights of values have another type than those of keys.
  const DType other = block_elements(type) == 256 ? DType::q6_k : type;
  const Matrix matrices[] = {
      {"token_embd", vocabulary, width, type},    {"output", vocabulary, width, other},
      {"blk.0.attn_q", width, width, type},       {"blk.0.attn_k", width / 4, width, type},
      {"blk.0.attn_v", width / 4, width, other},  {"blk.0.attn_output", width, width, type},
      {"blk.0.ffn_gate", 2 * width, width, type}, {"blk.0.ffn_up", 2 * width, width, type},
      {"blk.0.ffn_down", width, 2 * width, other}};
  const char* norms[] = {"blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"};
  for (const Matrix& m : matrices) {
    out.declare(std::string(m.name) + ".weight", as_floats ? DType::f32 : m.type,
                {m.rows, m.columns});
  }
  for (const char* norm : norms) out.declare(std::string(norm) + ".weight", DType::f32, {width});
  std::mt19937 random(7);
  for (const Matrix& m : matrices) {
    const Blocks blocks(m.type, m.rows, m.columns, random);
    out.write(as_floats ? std::as_bytes(std::span(blocks.values))
                        : std::span(blocks.bytes).subspan(1));
  }
  const std::vector<float> ones(std::size(norms) * width, 1.0f);
  out.write(std::as_bytes(std::span(ones)));
  out.finish();
}

std::vector<int32_t> said(const std::filesystem::path& path, Backend& backend) {
  LanguageModel voice(path, backend, Policy(Precision::f32), 0);
  LanguageModel::Request request;
  request.text = "a duck";
  request.max_tokens = 20;
  request.sampling.temperature = 0;
  std::mt19937_64 generator(1);
  return voice.generate(request, generator, [](std::string_view) { return true; }).generated;
}

}  // namespace

TEST_CASE("blocks: products are those of what the blocks say") {
  std::mt19937 random(11);
  for (const DType type : types) {
    CAPTURE(std::string(dtype_name(type)));
    for (const int rows : {1, 7, 9}) {
      for (const int in : {block_elements(type), 3 * block_elements(type), 1280}) {
        const Blocks first(type, 37, in, random), second(type, 37, in, random);
        const Blocks third(type, 1, in, random);
        check_product({&third}, false, rows, in, random);
        check_product({&first, &second, &third}, false, rows, in, random);
        check_product({&first, &second}, true, rows, in, random);
      }
    }
  }
}

TEST_CASE("blocks: parts of several types, whether or not they fill vectors") {
  std::mt19937 random(12);
  for (const int rows : {1, 9}) {
    for (const int whole : {96, 16, 23}) {
      const Blocks first(DType::q4_k, whole, 512, random), second(DType::q6_k, whole, 512, random);
      const Blocks third(DType::q4_0, whole, 512, random);
      check_product({&first, &second, &third}, false, rows, 512, random);
      check_product({&first, &second}, true, rows, 512, random);
    }
  }
}

TEST_CASE("blocks: a network says what its twin in floats says") {
  const test::TemporaryFolder folder;
  for (const DType type : types) {
    CAPTURE(std::string(dtype_name(type)));
    write_network(folder / "blocks.gguf", type, false);
    write_network(folder / "floats.gguf", type, true);
    on_every_isa([&](Backend& backend) {
      const std::vector<int32_t> words = said(folder / "blocks.gguf", backend);
      CHECK(words == said(folder / "floats.gguf", backend));
      CHECK(words.size() == 20);
    });
  }
}
