// Collects, while a picture is denoised, where the words of its prompt draw the cross-attention of
// a network: the probabilities of a word's tokens, averaged over the heads, summed over layers and
// steps (as in "What the DAAM", Tang et al. 2022).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/diffusion/word_map.h"
#include "engine/models/noise_predictor.h"

namespace yent {

// A word and the positions of its tokens in the text that the network reads.
struct WordTokens {
  std::string word;
  std::vector<int> tokens;
};

class WordAttention {
 public:
  // Makes the blocks of `conditioning` keep sums for the last of its texts: the prompt's, where
  // there is guidance. At most as many words as the narrowest head has channels are collected, the
  // first ones; the network answers no differently. `layers` are the network's for this latent.
  WordAttention(Backend& backend, const std::vector<CrossAttention>& layers,
                std::span<const WordTokens> words, Conditioning& conditioning);

  // The sums so far: for every word one map, with the most pixels that a layer has. Waits.
  std::vector<WordMap> read(Backend& backend) const;

 private:
  // The layers of one resolution share their sums.
  struct Level {
    int height, width;
    PersistentTensor sums;  // {1, height * width, 1, words}
  };
  PersistentTensor sums(Backend& backend, const CrossAttention& layer);

  std::vector<std::string> words_;
  std::vector<Level> levels_;
};

}  // namespace yent
