// A cursor over a checkpoint: `l / "down_blocks" / 0 / "conv1"` walks its paths. A weight that is
// taken at the end is checked against the expected shape, changed as the LoRAs and the policy ask,
// packed by the backend and marked as read. A missing or misshapen tensor is a file error.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/bound_weights.h"
#include "engine/core/policy.h"
#include "kernels/backend.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

// Where the tensors of one network come from. Tensors stay valid as long as `find` is kept, but
// their file pages may be dropped from memory by `release`.
struct Checkpoint {
  std::string path;  // what error sentences name
  std::string part;  // "unet", "vae", "text_encoder" or "llm": the prefix of policy and LoRA names
  // The tensor of that name, or null. `dims` is what the network expects; a checkpoint is free
  // to hold something else, a generator makes what is asked for.
  std::function<const HostTensor*(const std::string& name, std::span<const int64_t> dims)> find;
  std::function<void(const HostTensor&)> release = [](const HostTensor&) {};
  std::set<std::string> names = {};  // of all tensors; a binder takes out those it has read
  // Whether the tensor of that name is to be changed before it is packed, and the change itself,
  // on the tensor as f32 [rows, columns]; a vector has one column. A bias that is to be changed
  // and is missing starts as zeros.
  std::function<bool(const std::string& name)> restyles = [](const std::string&) { return false; };
  std::function<void(const std::string& name, float* values, int64_t rows, int64_t columns)>
      restyle = {};
};

// Reads from `set`, which the checkpoint keeps alive.
Checkpoint checkpoint_of(std::shared_ptr<const TensorSet> set, std::string part);

// How an attention computes, and the grids of its queries, keys and values, and of its output.
struct AttentionRule {
  Precision precision = Precision::f32;
  std::shared_ptr<const LayerGrids> grids = {};
};

// Whether a weight has a bias: never, always, or when the checkpoint brings one. An adapter may
// bring one in any case.
enum class Bias { no, yes, maybe };

// Copies share one load. One thread at a time may use a binder and its copies. The backend and the
// policy must outlive all of them; models keep no binder, so the policy may go after the load.
// Bytes of types for which Backend::stores_natively() is true are used in place: their checkpoint
// must outlive the packed weights.
class WeightBinder {
 public:
  // Layers that are in `kept` get their weights from there: of another load of the same tensors,
  // with the same backend and policy.
  // Where `measures`, weights say how far their quantization moved them.
  WeightBinder(Checkpoint checkpoint, Backend& backend, const Policy& policy,
               BoundWeights kept = {}, bool measures = false);

  WeightBinder operator/(std::string_view step) const;
  WeightBinder operator/(size_t step) const { return *this / std::to_string(step); }

  // Whether the checkpoint has `<path>.<leaf>`. A generator, which lists no names, has none.
  bool has(std::string_view leaf) const;

  // `<path>.weight` [out, in] or [out, in, 1, 1], `<path>.bias` [out].
  LinearWeight linear(int in, int out, Bias bias = Bias::yes) const;
  // Several weights under this path that read the same input: their names and heights. Neighbours
  // that the policy lets compute alike are one weight.
  struct Row {
    std::string name;
    int out;
  };
  std::vector<LinearWeight> stacked(int in, const std::vector<Row>& rows, Bias bias) const;
  // Two weights of one height, as one whose rows alternate. The rule of the value holds for both
  // but for how their weights are rounded; a usage error if the gate's says something else of
  // inputs or outputs.
  LinearWeight paired(int in, int out, const std::string& value, const std::string& gate) const;
  // One weight [2 * out, in] whose first half is the value and whose second is the gate.
  LinearWeight gated(int in, int out) const;
  ConvWeight conv3x3(int in, int out, bool upsamples, Bias bias = Bias::yes) const;
  NormWeight norm(int channels, float eps, bool bias = true) const;
  // What the policy says for the attention whose module is at this path, which has no weight of its
  // own: `precision` where it says nothing.
  AttentionRule attention(Precision precision) const;
  // `<path>.weight` as a table [rows, columns]. With `rows` 0 any height is accepted.
  PersistentTensor table(int rows, int columns) const;
  // `<path>` itself, [count].
  PersistentTensor vector(int count) const;

  Backend& backend() const { return load_->backend; }

  // Names in the file that no layer has asked for.
  const std::set<std::string>& unread() const { return load_->checkpoint.names; }
  const std::vector<Resolved>& resolved() const { return load_->resolved; }
  // What this load has bound or kept.
  const BoundWeights& bound() const { return load_->bound; }

 private:
  struct Load {
    Checkpoint checkpoint;
    Backend& backend;
    const Policy& policy;
    BoundWeights kept;
    bool measures = false;
    BoundWeights bound = {};
    std::vector<Resolved> resolved = {};
    std::vector<std::string> asked = {};  // tensors, since the last weight was bound
  };
  // A tensor that a backend accepts; `owned` holds what had to be converted, restyled or made.
  struct Taken {
    HostTensor tensor, in_file;
    std::shared_ptr<std::vector<float>> owned = {};
    std::vector<float> before = {};  // the policy's grids, where that is measured
    std::vector<GridStep> grids = {};

    LayerKind kind() const {
      return in_file.dims.size() == 4 ? LayerKind::conv : LayerKind::linear;
    }
  };

  // The weight at this path: kept, or made now.
  template <class Weight>
  Weight bind(const std::function<Weight()>& make) const;
  bool wants(Bias bias) const;
  // `kind` is that of the layer whose style applies; of none, the tensor is taken as it is. A
  // linear that the file holds as a convolution is one.
  Taken take(std::string_view leaf, std::vector<int64_t> dims,
             std::optional<LayerKind> kind = {}) const;
  Taken weight(std::vector<int64_t> dims) const { return take("weight", dims, LayerKind::linear); }
  LayerStyle style(std::string_view layer, LayerKind kind) const;
  void resolve(const Resolved& layer) const;
  // Of the weights among these, which are packed at a precision.
  std::shared_ptr<const LayerErrors> errors(std::span<const Taken> taken,
                                            Precision precision) const;
  // The weight at this path as the last part of a product; what it needs is added to `taken`.
  void add_part(LinearSource& source, std::vector<Taken>& taken, int in, int out, Bias bias) const;
  LinearWeight pack(LinearSource& source, const std::vector<Taken>& taken) const;
  std::string name(std::string_view leaf) const;

  std::shared_ptr<Load> load_;
  std::string path_;
};

}  // namespace yent
