// A small decoder that writes drawings in characters: tokens on a grid to logits. Positions are
// pairs (row, column), and half of every head turns by each; the distance to the border is an
// input.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ascii_writer/sequence.h"
#include "engine/core/nn.h"
#include "kernels/error.h"
#include "loaders/io/json.h"

namespace yent {

struct AsciiTransformerConfig {
  int layers = 0, heads = 0, width = 0, ffn = 0;
  int block_size = 4096;  // most tokens of a sequence
  double rope_base = 1000;
  double eps = 1e-5;
  int64_t trained_steps = 0;

  int head_width() const { return width / heads; }

  // 8/3 of the width, rounded up to 64.
  static int ffn_of(int width) { return (8 * width + 191) / 192 * 64; }

  // A network of a published size: test, tiny, small, medium, large. Throws a usage error that
  // lists them.
  static AsciiTransformerConfig preset(std::string_view name);
  static const std::vector<std::string>& preset_names();

  // Reads config.json. What this version of the format cannot be is a file error that names `path`.
  static AsciiTransformerConfig from_json(const Json& json, const std::string& path);
  // As from_json() reads it.
  Json to_json() const;

  // Sizes that no network has are an error of this kind, which names `where`.
  void check(const std::string& where, Error::Kind kind = Error::file) const;
};

// The names and dims of all its tensors, as files hold them in f32 or f16.
struct NamedDims {
  std::string name;
  std::vector<int64_t> dims;
  bool quantizable = false;  // a matrix of a product
};
std::vector<NamedDims> ascii_transformer_tensors(const AsciiTransformerConfig& config);

// Const functions may be called from several threads at once if each has a Ctx and a State of its
// own. The backend, and the files whose quantized weights are used in place, must outlive it.
class AsciiTransformer {
 public:
  AsciiTransformer(const WeightBinder& root, const AsciiTransformerConfig& config);

  const AsciiTransformerConfig& config() const { return config_; }

  // The key-value cache: keys and values of every layer, {1, context, 1, width} each. Setting
  // `length` back forgets tokens; entries behind it are never read.
  struct State {
    PersistentTensor rope;  // {1, positions, 1, head width / 2}: cos, then sin of every position
    std::vector<PersistentTensor> keys, values;
    // Ids and positions of every call, and the logits of a few tokens: always at the same
    // addresses, so that a device can record the decoding of a token once.
    PersistentTensor input, logits;
    int context = 0, length = 0;
  };
  // The cache is f32 or f16. Throws a run error with the needed and the available bytes when it
  // does not fit.
  State start(int context, DType kept = DType::f32) const;

  // Appends tokens to the state, which must have room for them, and returns logits, kVocabulary
  // for each token: of the last one, or of all.
  std::vector<float> operator()(Ctx& c, State& state, std::span<const art::SequenceToken> tokens,
                                bool all_rows = false) const;

 private:
  struct Layer {
    RMSNorm attn_norm;
    LinearStack qkv;
    Linear attn_output;
    RMSNorm mlp_norm;
    Linear up_gate, down;
  };
  struct Inputs;

  Activation block(Ctx& c, const Layer& l, Activation x, const State& state, size_t layer,
                   const Inputs& inputs) const;

  AsciiTransformerConfig config_;
  Backend& backend_;
  // Rows of these are added up, chosen by SequenceToken's ids in the order of its fields.
  std::vector<PersistentTensor> tables_;
  std::vector<Layer> layers_;
  RMSNorm norm_;
  Linear head_;
};

}  // namespace yent
