#include "engine/diffusion/memory_needs.h"

#include <algorithm>

#include "kernels/error.h"

namespace yent {
namespace {

size_t element_bytes(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return 4;
    case Precision::f16:
    case Precision::bf16:
      return 2;
    case Precision::int8:
      return 1;
  }
  return 0;
}

}  // namespace

void require_memory(const std::string& what, size_t needed, const Backend& backend) {
  const size_t available = backend.available_bytes();
  if (needed <= available) return;
  throw run_error("{} needs at least {} bytes, {} are available", what, needed, available);
}

size_t packed_bytes(const TensorSet& set, const std::string& part, const Policy& policy,
                    const std::set<std::string>& ready) {
  size_t bytes = 0;
  for (const HostTensor& t : set.tensors) {
    if (ready.contains(t.name)) continue;
    const std::string_view module = std::string_view(t.name).substr(0, t.name.rfind('.'));
    const LayerKind kind = t.dims.size() == 4 ? LayerKind::conv : LayerKind::linear;
    const Precision p = t.dims.size() < 2
                            ? Precision::f32
                            : policy.precision(fmt::format("{}.{}", part, module), kind);
    bytes += static_cast<size_t>(t.count()) * element_bytes(p);
  }
  return bytes;
}

size_t text_token_bytes(const ClipConfig& clip, const UNetConfig& unet) {
  const int encoder = 2 * clip.hidden_size + std::max(4 * clip.hidden_size, clip.intermediate_size);
  size_t kept = unet.mid_block ? 2 * unet.block_out_channels.back() : 0;
  const size_t levels = unet.block_out_channels.size();
  for (size_t i = 0; i < levels; ++i) {
    const int down = unet.down_attention[i] ? unet.layers_per_block : 0;
    const int up = unet.up_attention[levels - 1 - i] ? unet.layers_per_block + 1 : 0;
    kept += size_t{2} * unet.block_out_channels[i] * (down + up);
  }
  return std::max(encoder * sizeof(float), clip.hidden_size * sizeof(float) + 2 * kept);
}

size_t decoder_pixel_bytes(const VaeConfig& vae, Precision activations, const Backend& backend) {
  const std::vector<int>& channels = vae.block_out_channels;
  const int narrow = channels[0], wide = channels[std::min<size_t>(1, channels.size() - 1)];
  const Shape pixel{.c = wide + narrow};
  return backend.layout(pixel, {Consumer::any, activations}).bytes + 3 * sizeof(float) + 3;
}

}  // namespace yent
