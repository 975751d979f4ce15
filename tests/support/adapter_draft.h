// Adapter files made up by tests.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernels/tensor.h"
#include "loaders/checkpoint/lora.h"
#include "loaders/tensors/safetensors.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"

namespace yent::test {

// The tensors of a file that will be written; owns their bytes.
struct AdapterDraft {
  std::vector<HostTensor> tensors;
  std::vector<std::vector<float>> data;

  AdapterDraft() = default;
  AdapterDraft(AdapterDraft&&) = default;  // buffers stay where they are

  // Values that are not given are 0.5.
  AdapterDraft& add(std::string name, std::vector<int64_t> dims, std::vector<float> values = {}) {
    HostTensor tensor;
    tensor.name = std::move(name);
    tensor.dims = std::move(dims);
    values.resize(static_cast<size_t>(tensor.count()), 0.5f);
    data.push_back(std::move(values));
    tensor.data = reinterpret_cast<const std::byte*>(data.back().data());
    tensor.bytes = data.back().size() * sizeof(float);
    tensors.push_back(std::move(tensor));
    return *this;
  }

  Lora open(float scale = 1, const std::map<std::string, std::string>& metadata = {}) const {
    const TemporaryFolder folder;  // the mapping outlives the file
    write_safetensors(folder / "lora.safetensors", tensors, metadata);
    return Lora::open(folder / "lora.safetensors", scale);
  }

  // The sentence of the error that opening, or matching with the targets, throws; without the path.
  std::string refusal(const std::vector<LoraTarget>& targets = {{"unet.a", {4, 6}}},
                      const std::map<std::string, std::string>& metadata = {}) const {
    const std::string sentence = test::refusal([&] { open(1, metadata).match(targets); });
    const std::string path_end = "/lora.safetensors: ";
    const size_t at = sentence.find(path_end);
    return at == std::string::npos ? sentence : sentence.substr(at + path_end.size());
  }
};

}  // namespace yent::test
