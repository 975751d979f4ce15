#include "engine/models/char_diffusion.h"

#include <array>

#include "kernels/error.h"
#include "kernels/portable_math.h"

namespace yent {
namespace {

constexpr int kHeadWidth = 64;
constexpr int kMostLayers = 256, kMostWidth = 1 << 14, kMostRows = 1 << 16;

// Rows and columns of a matrix that decides a part of the config.
std::array<int, 2> size_of(const TensorSet& set, const std::string& name) {
  const HostTensor* t = set.find(name);
  if (!t) throw file_error("{}: {} is missing, expected a matrix", set.path, name);
  if (t->dims.size() != 2 || t->dims[0] < 1 || t->dims[0] > kMostRows || t->dims[1] < 1 ||
      t->dims[1] > kMostWidth) {
    throw file_error("{}: {} is {}, expected a matrix of at most {} rows and {} columns", set.path,
                     name, dims_text(t->dims), kMostRows, kMostWidth);
  }
  return {static_cast<int>(t->dims[0]), static_cast<int>(t->dims[1])};
}

int count_layers(const TensorSet& set) {
  int layers = 0;
  while (layers <= kMostLayers &&
         set.find(fmt::format("blocks.{}.attn.c_q.weight", layers)) != nullptr) {
    ++layers;
  }
  if (layers < 1 || layers > kMostLayers) {
    throw file_error("{}: {} blocks, expected 1 to {}", set.path, layers, kMostLayers);
  }
  return layers;
}

std::vector<float> rope_table(int head_width, float theta) {
  const int half = head_width / 2;
  std::vector<float> table(static_cast<size_t>(CharDiffusion::kMostLength) * head_width);
  for (int i = 0; i < half; ++i) {
    const double turn = portable::pow(theta, -2.0 * i / head_width);
    for (int p = 0; p < CharDiffusion::kMostLength; ++p) {
      float* row = &table[static_cast<size_t>(p) * head_width];
      row[i] = static_cast<float>(portable::cos(p * turn));
      row[half + i] = static_cast<float>(-portable::sin(p * turn));
    }
  }
  return table;
}

}  // namespace

CharDiffusionConfig CharDiffusionConfig::from_tensors(const TensorSet& set, int heads) {
  CharDiffusionConfig c;
  const auto [vocabulary, width] = size_of(set, "token_emb.weight");
  c.vocabulary = vocabulary;
  c.width = width;
  c.steps = size_of(set, "time_emb.weight")[0];
  c.layers = count_layers(set);
  c.mlp_width = size_of(set, "blocks.0.mlp.c_fc.weight")[0];
  if (vocabulary < 2) {
    throw file_error("{}: a vocabulary of {}, expected the mask and a character", set.path,
                     vocabulary);
  }
  c.heads = heads > 0 ? heads : std::max(width / kHeadWidth, 1);
  if (width % (2 * c.heads) != 0) {
    throw file_error("{}: a width of {} in {} heads, expected an even share for each", set.path,
                     width, c.heads);
  }
  return c;
}

CharDiffusion::CharDiffusion(const WeightBinder& root, const CharDiffusionConfig& config)
    : config_(config),
      backend_(root.backend()),
      token_emb_((root / "token_emb").table(config.vocabulary, config.width)),
      time_emb_((root / "time_emb").table(config.steps, config.width)),
      output_head_(root / "output_head", config.width, config.vocabulary, Bias::no) {
  const int width = config.width;
  for (int i = 0; i < config.layers; ++i) {
    const WeightBinder a = root / "blocks" / i / "attn", m = root / "blocks" / i / "mlp";
    layers_.push_back(
        {LinearStack(a, width, {{"c_q", width}, {"c_k", width}, {"c_v", width}}, Bias::no),
         Linear(a / "c_proj", width, width, Bias::no),
         Linear(m / "c_fc", width, config.mlp_width, Bias::no),
         Linear(m / "c_proj", config.mlp_width, width, Bias::no)});
  }
  const int head_width = width / config.heads;
  rope_ = backend_.allocate({1, kMostLength, 1, head_width}, DType::f32);
  backend_.write(rope_, rope_table(head_width, config.theta).data());
}

CharDiffusion::Board CharDiffusion::start(int rows, int length) const {
  ENSURE(rows > 0 && length > 0 && length <= kMostLength, "characters: {} rows of {}", rows,
         length);
  const int all = rows * length;
  Board board;
  board.rows = rows;
  board.length = length;
  for (PersistentTensor* t : {&board.ids, &board.times, &board.positions}) {
    *t = backend_.allocate({1, all, 1, 1}, DType::i32);
  }
  board.logits = backend_.allocate({1, all, 1, config_.vocabulary}, DType::f32);
  std::vector<int32_t> order(all);
  for (int i = 0; i < all; ++i) order[i] = i % length;
  backend_.write(board.positions, order.data());
  return board;
}

Activation CharDiffusion::norm(Ctx& c, Tensor x) const {
  Activation out = c.make(x.shape);
  c.backend.rms_norm(c.ws, out, x, {.name = "norm", .eps = config_.eps}, config_.width);
  return out;
}

Activation CharDiffusion::block(Ctx& c, const Layer& l, Activation x, const Board& board) const {
  const int width = config_.width, head_width = width / config_.heads;
  Activation qkv = l.qkv(c, norm(c, x));
  const Tensor qk = qkv->cols(0, 2 * width);
  c.backend.rope(c.ws, qk, rope_, board.positions, {.head_width = head_width});
  c.backend.rms_norm(c.ws, qk, qk, {.name = l.qkv.name(), .eps = config_.eps}, head_width);
  Activation a = attention(
      c, qkv->cols(0, width), qkv->cols(width, width), qkv->cols(2 * width, width),
      {.query = config_.heads, .key_value = config_.heads, .name = module_of(l.qkv.name())});
  qkv = {};
  x = l.proj.add_to(c, std::move(x), a);
  a = {};
  const Activation h = l.fc(c, norm(c, x), {.fn = Fn::relu_squared});
  return l.mlp_proj.add_to(c, std::move(x), h);
}

std::vector<float> CharDiffusion::operator()(Ctx& c, const Board& board,
                                             std::span<const int32_t> ids,
                                             std::span<const int32_t> times) const {
  const int rows = board.rows, length = board.length;
  ENSURE(ids.size() == board.ids.tensor.rows() && times.size() == static_cast<size_t>(rows),
         "characters: {} ids and {} times for {} rows of {}", ids.size(), times.size(), rows,
         length);
  std::vector<int32_t> time_of_each(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    time_of_each[i] = times[i / length];
    ENSURE(ids[i] >= 0 && ids[i] < config_.vocabulary && time_of_each[i] >= 0 &&
               time_of_each[i] < config_.steps,
           "characters: id {} of {} at time {} of {}", ids[i], config_.vocabulary, time_of_each[i],
           config_.steps);
  }
  backend_.write(board.ids, ids.data());
  backend_.write(board.times, time_of_each.data());
  c.ws.run(fmt::format("characters {} {}", rows, length), [&] {
    Activation sum = c.make({rows, length, 1, config_.width});
    c.backend.embed(c.ws, sum,
                    std::array{Lookup{token_emb_, board.ids}, Lookup{time_emb_, board.times}});
    Activation x = norm(c, sum);
    sum = {};
    for (const Layer& l : layers_) x = block(c, l, std::move(x), board);
    output_head_.write_to(c, board.logits.tensor.view(rows, length, 1), norm(c, x));
  });
  std::vector<float> logits(ids.size() * config_.vocabulary);
  backend_.read(logits.data(), board.logits);
  return logits;
}

}  // namespace yent
