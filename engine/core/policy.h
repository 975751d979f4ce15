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
//
// The word `then` alone on a line ends a list of rules: the values of a layer go through the style
// of every list, in order, and it computes at the lowest precision that one of them says. `mix F`
// in a list: the values are F of those by the rules above it and 1 - F of those by the rules below.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
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

// What a layer does with its values.
struct LayerStyle {
  Precision precision = Precision::f32;
  bool per_tensor = false;  // int8 inputs: one scale for all
  std::vector<GridStep> weights = {};
  LayerGrids grids = {};
  std::string words = {};  // of the rules, for a listing

  // Equal values; words may differ.
  bool computes_as(const LayerStyle& other) const;
  // The same of all but the weights: what two layers need that are computed in one product.
  bool multiplies_as(const LayerStyle& other) const;
};

// Const functions may be called from several threads at once.
class Policy {
 public:
  // The same precision everywhere.
  explicit Policy(Precision precision = Precision::f32);
  // Throws a file error naming the line.
  static Policy read(const std::filesystem::path& path);
  static Policy parse(std::string_view text, const std::string& path);
  // Parsed again, it gives the same policy.
  std::string text() const;

  // This policy and then another; the values of this one mixed, as `share`, with another's. Either
  // may have any number of lists of rules, but a mix at most one. Throw usage errors.
  Policy then(const Policy& next) const;
  Policy mixed(double share, const Policy& other) const;

  // Whether a rule says `auto`.
  bool has_auto() const;
  // Gives the layers of `auto` rules the precision that `mix` has for them; until then they are
  // f32. The style stays that of the rule.
  void resolve_auto(const Policy& mix);

  // Whether networks must run on a backend that is exact.
  bool exact() const { return exact_; }

  // Whether rules hold for a part of the steps of a denoising. at() gives the policy of one of its
  // moments; until then such rules are passed over.
  bool moves() const;
  Policy at(const Moment& m, std::span<const Moment> all) const;

  // Layers that no rule matches are f32.
  Precision precision(std::string_view layer, LayerKind kind = LayerKind::linear) const;
  LayerStyle layer(std::string_view name, LayerKind kind = LayerKind::linear) const;
  // The precision that rules for kind=attention give; nothing where there is none.
  std::optional<Precision> attention_precision(std::string_view name) const;

 private:
  struct Rule {
    std::string pattern;
    Precision precision = Precision::f32;
    bool automatic = false;
    QuantStyle style = {};
  };
  struct List {
    std::vector<Rule> rules;
    double share = 1;  // of these rules
    std::optional<std::vector<Rule>> others = {};
  };
  // The lines of a text, one after the other.
  struct Reader;

  static const Rule* find(const std::vector<Rule>& rules, std::string_view layer, LayerKind kind);
  Precision precision_of(const Rule& rule, std::string_view layer, LayerKind kind) const;
  static std::string words_of(const std::vector<Rule>& rules, std::string_view layer,
                              LayerKind kind);
  template <class Take>
  void each_rule(const Take& take) const;

  bool exact_ = false;
  std::vector<List> lists_;
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
