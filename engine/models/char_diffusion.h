// Character diffusion: a bidirectional transformer from the characters of a text, some of them
// masked, to the logits of every place. Rotary positions turned by minus the angle, queries and
// keys normalized after that, squared ReLU, no biases and no weights of norms. Names and order
// follow tiny-diffusion's checkpoint.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/nn.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

struct CharDiffusionConfig {
  int vocabulary = 0, width = 0, mlp_width = 0, layers = 0, heads = 0;
  int steps = 0;  // of the time: rows of its embedding
  float eps = 1.1920929e-7f;
  float theta = 10000;

  // Reads the shapes of the tensors. They do not tell the heads: 0 means of 64 columns each.
  // Throws a file error for shapes that contradict each other, and for heads that do not divide the
  // width.
  static CharDiffusionConfig from_tensors(const TensorSet& set, int heads);
};

// Const functions may be called from several threads at once if each has a Ctx and a Board of its
// own. The backend that packed the weights must outlive it.
class CharDiffusion {
 public:
  static constexpr int kMostLength = 512;  // of a row

  CharDiffusion(const WeightBinder& l, const CharDiffusionConfig& config);

  const CharDiffusionConfig& config() const { return config_; }

  // Inputs and result of forwards of one size, always at the same addresses, so that a device can
  // record a forward once.
  struct Board {
    PersistentTensor ids, times, positions;  // i32 {1, rows * length, 1, 1}
    PersistentTensor logits;                 // {1, rows * length, 1, vocabulary}
    int rows = 0, length = 0;
  };
  Board start(int rows, int length) const;

  // `ids` are board.rows rows of board.length ids below the vocabulary, `times` one below `steps`
  // for each row. Returns the logits of every place, row by row.
  std::vector<float> operator()(Ctx& c, const Board& board, std::span<const int32_t> ids,
                                std::span<const int32_t> times) const;

 private:
  struct Layer {
    LinearStack qkv;
    Linear proj, fc, mlp_proj;
  };

  Activation norm(Ctx& c, Tensor x) const;
  Activation block(Ctx& c, const Layer& l, Activation x, const Board& board) const;

  CharDiffusionConfig config_;
  Backend& backend_;
  PersistentTensor token_emb_, time_emb_;
  PersistentTensor rope_;  // {1, kMostLength, 1, head width}: cos, then -sin of every position
  std::vector<Layer> layers_;
  Linear output_head_;
};

}  // namespace yent
