// What an adapter file holds for one module of the model.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/tensor.h"

namespace yent {

// Tensors by their role in a formula ("down", "up", "alpha", ...). They borrow from the file's
// TensorSet. Const functions may be called from several threads at once.
class AdapterParts {
 public:
  explicit AdapterParts(std::string path) : path_(std::move(path)) {}

  // Throws a file error when the role is taken by other values. (PEFT 0.21 writes the bias of a
  // norm twice, with bias="all" and modules_to_save.)
  void add(std::string_view role, const HostTensor& tensor);

  const HostTensor* find(std::string_view role) const;
  // Throws a file error that names the role and a key that is there.
  const HostTensor& get(std::string_view role) const;
  // Throws a file error unless the tensor has these dims, apart from 1x1 behind the first two.
  const HostTensor& get(std::string_view role, std::span<const int64_t> dims) const;

  const std::string& path() const { return path_; }  // of the file
  // A key of the file, for messages. There must be a tensor.
  const std::string& any_key() const { return by_role_.begin()->second.name; }
  std::vector<std::string> keys() const;

  // The same roles with the same values, wherever they lie.
  bool operator==(const AdapterParts& other) const;

 private:
  std::string path_;
  std::map<std::string, HostTensor, std::less<>> by_role_;
};

// 1x1 behind the first two dims is dropped.
std::vector<int64_t> squeezed(std::span<const int64_t> dims);

// All elements as floats.
std::vector<float> floats_of(const HostTensor& tensor);

}  // namespace yent
