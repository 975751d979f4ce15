// Checks of arguments that all devices share. A wrong argument is a mistake in a model's code, not
// in a file or a flag, so a failed check aborts with a sentence (ENSURE).
#pragma once

#include <span>
#include <string>

#include "kernels/backend.h"

namespace yent {

// Rows, columns and `ld` of `t` fit `shape`, whatever its type and layout.
bool has_shape(const Tensor& t, const Shape& shape);
// At least `rows` dense rows of i32 numbers.
bool is_index(const Tensor& t, size_t rows, int columns = 1);

// Checks the sources and describes the weight; the caller adds `packed`.
LinearWeight check_linear_source(const LinearSource& source, Precision precision);
ConvWeight check_conv_source(const std::string& name, const HostTensor& weight,
                             const HostTensor& bias, Precision precision);

// The arguments of every op, one function each, for one device.
class OpCheck {
 public:
  // Whether an activation of this shape may have this type and layout.
  using Accepts = bool (*)(const Tensor&, const Shape&);

  // `activation` is what linears, convolutions and attention write, `normalized` what norms write.
  constexpr OpCheck(Accepts activation, Accepts normalized)
      : activation_(activation), normalized_(normalized) {}

  void linear(const Tensor& out, const ConcatView& x, const LinearWeight& w,
              const Epilogue& e) const;
  // `x` is the input's shape: of a prologue, the input of its norm.
  void conv3x3(const Tensor& out, const Shape& x, const ConvWeight& w, const Epilogue& e) const;
  void prologue(const Tensor& out, const ConcatView& x, const Prologue& p) const;
  void group_norm(const Tensor& out, const ConcatView& x, const NormWeight& w, int groups) const;
  void layer_norm(const Tensor& out, const Tensor& x, const NormWeight& w) const;
  void rms_norm(const Tensor& out, const Tensor& x, const NormWeight& w, int width) const;
  void attention(const Tensor& out, const Tensor& q, const Tensor& k, const Tensor& v,
                 const AttnSpec& s) const;
  void rope(const Tensor& x, const Tensor& table, const Tensor& positions, const RopeSpec& s) const;
  void store_rows(const Tensor& cache, const Tensor& x, const Tensor& positions) const;
  void embed(const Tensor& out, std::span<const Lookup> lookups) const;
  void linear_combination(const Tensor& out, std::span<const Tensor> terms,
                          const Tensor& coefficients) const;
  void quantize(const Tensor& out, const ConcatView& x, const QuantGrid& g,
                const QuantMix& m) const;

 private:
  void epilogue(const char* op, const std::string& name, const Tensor& out,
                const Epilogue& e) const;

  Accepts activation_, normalized_;
};

}  // namespace yent
