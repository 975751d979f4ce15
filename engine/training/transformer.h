// A transformer that is trained: the forward pass with what it keeps, and the backward pass. Both
// networks of the project are values of its spec (networks.h).
#pragma once

#include <deque>
#include <optional>

#include "engine/training/attention.h"
#include "engine/training/embedding.h"
#include "engine/training/mlp.h"
#include "engine/training/norm.h"
#include "engine/training/rotation.h"

namespace yent::training {

// The names of a block's weights, behind "blocks.N.".
struct BlockNames {
  std::string attention_norm = {};  // "": without gain
  std::string q, k, v, output;
  std::string mlp_norm = {};
  std::string gate = {};  // "": max(0, h)^2 instead of SwiGLU
  std::string up, down;
};

struct TransformerSpec {
  struct Table {
    std::string name;
    int rows;
  };
  std::vector<Table> tables;  // summed in this order
  std::string norm, head;     // the last norm ("": without gain) and the output matrix
  BlockNames block;
  int layers = 6, heads = 6, width = 384, hidden = 1536, vocabulary = 128;
  bool normalizes_embedding = false;
  bool causal = false;
  float dropout = 0;  // on the sum of the tables and on what a block adds to it
  float eps = 1e-5f;
  RotationSpec rotation = {};  // head_width and eps follow from the above
};

// One or more sequences, one after the other.
struct Batch {
  std::vector<Segment> segments;
  Ids ids;                         // for each table
  std::vector<int32_t> positions;  // for each axis of each row
  std::vector<int32_t> targets;    // the character that a row predicts
  std::vector<float> weights;      // of a row's loss
  uint64_t dropout_key = 0;        // 0: no dropout

  size_t rows() const { return targets.size(); }
};

// One thread at a time. The device must outlive it.
class Transformer {
 public:
  Transformer(const TransformerSpec& spec, const TrainingDevice& device);

  const TransformerSpec& spec() const { return spec_; }
  // In the order of the spec; their addresses stay.
  std::deque<Parameter>& parameters() { return parameters_; }
  const std::deque<Parameter>& parameters() const { return parameters_; }

  size_t count() const;  // numbers in all of them

  // The logits of all rows, valid until the next call.
  const Matrix& forward(const Batch& batch);
  double loss(const Batch& batch);  // the weighted sum; no gradients
  // The same, and adds the gradients of all parameters.
  double step(const Batch& batch);

 private:
  // What a block's forward keeps for its backward.
  struct Kept {
    RmsNorm::Kept norm1, norm2;
    Matrix q, k, v, attended;
    std::vector<float> q_inverse, k_inverse, log_sums;
    Mlp::Kept mlp;
  };
  struct Block {
    RmsNorm norm1, norm2;
    Linear q, k, v, output;
    Mlp mlp;
    Kept kept;
  };

  Parameter& add(const std::string& name, int rows, int columns, Role role);
  Parameter* add_gain(const std::string& name);
  void add_block(int layer);
  void drop(const Batch& batch, Matrix& x, size_t place) const;
  void forward(Block& block, const Batch& batch, size_t place);
  void backward(Block& block, const Batch& batch, size_t place);

  TransformerSpec spec_;
  const TrainingDevice& device_;
  std::deque<Parameter> parameters_;
  std::vector<Parameter*> tables_;
  Rotation rotation_;
  Attention attention_;
  std::deque<Block> blocks_;
  RmsNorm first_norm_;  // without gain
  std::optional<RmsNorm> last_norm_;
  std::optional<Linear> head_;
  RmsNorm::Kept first_kept_, last_kept_;
  Matrix x_, branch_, logits_;  // the residual stream, what a block adds to it, the end
  Matrix dx_, dbranch_, dnormed_, dattended_, dq_, dk_, dv_;
};

}  // namespace yent::training
