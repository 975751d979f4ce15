// LoKr: W += w1 (x) w2, the Kronecker product of w1 [a, b] and w2 [c, d, kernel...] with a * c =
// out and b * d = in. Each factor is whole or a product: w1_a w1_b, w2_a w2_b, and w2 also in
// Tucker form, with a core t2 [rank, rank, kernel...], w2_a [rank, c] and w2_b [rank, d]. Two whole
// factors have no rank. Source: LyCORIS; PEFT computes the same.
#include <memory>

#include "kernels/error.h"
#include "loaders/checkpoint/adapter/factors.h"
#include "loaders/checkpoint/adapter/kinds.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

constexpr AdapterSuffix kronecker_suffixes[] = {
    {".lokr_w1", "", "w1", true},     {".lokr_w1_a", "", "w1_a", true},
    {".lokr_w1_b", "", "w1_b", true}, {".lokr_w2", "", "w2", true},
    {".lokr_w2_a", "", "w2_a", true}, {".lokr_w2_b", "", "w2_b", true},
    {".lokr_t2", "", "t2", true},
};

// A factor's shape as a matrix, and the rank of its two parts.
struct KroneckerFactor {
  int64_t rows, columns;
  std::optional<int64_t> rank;
};

const HostTensor& nonempty(const AdapterParts& parts, std::string_view role, size_t least_dims) {
  const HostTensor& t = parts.get(role);
  if (t.dims.size() < least_dims || t.count() < 1) {
    throw file_error("{}: {} is {}, expected {} dims or more", parts.path(), printable(t.name),
                     dims_text(t.dims), least_dims);
  }
  return t;
}

KroneckerFactor factor_shape(const AdapterParts& parts, const std::string& name) {
  const std::string a_role = name + "_a", b_role = name + "_b";
  const bool parted = parts.find(a_role) || parts.find(b_role);
  if (!parted) {
    const HostTensor& whole = nonempty(parts, name, 2);
    return {whole.dims[0], whole.count() / whole.dims[0], {}};
  }
  if (const HostTensor* whole = parts.find(name)) {
    throw file_error("{}: {} is there whole and in two parts", parts.path(),
                     printable(whole->name));
  }
  const HostTensor &a = nonempty(parts, a_role, 2), &b = nonempty(parts, b_role, 2);
  const int64_t rank = b.dims[0], columns = b.count() / rank;
  if (name == "w2" && parts.find("t2")) {
    const HostTensor& core = nonempty(parts, "t2", 3);
    parts.get(a_role, std::vector{rank, a.dims[1]});
    if (core.dims[0] != rank || core.dims[1] != rank || squeezed(b.dims).size() != 2) {
      throw file_error("{}: {} is {} and {} {}, expected the same rank", parts.path(),
                       printable(core.name), dims_text(core.dims), printable(b.name),
                       dims_text(b.dims));
    }
    return {a.dims[1], columns * (core.count() / (rank * rank)), rank};
  }
  parts.get(a_role, std::vector{a.dims[0], rank});
  return {a.dims[0], columns, rank};
}

std::optional<int64_t> check_kronecker(const AdapterParts& parts, std::span<const int64_t> dims) {
  const KroneckerFactor first = factor_shape(parts, "w1"), second = factor_shape(parts, "w2");
  int64_t columns = 1;
  for (const int64_t dim : dims.subspan(1)) columns *= dim;
  // No product here can wrap where it is equal.
  const bool fits = dims[0] % first.rows == 0 && dims[0] / first.rows == second.rows &&
                    columns % first.columns == 0 && columns / first.columns == second.columns &&
                    dims[1] % first.columns == 0;
  if (!fits) {
    throw file_error("{}: {} is one of the factors {}x{} and {}x{}, expected a product of {}x{}",
                     parts.path(), printable(parts.any_key()), first.rows, first.columns,
                     second.rows, second.columns, dims[0], columns);
  }
  const HostTensor* core = parts.find("t2");
  if (core && !second.rank) {
    throw file_error("{}: {} has no w2_a counterpart", parts.path(), printable(core->name));
  }
  if (first.rank && second.rank && *first.rank != *second.rank) {
    throw file_error("{}: the factors beside {} have ranks {} and {}, expected the same",
                     parts.path(), printable(parts.any_key()), *first.rank, *second.rank);
  }
  return second.rank ? second.rank : first.rank;
}

FactorMatrix dense_factor(const AdapterParts& parts, const std::string& name) {
  if (const HostTensor* whole = parts.find(name)) return matrix_of(*whole);
  FactorMatrix a = matrix_of(parts.get(name + "_a")), b = matrix_of(parts.get(name + "_b"));
  const HostTensor* core = name == "w2" ? parts.find("t2") : nullptr;
  if (core) return LowRankMatrix{transposed(a), through_core(*core, b)}.dense();
  return LowRankMatrix{std::move(a), std::move(b)}.dense();
}

RowChange kronecker_rows(const AdapterParts& parts, int64_t, int64_t) {
  struct Factors {
    FactorMatrix first, second;
  };
  const auto factors = std::make_shared<const Factors>(
      Factors{dense_factor(parts, "w1"), dense_factor(parts, "w2")});
  return [factors](int64_t row, const float*, float* change) {
    const FactorMatrix& second = factors->second;
    const float* outer = factors->first.row(row / second.rows);
    const float* inner = second.row(row % second.rows);
    for (int64_t b = 0; b < factors->first.columns; ++b) {
      for (int64_t j = 0; j < second.columns; ++j) *change++ = outer[b] * inner[j];
    }
  };
}

}  // namespace

const AdapterKind kronecker = {"LoKr",          false,         true, true, kronecker_suffixes,
                               check_kronecker, kronecker_rows};

}  // namespace yent
