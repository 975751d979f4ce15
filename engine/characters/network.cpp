#include "engine/characters/network.h"

#include "kernels/error.h"

namespace yent::character_diffusion {

constexpr size_t kMostBoards = 16;

Network::Network(const CheckpointFile& file, Backend& backend, const Policy& policy, int heads)
    : backend_(backend), workspace_(backend) {
  const auto config =
      CharDiffusionConfig::from_tensors(file.tensors, heads > 0 ? heads : file.heads);
  const WeightBinder loader(
      checkpoint_of(std::make_shared<const TensorSet>(file.tensors), "characters"), backend,
      policy);
  network_ = std::make_unique<CharDiffusion>(loader, config);
  if (!loader.unread().empty()) {
    throw file_error("{}: {} is not known to this engine", file.tensors.path,
                     printable(*loader.unread().begin()));
  }
  resolved_ = loader.resolved();
}

std::vector<float> Network::logits(std::span<const int32_t> ids, std::span<const int32_t> times,
                                   int length) {
  const std::pair size(static_cast<int>(times.size()), length);
  if (!boards_.contains(size)) {
    if (boards_.size() >= kMostBoards) {
      boards_.clear();
      workspace_.clear();  // recordings have the old addresses
    }
    boards_.emplace(size, network_->start(size.first, length));
  }
  Ctx c{backend_, workspace_};
  return (*network_)(c, boards_.at(size), ids, times);
}

}  // namespace yent::character_diffusion
