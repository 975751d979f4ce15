// safetensors: a length, a JSON header that names every tensor, the tensors' bytes.
// https://github.com/huggingface/safetensors#format
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "loaders/tensors/tensor_set.h"

namespace yent {

// Maps the file; tensors point into it, possibly unaligned. As strict as the reference
// implementation: the tensors cover the data exactly, without holes, overlaps or rest, and no
// key occurs twice. Types: F64 F32 F16 BF16 F8_E4M3
// F8_E5M2 I64 I32 I16 I8 U8 BOOL. Throws a file error.
TensorSet read_safetensors(const std::filesystem::path& path);
TensorSet read_safetensors(const std::shared_ptr<const MappedFile>& file);

// Writes the dense bytes of one tensor.
using FillTensor = std::function<void(const HostTensor& tensor, std::span<std::byte> bytes)>;

// Writes plain types and unique names, larger elements first so that all are aligned. `fill`
// makes the bytes of tensors without data, one tensor at a time, so a file may be larger than
// memory. Sizes come from dtype and dims; HostTensor::bytes is not read. The file appears under its
// name when it is complete. Throws a run error when it cannot be written.
void write_safetensors(const std::filesystem::path& path, std::span<const HostTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {},
                       const FillTensor& fill = {});

}  // namespace yent
