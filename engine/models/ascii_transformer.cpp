#include "engine/models/ascii_transformer.h"

#include <algorithm>
#include <array>

#include "kernels/error.h"
#include "kernels/portable_math.h"

namespace yent {
namespace {

// What is longer is read in pieces, which bounds the activations.
constexpr size_t kTokensAtOnce = 128;
constexpr int kRowsKept = 8;  // of logits, in memory that stays
constexpr int kAxes = 2;
constexpr int kLookups = 6;
constexpr int kGridPositions = art::kMaxSide + 4;  // the prompt, and END below the last row

// Of every token that is read at once: its rows of the tables, its place in the cache and on the
// grid.
constexpr size_t kNumbersOfToken = kLookups + 1 + kAxes;

std::vector<float> axis_rope_table(double base, int columns) {
  const int half = columns / 2;
  std::vector<float> table(static_cast<size_t>(columns) * kGridPositions);
  for (int p = 0; p < kGridPositions; ++p) {
    float* row = &table[static_cast<size_t>(columns) * p];
    for (int i = 0; i < half; ++i) {
      const double angle = p * portable::pow(base, -2.0 * i / columns);
      row[i] = static_cast<float>(portable::cos(angle));
      row[half + i] = static_cast<float>(portable::sin(angle));
    }
  }
  return table;
}

// Field by field, as the tables are looked up: first all ids of the first table.
std::vector<int32_t> input_numbers(std::span<const art::SequenceToken> tokens, int first_position) {
  const size_t count = tokens.size();
  std::vector<int32_t> numbers(kNumbersOfToken * count);
  for (size_t i = 0; i < count; ++i) {
    const art::SequenceToken& t = tokens[i];
    const std::array<int32_t, kLookups + 1> columns{t.token,
                                                    t.width,
                                                    t.height,
                                                    t.style,
                                                    t.edge_row,
                                                    t.edge_column,
                                                    first_position + static_cast<int32_t>(i)};
    for (size_t k = 0; k < columns.size(); ++k) numbers[k * count + i] = columns[k];
    int32_t* place = &numbers[columns.size() * count + kAxes * i];
    place[0] = t.row;
    place[1] = t.column;
  }
  return numbers;
}

std::vector<PersistentTensor> bind_tables(const WeightBinder& root, int width) {
  const WeightBinder size = root / "cond", edge = root / "edge";
  return {(root / "tok_embed").table(art::kVocabulary, width),
          (size / "width").table(art::kMaxSide + 1, width),
          (size / "height").table(art::kMaxSide + 1, width),
          (size / "style").table(art::kStyles, width),
          (edge / "row").table(art::kMaxEdge + 1, width),
          (edge / "col").table(art::kMaxEdge + 1, width)};
}

}  // namespace

struct AsciiTransformer::Inputs {
  std::vector<Lookup> lookups;
  Tensor positions;  // in the cache
  Tensor places;     // {1, tokens, 1, 2}: row and column
};

AsciiTransformer::AsciiTransformer(const WeightBinder& root, const AsciiTransformerConfig& config)
    : config_(config),
      backend_(root.backend()),
      tables_(bind_tables(root, config.width)),
      norm_(root / "norm", config.width, static_cast<float>(config.eps)),
      head_(root / "head", config.width, art::kVocabulary, Bias::no) {
  const int d = config.width;
  const auto eps = static_cast<float>(config.eps);
  for (int i = 0; i < config.layers; ++i) {
    const WeightBinder l = root / "blocks" / i;
    layers_.push_back({RMSNorm(l / "attn_norm", d, eps),
                       LinearStack(l / "attn", d, {{"q", d}, {"k", d}, {"v", d}}, Bias::no),
                       Linear(l / "attn" / "o", d, d, Bias::no), RMSNorm(l / "mlp_norm", d, eps),
                       Linear((l / "mlp").paired(d, config.ffn, "up", "gate")),
                       Linear(l / "mlp" / "down", config.ffn, d, Bias::no)});
  }
}

AsciiTransformer::State AsciiTransformer::start(int context, DType kept) const {
  State state;
  state.context = std::min(context, config_.block_size);
  const Shape shape{1, state.context, 1, config_.width};
  const Shape rope{1, kGridPositions, 1, config_.head_width() / kAxes};
  const size_t bytes = 2 * block_bytes(kept) * shape.count() * layers_.size();
  if (bytes > backend_.available_bytes()) {
    throw run_error("a drawing of {} tokens needs {} bytes, {} are available", state.context, bytes,
                    backend_.available_bytes());
  }
  state.rope = backend_.allocate(rope, DType::f32);
  backend_.write(state.rope, axis_rope_table(config_.rope_base, rope.c).data());
  state.input =
      backend_.allocate({1, static_cast<int>(kNumbersOfToken * kTokensAtOnce), 1, 1}, DType::i32);
  state.logits = backend_.allocate({1, kRowsKept, 1, art::kVocabulary}, DType::f32);
  for (size_t i = 0; i < layers_.size(); ++i) {
    state.keys.push_back(backend_.allocate(shape, kept));
    state.values.push_back(backend_.allocate(shape, kept));
  }
  return state;
}

Activation AsciiTransformer::block(Ctx& c, const Layer& l, Activation x, const State& state,
                                   size_t layer, const Inputs& inputs) const {
  const Tensor keys = state.keys[layer], values = state.values[layer];
  const int d = config_.width;
  Activation qkv = l.qkv(c, l.attn_norm(c, x));
  const Tensor qk = qkv->cols(0, 2 * d);
  c.backend.rope(c.ws, qk, state.rope, inputs.places,
                 {.head_width = config_.head_width(), .axes = kAxes});
  c.backend.rms_norm(c.ws, qk, qk, {.name = l.qkv.name(), .eps = static_cast<float>(config_.eps)},
                     config_.head_width());
  c.backend.store_rows(c.ws, keys, qkv->cols(d, d), inputs.positions);
  c.backend.store_rows(c.ws, values, qkv->cols(2 * d, d), inputs.positions);
  Activation a = attention(
      c, qkv->cols(0, d), keys, values,
      {.query = config_.heads, .key_value = config_.heads, .name = module_of(l.qkv.name())},
      inputs.positions);
  qkv = {};
  x = l.attn_output.add_to(c, std::move(x), a);
  a = {};
  Activation h = l.up_gate(c, l.mlp_norm(c, x), {.fn = Fn::silu, .gated = true});
  return l.down.add_to(c, std::move(x), h);
}

std::vector<float> AsciiTransformer::operator()(Ctx& c, State& state,
                                                std::span<const art::SequenceToken> tokens,
                                                bool all_rows) const {
  ENSURE(!tokens.empty() && state.length + tokens.size() <= static_cast<size_t>(state.context),
         "ascii transformer: {} tokens behind {} of {}", tokens.size(), state.length,
         state.context);
  const size_t rows_kept = all_rows ? tokens.size() : 1;
  std::vector<float> logits(rows_kept * art::kVocabulary);
  for (size_t first = 0; first < tokens.size(); first += kTokensAtOnce) {
    const auto piece = tokens.subspan(first, std::min(kTokensAtOnce, tokens.size() - first));
    const int count = static_cast<int>(piece.size());
    const Tensor input = state.input.tensor.slice(0, static_cast<int>(kNumbersOfToken) * count);
    c.backend.write(input, input_numbers(piece, state.length).data());
    Inputs inputs;
    for (int k = 0; k < kLookups; ++k) {
      inputs.lookups.push_back({tables_[k], input.slice(static_cast<size_t>(k) * count, count)});
    }
    inputs.positions = input.slice(static_cast<size_t>(kLookups) * count, count);
    inputs.places = input.slice(static_cast<size_t>(kLookups + 1) * count, count);
    inputs.places.shape.c = inputs.places.ld = kAxes;
    const bool last = first + count == tokens.size();
    const int wanted = all_rows ? count : last ? 1 : 0;
    const bool few = wanted <= kRowsKept;
    const PersistentTensor many =
        few ? PersistentTensor() : c.backend.allocate({1, wanted, 1, art::kVocabulary}, DType::f32);
    const Tensor result = few ? state.logits.tensor.slice(0, wanted) : many.tensor;
    c.ws.run(fmt::format("ascii {} {} {}", state.context, count, wanted), [&] {
      Activation x = c.make({1, count, 1, config_.width});
      c.backend.embed(c.ws, x, inputs.lookups);
      for (size_t i = 0; i < layers_.size(); ++i) {
        x = block(c, layers_[i], std::move(x), state, i, inputs);
      }
      if (wanted == 0) return;
      Activation h = norm_(c, x->slice(count - wanted, wanted));
      head_.write_to(c, result, h);
    });
    state.length += count;
    if (wanted > 0) {
      c.backend.read(logits.data() + (all_rows ? first * art::kVocabulary : 0), result);
    }
  }
  return logits;
}

}  // namespace yent
