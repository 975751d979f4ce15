#include "engine/models/llama.h"

#include <algorithm>

#include "kernels/error.h"
#include "kernels/portable_math.h"

namespace yent {
namespace {

// Prompts are read in pieces of this many tokens, which bounds the activations.
constexpr size_t kPiece = 128;

// Radians per position of every pair.
std::vector<double> rope_frequencies(const WeightBinder& l, const LlamaConfig& config) {
  const int half = config.rotated / 2;
  std::vector<float> slower(half, 1.0f);
  if (l.has("rope_freqs.weight")) {
    l.backend().read(slower.data(), (l / "rope_freqs.weight").vector(half));
  }
  std::vector<double> frequencies(half);
  for (int i = 0; i < half; ++i) {
    frequencies[i] =
        portable::pow(config.theta, -2.0 * i / config.rotated) / slower[i] / config.rope_scale;
  }
  return frequencies;
}

std::vector<float> rope_table(const std::vector<double>& frequencies, int context, bool conjugate) {
  const size_t half = frequencies.size();
  std::vector<float> table(2 * half * context);
  for (int p = 0; p < context; ++p) {
    float* row = &table[2 * half * p];
    for (size_t i = 0; i < half; ++i) {
      const double angle = p * frequencies[i];
      row[i] = static_cast<float>(portable::cos(angle));
      row[half + i] = static_cast<float>(conjugate ? -portable::sin(angle) : portable::sin(angle));
    }
  }
  return table;
}

}  // namespace

Llama::Llama(const WeightBinder& root, const LlamaConfig& config)
    : config_(config),
      backend_(root.backend()),
      token_embd_((root / "token_embd").table(config.embedding_rows, config.width)),
      output_norm_(root / "output_norm", config.width, config.eps),
      output_(root / (config.output_rows ? "output" : "token_embd"), config.width,
              config.output_rows ? config.output_rows : config.embedding_rows, Bias::no),
      rope_frequencies_(rope_frequencies(root, config)) {
  const int q = config.heads * config.head_width, kv = config.kv_heads * config.head_width;
  for (int i = 0; i < config.layers; ++i) {
    const WeightBinder l = root / "blk" / i;
    layers_.push_back(
        {RMSNorm(l / "attn_norm", config.width, config.eps),
         LinearStack(l, config.width, {{"attn_q", q}, {"attn_k", kv}, {"attn_v", kv}}, Bias::maybe),
         Linear(l / "attn_output", q, config.width, Bias::maybe),
         RMSNorm(l / "ffn_norm", config.width, config.eps),
         Linear(l.paired(config.width, config.ffn, "ffn_up", "ffn_gate")),
         Linear(l / "ffn_down", config.ffn, config.width, Bias::no)});
  }
}

Llama::State Llama::start(int context) const {
  State state;
  state.context = std::min(context, config_.context);
  const Shape shape{1, state.context, 1, config_.kv_heads * config_.head_width};
  const Shape rope{1, state.context, 1, config_.rotated};
  const size_t bytes = 2 * sizeof(float) * (shape.count() * layers_.size() + rope.count());
  if (bytes > backend_.available_bytes()) {
    throw run_error("a context of {} tokens needs {} bytes, {} are available", state.context, bytes,
                    backend_.available_bytes());
  }
  state.rope = backend_.allocate(rope, DType::f32);
  backend_.write(state.rope,
                 rope_table(rope_frequencies_, state.context, config_.conjugate).data());
  state.input = backend_.allocate({1, 2 * static_cast<int>(kPiece), 1, 1}, DType::i32);
  state.logits = backend_.allocate({1, 1, 1, output_.w.out}, DType::f32);
  for (size_t i = 0; i < layers_.size(); ++i) {
    state.keys.push_back(backend_.allocate(shape, DType::f32));
    state.values.push_back(backend_.allocate(shape, DType::f32));
  }
  return state;
}

Activation Llama::block(Ctx& c, const Layer& l, Activation x, const State& state, size_t layer,
                        Tensor positions) const {
  const Tensor keys = state.keys[layer], values = state.values[layer];
  const int q = config_.heads * config_.head_width, kv = config_.kv_heads * config_.head_width;
  Activation qkv = l.qkv(c, l.attn_norm(c, x));
  const Tensor qk = qkv->cols(0, q + kv);
  c.backend.rope(c.ws, qk, state.rope, positions,
                 {.head_width = config_.head_width, .interleaved = config_.interleaved});
  if (config_.qk_norm)
    c.backend.rms_norm(c.ws, qk, qk, {.name = l.qkv.name(), .eps = config_.eps},
                       config_.head_width);
  c.backend.store_rows(c.ws, keys, qkv->cols(q, kv), positions);
  c.backend.store_rows(c.ws, values, qkv->cols(q + kv, kv), positions);
  Activation a = attention(
      c, qkv->cols(0, q), keys, values,
      {.query = config_.heads, .key_value = config_.kv_heads, .name = module_of(l.qkv.name())},
      positions);
  qkv = {};
  x = l.attn_output.add_to(c, std::move(x), a);
  a = {};
  Activation h = l.gate_up(c, l.ffn_norm(c, x), {.fn = Fn::silu, .gated = true});
  return l.ffn_down.add_to(c, std::move(x), h);
}

std::vector<float> Llama::operator()(Ctx& c, State& state, std::span<const int32_t> tokens,
                                     bool all_rows) const {
  ENSURE(!tokens.empty() && state.length + tokens.size() <= static_cast<size_t>(state.context),
         "llama: {} tokens behind {} of {}", tokens.size(), state.length, state.context);
  const int rows_kept = all_rows ? static_cast<int>(tokens.size()) : 1;
  std::vector<float> logits(static_cast<size_t>(rows_kept) * config_.vocabulary);
  for (size_t first = 0; first < tokens.size(); first += kPiece) {
    const int count = static_cast<int>(std::min(kPiece, tokens.size() - first));
    std::vector<int32_t> input(2 * count);
    for (int i = 0; i < count; ++i) {
      input[i] = tokens[first + i];
      input[count + i] = state.length + i;
    }
    const Tensor ids = state.input.tensor.slice(0, count);
    const Tensor positions = state.input.tensor.slice(count, count);
    c.backend.write(state.input.tensor.slice(0, 2 * count), input.data());
    const bool last = first + count == tokens.size();
    const int wanted = all_rows ? count : last ? 1 : 0;
    const PersistentTensor result =
        wanted == 1 ? state.logits : c.backend.allocate({1, wanted, 1, output_.w.out}, DType::f32);
    c.ws.run(fmt::format("llama {} {} {}", state.context, count, wanted), [&] {
      Activation x = c.make({1, count, 1, config_.width});
      const Lookup words[] = {{token_embd_, ids}};
      c.backend.embed(c.ws, x, words);
      for (size_t i = 0; i < layers_.size(); ++i) {
        x = block(c, layers_[i], std::move(x), state, i, positions);
      }
      if (wanted == 0) return;
      Activation h = output_norm_(c, x->slice(count - wanted, wanted));
      output_.write_to(c, result, h);
    });
    state.length += count;
    if (wanted > 0) {
      // The head may have more rows than there are tokens.
      c.backend.read(logits.data() + (all_rows ? first * config_.vocabulary : 0),
                     result.tensor.cols(0, config_.vocabulary));
    }
  }
  return logits;
}

}  // namespace yent
