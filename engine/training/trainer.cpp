#include "engine/training/trainer.h"

#include <charconv>

#include "engine/training/seeds.h"
#include "kernels/error.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/safetensors.h"

namespace yent::training {
namespace {

constexpr const char* format_key = "yent.training";  // __metadata__ of the file of a run
constexpr const char* format = "1";
constexpr const char *step_key = "yent.step", *seed_key = "yent.seed";
constexpr uint64_t dropout_stream = 0x64726f70;  // keeps dropout's numbers apart from the data's

HostTensor tensor_of(const std::string& name, const std::vector<int64_t>& dims,
                     const std::vector<float>& values) {
  return {name, DType::f32, dims, reinterpret_cast<const std::byte*>(values.data()),
          values.size() * sizeof(float)};
}

void read_into(const TensorSet& set, const std::string& name, const std::vector<int64_t>& dims,
               std::vector<float>& to) {
  const HostTensor* tensor = set.find(name);
  if (!tensor) throw file_error("{}: {} is missing", set.path, name);
  if (tensor->dims != dims || tensor->dtype != DType::f32) {
    throw file_error("{}: {} is {} {}, expected f32 {}", set.path, name, dtype_name(tensor->dtype),
                     dims_text(tensor->dims), dims_text(dims));
  }
  to_f32(*tensor, to.data());
}

template <class T>
T number_in(const TensorSet& set, const char* key) {
  const auto found = set.metadata.find(key);
  const std::string text = found == set.metadata.end() ? "" : found->second;
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    throw file_error("{}: {} is \"{}\", expected a number", set.path, key, printable(text));
  }
  return value;
}

TensorSet read_run(const std::filesystem::path& path) {
  TensorSet set = read_safetensors(path);
  const auto found = set.metadata.find(format_key);
  if (found == set.metadata.end()) {
    throw file_error("{}: it has weights, but not the state of a training", path.string());
  }
  if (found->second != format) {
    throw file_error("{}: the state of a training is of version {}, expected {}", path.string(),
                     printable(found->second), format);
  }
  return set;
}

}  // namespace

Trainer::Trainer(Transformer& network, const TrainingDevice& device, const SequenceSource& source,
                 const TrainingPlan& plan)
    : network_(network),
      device_(device),
      source_(source),
      plan_(plan),
      optimizer_(plan.optimizer, network.parameters()) {}

Trainer::Step Trainer::step() {
  Step step{.number = done_ + 1, .rate = learning_rate(plan_.optimizer, done_, plan_.steps)};
  auto batches = make_batches(source_.training(plan_.seed, done_), plan_.batch_rows);
  const uint64_t key = mix(mix(plan_.seed, dropout_stream), static_cast<uint64_t>(done_));
  for (size_t i = 0; i < batches.size(); ++i) {
    if (network_.spec().dropout > 0) batches[i].dropout_key = mix(key, i) | 1;
    step.loss += network_.step(batches[i]);
    step.rows += batches[i].rows();
  }
  step.gradient_norm = optimizer_.step(device_, done_, plan_.steps);
  ++done_;
  return step;
}

std::optional<double> Trainer::validate() {
  const std::vector<Sequence> sequences = source_.validation();
  if (sequences.empty()) return {};
  double loss = 0;
  for (const Batch& batch : make_batches(sequences, plan_.batch_rows)) loss += network_.loss(batch);
  return loss;
}

void Trainer::save(const std::filesystem::path& path,
                   const std::map<std::string, std::string>& settings) const {
  std::vector<HostTensor> tensors;
  const auto& parameters = network_.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& p = parameters[i];
    const auto& moments = optimizer_.moments()[i];
    tensors.push_back(tensor_of(p.name, p.dims, p.value));
    tensors.push_back(tensor_of("adam.first." + p.name, p.dims, moments.first));
    tensors.push_back(tensor_of("adam.second." + p.name, p.dims, moments.second));
  }
  auto metadata = settings;
  metadata[format_key] = format;
  metadata[step_key] = std::to_string(done_);
  metadata[seed_key] = std::to_string(plan_.seed);
  write_safetensors(path, tensors, metadata);
}

void Trainer::load(const std::filesystem::path& path) {
  const TensorSet set = read_run(path);
  const auto done = number_in<int64_t>(set, step_key);
  if (done < 0) throw file_error("{}: its step is {}, expected 0 or more", set.path, done);
  auto& parameters = network_.parameters();
  if (set.tensors.size() != 3 * parameters.size()) {
    throw file_error("{}: {} tensors, expected {}", set.path, set.tensors.size(),
                     3 * parameters.size());
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    Parameter& p = parameters[i];
    read_into(set, p.name, p.dims, p.value);
    read_into(set, "adam.first." + p.name, p.dims, optimizer_.moments()[i].first);
    read_into(set, "adam.second." + p.name, p.dims, optimizer_.moments()[i].second);
  }
  plan_.seed = number_in<uint64_t>(set, seed_key);
  done_ = done;
}

std::map<std::string, std::string> saved_settings(const std::filesystem::path& path) {
  return read_run(path).metadata;
}

void write_weights(const Transformer& network, const std::filesystem::path& path,
                   const std::map<std::string, std::string>& metadata) {
  std::vector<HostTensor> tensors;
  for (const Parameter& p : network.parameters()) {
    tensors.push_back(tensor_of(p.name, p.dims, p.value));
  }
  write_safetensors(path, tensors, metadata);
}

}  // namespace yent::training
