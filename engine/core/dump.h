// What --dump keeps of a run: named arrays in PyTorch's layout, written as one safetensors
// file.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kernels/decorate.h"

namespace yent {

class Dump {
 public:
  // Layers whose path (with part and call, `unet.conv_in.0`) matches the glob are kept, too.
  explicit Dump(std::string layers = {}) : layers_(std::move(layers)) {}

  // A name that comes again (the pictures of a batch) is put behind the first, along dims[0].
  void add(const std::string& name, std::vector<int64_t> dims, const std::vector<float>& values);
  void add(const std::string& name, std::vector<int64_t> dims, const std::vector<int32_t>& values);
  // A device tensor: an image {n, h, w, c} as [n, c, h, w], tokens {n, t, 1, c} as [n, t, c].
  void add(const std::string& name, Backend& backend, Tensor tensor);

  bool wants_layer(const std::string& path) const;
  bool wants_layers() const { return !layers_.empty(); }

  // Appears by rename, tensors sorted by name.
  void write(const std::filesystem::path& path) const;

 private:
  struct Entry {
    DType dtype;
    std::vector<int64_t> dims;
    std::vector<std::byte> bytes;
  };
  void append(const std::string& name, DType dtype, std::vector<int64_t> dims, const void* values,
              size_t bytes);

  std::string layers_;
  std::map<std::string, Entry> entries_;
};

// Records the outputs of layers as they are computed. Stacked weights give one entry a part.
class DumpBackend : public Decorator {
 public:
  DumpBackend(Backend& inner, Dump& dump) : Decorator(inner), dump_(dump) {}

  // What stands before and behind every path from now on: "unet.", ".3".
  void label(std::string before, std::string behind) {
    before_ = std::move(before);
    behind_ = std::move(behind);
  }

  void linear(Arena& a, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e) override;
  void conv3x3(Arena& a, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
               const Epilogue& e) override;
  // In two ops: what is in between may be wanted.
  // NOLINTNEXTLINE(readability-function-size): the arguments of a norm and of a convolution
  void norm_conv3x3(Arena& a, Tensor out, ConcatView x, const Prologue& p, const ConvWeight& w,
                    const ConvGeom& g, const Epilogue& e) override {
    Backend::norm_conv3x3(a, out, x, p, w, g, e);
  }
  void group_norm(Arena& a, Tensor out, ConcatView x, const NormWeight& w, int groups,
                  Fn fn) override;
  void layer_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w) override;
  void rms_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w, int width) override;

 private:
  void record(const Arena& a, const std::string& path, Tensor out);

  Dump& dump_;
  std::string before_, behind_;
};

}  // namespace yent
