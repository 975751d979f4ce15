// The network of character diffusion with its weights on a device.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "engine/characters/checkpoint.h"
#include "engine/characters/decoder.h"
#include "engine/core/workspace.h"
#include "engine/models/char_diffusion.h"

namespace yent::character_diffusion {

// One thread at a time. The backend must outlive it, the file need not.
class Network : public Model {
 public:
  // `heads` 0: what the file says, or else one for 64 columns. Throws a file error for tensors that
  // are missing, misshapen or not known.
  Network(const CheckpointFile& file, Backend& backend, const Policy& policy, int heads = 0);

  int vocabulary() const override { return network_->config().vocabulary; }
  int steps() const override { return network_->config().steps; }
  std::vector<float> logits(std::span<const int32_t> ids, std::span<const int32_t> times,
                            int length) override;

  const CharDiffusionConfig& config() const { return network_->config(); }
  // What every layer computes with.
  const std::vector<Resolved>& resolved() const { return resolved_; }

 private:
  Backend& backend_;
  Workspace workspace_;
  std::unique_ptr<CharDiffusion> network_;
  std::vector<Resolved> resolved_;
  std::map<std::pair<int, int>, CharDiffusion::Board> boards_;  // by rows and length
};

}  // namespace yent::character_diffusion
