// The configs of BK-SDM-Tiny.
#pragma once

#include "loaders/io/json.h"

namespace yent {

inline Json full_size_clip() {
  return Json::object({{"hidden_size", 768},
                       {"intermediate_size", 3072},
                       {"num_hidden_layers", 12},
                       {"num_attention_heads", 12}});
}

inline Json full_size_unet() {
  Json j = Json::object({{"in_channels", 4},
                         {"out_channels", 4},
                         {"sample_size", 64},
                         {"cross_attention_dim", 768},
                         {"attention_head_dim", 8},
                         {"layers_per_block", 1},
                         {"mid_block_type", nullptr}});
  for (const int channels : {320, 640, 1280}) {
    j["block_out_channels"].push_back(channels);
    j["down_block_types"].push_back("CrossAttnDownBlock2D");
    j["up_block_types"].push_back("CrossAttnUpBlock2D");
  }
  return j;
}

inline Json full_size_vae() {
  return Json::object({{"block_out_channels", Json::array({128, 256, 512, 512})},
                       {"layers_per_block", 2},
                       {"latent_channels", 4}});
}

}  // namespace yent
