#include "engine/training/networks.h"

#include <cmath>

#include "engine/core/random.h"
#include "kernels/error.h"

namespace yent::training {
TransformerSpec char_diffusion_spec(const NetworkShape& shape) {
  return {.tables = {{"token_emb.weight", 128}, {"time_emb.weight", 128}},
          .norm = "",
          .head = "output_head.weight",
          .block = {.q = "attn.c_q.weight",
                    .k = "attn.c_k.weight",
                    .v = "attn.c_v.weight",
                    .output = "attn.c_proj.weight",
                    .up = "mlp.c_fc.weight",
                    .down = "mlp.c_proj.weight"},
          .layers = shape.layers,
          .heads = shape.heads,
          .width = shape.width,
          .hidden = 4 * shape.width,
          .vocabulary = 128,
          .normalizes_embedding = true,
          .eps = 1.1920929e-7f,
          .rotation = {.axes = 1, .base = 10000, .clockwise = true, .positions = 512}};
}

TransformerSpec ascii_spec(const AsciiTransformerConfig& config) {
  return {.tables = {{"tok_embed.weight", 384},
                     {"cond.width.weight", 257},
                     {"cond.height.weight", 257},
                     {"cond.style.weight", 16},
                     {"edge.row.weight", 65},
                     {"edge.col.weight", 65}},
          .norm = "norm.weight",
          .head = "head.weight",
          .block = {.attention_norm = "attn_norm.weight",
                    .q = "attn.q.weight",
                    .k = "attn.k.weight",
                    .v = "attn.v.weight",
                    .output = "attn.o.weight",
                    .mlp_norm = "mlp_norm.weight",
                    .gate = "mlp.gate.weight",
                    .up = "mlp.up.weight",
                    .down = "mlp.down.weight"},
          .layers = config.layers,
          .heads = config.heads,
          .width = config.width,
          .hidden = config.ffn,
          .vocabulary = 384,
          .causal = true,
          .dropout = 0.1f,
          .eps = static_cast<float>(config.eps),
          .rotation = {.axes = 2, .base = config.rope_base, .clockwise = false, .positions = 260}};
}

void check_shape(const NetworkShape& shape) {
  const auto within = [](const char* what, int value, int most) {
    if (value < 1 || value > most)
      throw usage_error("{} is {}, expected 1 to {}", what, value, most);
  };
  within("the number of layers", shape.layers, 64);
  within("the number of heads", shape.heads, 64);
  within("the width", shape.width, 4096);
  if (shape.width % 32 != 0) {
    throw usage_error("the width is {}, expected a multiple of 32", shape.width);
  }
  if (shape.width % (shape.heads * 2) != 0) {
    throw usage_error("{} heads do not fit a width of {}, expected heads of an even width",
                      shape.heads, shape.width);
  }
}

void initialize(Transformer& network, float table_deviation, uint64_t seed) {
  NoiseSource noise(seed, Rng::cpu);
  const auto normal = [&](Parameter& p, float deviation) {
    noise.normal(p.value.data(), p.value.size());
    for (float& v : p.value) v *= deviation;
  };
  for (Parameter& p : network.parameters()) {
    switch (p.role) {
      case Role::table:
        normal(p, table_deviation);
        break;
      case Role::gain:
        std::fill(p.value.begin(), p.value.end(), 1.0f);
        break;
      case Role::inward: {
        const auto out = static_cast<float>(p.dims[0]), in = static_cast<float>(p.dims[1]);
        normal(p, std::min(1.0f, std::sqrt(out / in)) / std::sqrt(in));
        break;
      }
      case Role::outward:
        std::fill(p.value.begin(), p.value.end(), 0.0f);
        break;
    }
  }
}

}  // namespace yent::training
