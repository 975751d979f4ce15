// DiffSim (Song et al. 2024, arXiv 2412.14580): how alike two pictures are inside a UNet. The
// queries of one picture read the keys and values of the other; what they find there is compared
// with what they find at home.
#pragma once

#include <string>
#include <vector>

#include "kernels/decorate.h"

namespace yent {

// What one self-attention was given: rows [images][tokens], of heads * width numbers each.
struct AttentionInputs {
  int images = 0, tokens = 0, heads = 0, width = 0;
  std::vector<float> q = {}, k = {}, v = {};
};

// Keeps what the attention of one module is given, the last time. Waits for the device then.
class AttentionTap : public Decorator {
 public:
  // `module` is a checkpoint path within its network.
  AttentionTap(Backend& inner, std::string module) : Decorator(inner), module_(std::move(module)) {}

  void attention(Arena& a, Tensor out, Tensor q, Tensor k, Tensor v, const AttnSpec& s) override;
  const AttentionInputs& inputs() const { return inputs_; }

 private:
  std::string module_;
  AttentionInputs inputs_;
};

// The mean of both directions. Cosine: of softmax(q_a k_b^T / sqrt(width)) v_b and the same of a
// alone, over everything flattened; at most 1, which is what a picture has with itself. Mean
// square: of their difference; smaller is more alike.
enum class Alignment { cosine, mean_square };
// The shapes must be equal.
double alignment(const AttentionInputs& a, const AttentionInputs& b, Alignment how);

}  // namespace yent
