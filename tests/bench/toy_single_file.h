// A small painter of SD 1.5's shape, to be written as a single file. The configs are those of
// tests/golden/inkpunk.py, as a reader infers them.
#pragma once

#include "bench/synthesize/synthesize.h"

namespace yent::test {

inline PainterConfigs toy_sd15(int vocabulary) {
  const char *down = "CrossAttnDownBlock2D", *up = "CrossAttnUpBlock2D";
  return {Json::object({{"in_channels", 4},
                        {"out_channels", 4},
                        {"sample_size", 64},
                        {"cross_attention_dim", 64},
                        {"attention_head_dim", 8},
                        {"layers_per_block", 2},
                        {"block_out_channels", Json::array({32, 32, 64, 64})},
                        {"down_block_types", Json::array({down, down, down, "DownBlock2D"})},
                        {"up_block_types", Json::array({"UpBlock2D", up, up, up})}}),
          Json::object({{"block_out_channels", Json::array({32, 32, 32, 32})},
                        {"layers_per_block", 2},
                        {"latent_channels", 4}}),
          Json::object({{"hidden_size", 64},
                        {"intermediate_size", 128},
                        {"num_hidden_layers", 2},
                        {"num_attention_heads", 1},
                        {"vocab_size", vocabulary}})};
}

}  // namespace yent::test
