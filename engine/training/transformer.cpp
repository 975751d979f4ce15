#include "engine/training/transformer.h"

#include <cmath>

#include "engine/training/seeds.h"

namespace yent::training {
namespace {

RotationSpec rotation_of(const TransformerSpec& spec) {
  RotationSpec rotation = spec.rotation;
  rotation.head_width = static_cast<size_t>(spec.width / spec.heads);
  rotation.eps = spec.eps;
  return rotation;
}

AttentionSpec attention_of(const TransformerSpec& spec) {
  const auto head_width = static_cast<size_t>(spec.width / spec.heads);
  return {.heads = static_cast<size_t>(spec.heads),
          .head_width = head_width,
          .scale = 1 / std::sqrt(static_cast<float>(head_width)),
          .causal = spec.causal};
}

}  // namespace

Transformer::Transformer(const TransformerSpec& spec, const TrainingDevice& device)
    : spec_(spec),
      device_(device),
      rotation_(rotation_of(spec)),
      attention_(attention_of(spec)),
      first_norm_(nullptr, spec.eps) {
  for (const auto& table : spec_.tables) {
    tables_.push_back(&add(table.name, table.rows, spec_.width, Role::table));
  }
  for (int layer = 0; layer < spec_.layers; ++layer) add_block(layer);
  last_norm_.emplace(add_gain(spec_.norm), spec_.eps);
  head_.emplace(add(spec_.head, spec_.vocabulary, spec_.width, Role::outward));
}

Parameter& Transformer::add(const std::string& name, int rows, int columns, Role role) {
  return parameters_.emplace_back(name, std::vector<int64_t>{rows, columns}, role);
}

Parameter* Transformer::add_gain(const std::string& name) {
  if (name.empty()) return nullptr;
  return &parameters_.emplace_back(name, std::vector<int64_t>{spec_.width}, Role::gain);
}

void Transformer::add_block(int layer) {
  const std::string prefix = "blocks." + std::to_string(layer) + ".";
  const auto full = [&](const std::string& name) { return name.empty() ? name : prefix + name; };
  const auto inward = [&](const std::string& name, int out, int in) -> Parameter& {
    return add(full(name), out, in, Role::inward);
  };
  const auto outward = [&](const std::string& name, int out, int in) -> Parameter& {
    return add(full(name), out, in, Role::outward);
  };
  const int width = spec_.width, hidden = spec_.hidden;
  const BlockNames& n = spec_.block;
  Parameter* norm1 = add_gain(full(n.attention_norm));
  Parameter &q = inward(n.q, width, width), &k = inward(n.k, width, width),
            &v = inward(n.v, width, width), &output = outward(n.output, width, width);
  Parameter* norm2 = add_gain(full(n.mlp_norm));
  Parameter* gate = n.gate.empty() ? nullptr : &inward(n.gate, hidden, width);
  Parameter &up = inward(n.up, hidden, width), &down = outward(n.down, width, hidden);
  blocks_.push_back({.norm1 = {norm1, spec_.eps},
                     .norm2 = {norm2, spec_.eps},
                     .q = Linear(q),
                     .k = Linear(k),
                     .v = Linear(v),
                     .output = Linear(output),
                     .mlp = {gate, up, down},
                     .kept = {}});
}

size_t Transformer::count() const {
  size_t count = 0;
  for (const Parameter& p : parameters_) count += p.value.size();
  return count;
}

// `place` numbers the dropouts of a network.
void Transformer::drop(const Batch& batch, Matrix& x, size_t place) const {
  if (batch.dropout_key) dropout(device_, x, spec_.dropout, mix(batch.dropout_key, place));
}

void Transformer::forward(Block& b, const Batch& batch, size_t place) {
  Kept& kept = b.kept;
  const Matrix& x1 = b.norm1.forward(device_, x_, kept.norm1);
  b.q.forward(device_, x1, kept.q);
  b.k.forward(device_, x1, kept.k);
  b.v.forward(device_, x1, kept.v);
  rotation_.forward(device_, kept.q, batch.positions, kept.q_inverse);
  rotation_.forward(device_, kept.k, batch.positions, kept.k_inverse);
  attention_.forward(device_, {kept.q, kept.k, kept.v, batch.segments}, kept.attended,
                     kept.log_sums);
  b.output.forward(device_, kept.attended, branch_);
  drop(batch, branch_, place);
  add_to(device_, x_, branch_);

  const Matrix& x2 = b.norm2.forward(device_, x_, kept.norm2);
  b.mlp.forward(device_, x2, kept.mlp, branch_);
  drop(batch, branch_, place + 1);
  add_to(device_, x_, branch_);
}

// dx_ is the gradient of the residual stream, behind the block and then in front of it.
void Transformer::backward(Block& b, const Batch& batch, size_t place) {
  Kept& kept = b.kept;
  const auto dropped = [&](size_t at) -> const Matrix& {
    if (!batch.dropout_key) return dx_;
    dbranch_ = dx_;
    drop(batch, dbranch_, at);
    return dbranch_;
  };
  b.mlp.backward(device_, b.norm2.result(kept.norm2), kept.mlp, dropped(place + 1), dnormed_);
  b.norm2.backward(device_, kept.norm2, dnormed_, dx_);

  const Matrix& x1 = b.norm1.result(kept.norm1);
  b.output.backward(device_, kept.attended, dropped(place), dattended_);
  attention_.backward(device_, {kept.q, kept.k, kept.v, batch.segments},
                      {kept.attended, kept.log_sums}, dattended_, {dq_, dk_, dv_});
  rotation_.backward(device_, kept.q, batch.positions, kept.q_inverse, dq_);
  rotation_.backward(device_, kept.k, batch.positions, kept.k_inverse, dk_);
  b.q.backward(device_, x1, dq_, dnormed_);
  b.k.add_backward(device_, x1, dk_, dnormed_);
  b.v.add_backward(device_, x1, dv_, dnormed_);
  b.norm1.backward(device_, kept.norm1, dnormed_, dx_);
}

const Matrix& Transformer::forward(const Batch& batch) {
  x_.resize(batch.rows(), spec_.width);
  embed(device_, tables_, batch.ids, x_);
  drop(batch, x_, 0);
  if (spec_.normalizes_embedding) x_ = first_norm_.forward(device_, x_, first_kept_);
  for (size_t i = 0; i < blocks_.size(); ++i) forward(blocks_[i], batch, 2 * i + 1);
  head_->forward(device_, last_norm_->forward(device_, x_, last_kept_), logits_);
  return logits_;
}

double Transformer::loss(const Batch& batch) {
  forward(batch);
  return cross_entropy(device_, logits_, batch.targets, batch.weights);
}

double Transformer::step(const Batch& batch) {
  const double loss = this->loss(batch);
  Matrix& dlogits = logits_;
  head_->backward(device_, last_norm_->result(last_kept_), dlogits, dnormed_);
  dx_.resize(batch.rows(), spec_.width);
  dx_.clear();
  last_norm_->backward(device_, last_kept_, dnormed_, dx_);
  for (size_t i = blocks_.size(); i-- > 0;) backward(blocks_[i], batch, 2 * i + 1);
  if (spec_.normalizes_embedding) {
    std::swap(dnormed_, dx_);
    dx_.resize(batch.rows(), spec_.width);
    dx_.clear();
    first_norm_.backward(device_, first_kept_, dnormed_, dx_);
  }
  drop(batch, dx_, 0);
  embed_backward(device_, tables_, batch.ids, dx_);
  return loss;
}

}  // namespace yent::training
