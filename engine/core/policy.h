// Which layer computes at which precision. A policy is a text file of rules, first match wins:
//
//   # pattern                        precision
//   unet.conv_in                     f32
//   unet.*.attentions.*              int8
//   *                                bf16
//
// Patterns are checkpoint paths behind `unet.`, `vae.`, `text_encoder.` or `llm.`; `*` matches
// any run of characters, dots included. `auto` takes the precision that the device's own mix has
// for the layer, see resolve_auto. The word `exact` alone on a line before all rules asks for the
// same bits on every machine (Backend::exact); rules then say f32 or int8. Words behind the
// precision give a quantization style (quant_style.h):
//
//   unet.up_blocks.*                 int8  bits=4 round=floor clip=99.9 weights=tensor act=tensor
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/quant_style.h"
#include "kernels/backend.h"

namespace yent {

// Parses f32, f16, bf16, int8 or i8. Returns false for any other word, `auto` included: what that
// means depends on the device.
bool parse_precision(std::string_view word, Precision& out);

// Glob with `*` and `?`.
bool glob_match(std::string_view pattern, std::string_view text);

// Const functions may be called from several threads at once.
class Policy {
 public:
  // The same precision everywhere.
  explicit Policy(Precision precision = Precision::f32);
  // Throws a file error naming the line.
  static Policy read(const std::filesystem::path& path);
  static Policy parse(std::string_view text, const std::string& path);

  // Whether a rule says `auto`.
  bool has_auto() const;
  // Gives the layers of `auto` rules the precision that `mix` has for them; until then they are
  // f32. The style stays that of the rule.
  void resolve_auto(const Policy& mix);

  // Whether networks must run on a backend that is exact.
  bool exact() const { return exact_; }

  // Layers that no rule matches are f32.
  Precision precision(std::string_view layer) const;
  const QuantStyle& style(std::string_view layer) const { return rule(layer).style; }

 private:
  struct Rule {
    std::string pattern;
    Precision precision = Precision::f32;
    bool automatic = false;
    QuantStyle style = {};
  };
  const Rule& rule(std::string_view layer) const;

  bool exact_ = false;
  std::vector<Rule> rules_;
  std::shared_ptr<const Policy> mix_;  // what `auto` stands for; null until it is resolved
};

// What one layer was resolved to, for a listing of all layers.
struct Resolved {
  std::string layer;
  Precision precision = Precision::f32;
  std::string style, kernel;
  size_t bytes = 0;
};

}  // namespace yent
