// Which layer computes at which precision. A policy is a text file of rules, first match wins:
//
//   # pattern                        precision
//   unet.conv_in                     f32
//   unet.*.attentions.*              int8
//   *                                bf16
//
// Patterns are checkpoint paths behind `unet.`, `vae.`, `text_encoder.` or `llm.`; `*` matches
// any run of characters, dots included. Words behind the precision give a style (grid.h):
//
//   unet.up_blocks.*                 int8  bits=4 round=floor clip=99.9 weights=tensor act=tensor
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/quant_style.h"
#include "kernels/backend.h"

namespace yent {

// f32, f16, bf16, int8 or i8, auto; anything else is nothing.
bool parse_precision(std::string_view word, Precision& out);
const char* precision_name(Precision precision);

// Glob with `*` and `?`.
bool glob_match(std::string_view pattern, std::string_view text);

class Policy {
 public:
  // The same precision everywhere.
  explicit Policy(Precision precision = Precision::f32);
  // Throws a file error naming the line.
  static Policy read(const std::filesystem::path& path);
  static Policy parse(std::string_view text, const std::string& path);

  // Layers that no rule matches are f32.
  Precision precision(std::string_view layer) const { return rule(layer).precision; }
  const QuantStyle& style(std::string_view layer) const { return rule(layer).style; }

 private:
  struct Rule {
    std::string pattern;
    Precision precision = Precision::f32;
    QuantStyle style = {};
  };
  const Rule& rule(std::string_view layer) const;

  std::vector<Rule> rules_;
};

// What became of one layer, for --explain and inspect.
struct Resolved {
  std::string layer;
  Precision precision = Precision::f32;
  std::string style, kernel;
  size_t bytes = 0;
};

}  // namespace yent
