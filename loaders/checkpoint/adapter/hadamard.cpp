// LoHa: W += (w1_a w1_b) * (w2_a w2_b), element by element (Hadamard), with w_a of shape [out,
// rank] and w_b [rank, in * kernel]. In Tucker form cores t1, t2 [rank, rank, kernel...] take the
// kernel; then w_a is [rank, out] and w_b [rank, in]. Source: LyCORIS; PEFT computes the same.
#include <memory>

#include "kernels/error.h"
#include "loaders/checkpoint/adapter/factors.h"
#include "loaders/checkpoint/adapter/kinds.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

constexpr AdapterSuffix hadamard_suffixes[] = {
    {".hada_w1_a", "", "w1_a", true}, {".hada_w1_b", "", "w1_b", true},
    {".hada_w2_a", "", "w2_a", true}, {".hada_w2_b", "", "w2_b", true},
    {".hada_t1", "", "t1", true},     {".hada_t2", "", "t2", true},
};

int64_t inputs_and_kernel(std::span<const int64_t> dims) {
  int64_t count = 1;
  for (const int64_t dim : dims.subspan(1)) count *= dim;
  return count;
}

// The rank, from the first factor; the others must agree.
std::optional<int64_t> check_hadamard(const AdapterParts& parts, std::span<const int64_t> dims) {
  const HostTensor& first = parts.get("w1_b");
  if (first.dims.size() < 2 || first.dims[0] < 1) {
    throw file_error("{}: {} is {}, expected a matrix", parts.path(), printable(first.name),
                     dims_text(first.dims));
  }
  const int64_t rank = first.dims[0], out = dims[0];
  if (parts.find("t1") || parts.find("t2")) {
    std::vector<int64_t> core(dims.begin(), dims.end());
    core.at(0) = core.at(1) = rank;
    const int64_t in = dims[1];
    for (const char* role : {"t1", "t2"}) parts.get(role, core);
    for (const char* role : {"w1_a", "w2_a"}) parts.get(role, std::vector{rank, out});
    for (const char* role : {"w1_b", "w2_b"}) parts.get(role, std::vector{rank, in});
  } else {
    const int64_t in = inputs_and_kernel(dims);
    for (const char* role : {"w1_a", "w2_a"}) parts.get(role, std::vector{out, rank});
    for (const char* role : {"w1_b", "w2_b"}) parts.get(role, std::vector{rank, in});
  }
  return rank;
}

LowRankMatrix hadamard_half(const AdapterParts& parts, std::string_view a, std::string_view b,
                            std::string_view core) {
  FactorMatrix up = matrix_of(parts.get(a)), down = matrix_of(parts.get(b));
  if (const HostTensor* t = parts.find(core)) {
    return {transposed(up), through_core(*t, down)};
  }
  return {std::move(up), std::move(down)};
}

RowChange hadamard_rows(const AdapterParts& parts, int64_t, int64_t columns) {
  struct Halves {
    LowRankMatrix first, second;
  };
  const auto halves = std::make_shared<const Halves>(Halves{
      hadamard_half(parts, "w1_a", "w1_b", "t1"), hadamard_half(parts, "w2_a", "w2_b", "t2")});
  return [halves, other = std::vector<float>(static_cast<size_t>(columns))](
             int64_t row, const float*, float* change) mutable {
    halves->first.row(row, change);
    halves->second.row(row, other.data());
    for (size_t j = 0; j < other.size(); ++j) change[j] *= other[j];
  };
}

}  // namespace

const AdapterKind hadamard = {"LoHa",         false,        true, true, hadamard_suffixes,
                              check_hadamard, hadamard_rows};

}  // namespace yent
