// Textual inversion: vectors that stand for a word of a prompt in the text encoder's table.
// clang-format off
//   A1111      {"string_to_param": {"*": [n, d]}, "name": ...} of torch.save
//   diffusers  {"<token>": [d] or [n, d]}, a torch file or safetensors
//   trainers   {"emb_params": [n, d]}, safetensors
// clang-format on
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace yent {

struct TextualInversion {
  std::string path;  // named in error messages
  // The word in a prompt: the token that the file holds; else the file's name without its ending,
  // as the web UI has it.
  std::string word;
  // A1111's files also hold a name, which diffusers takes as the token; empty: none, or the same.
  std::string other_word = {};
  int vectors = 0, width = 0;
  std::vector<float> values = {};  // [vectors][width]
};

// Throws a file error: no embedding or several in the file, embeddings of SDXL's two encoders, a
// shape that is neither [d] nor [n, d], numbers that are not finite.
TextualInversion read_textual_inversion(const std::filesystem::path& path);

}  // namespace yent
