// Tensors of the weight's or the bias's own shape: differences, which are added (LyCORIS writes
// them for norms too), and replacements, which are what PEFT saves for its options bias and
// modules_to_save. At strength s a replacement W' of W gives W + s (W' - W).
#include "loaders/checkpoint/adapter/kinds.h"

namespace yent {
namespace {

constexpr AdapterSuffix difference_suffixes[] = {
    {"", ".diff", "difference"},
    {"", ".w_norm", "difference"},
};

constexpr AdapterSuffix bias_difference_suffixes[] = {
    {"", ".diff_b", "bias_difference"},
    {"", ".b_norm", "bias_difference"},
};

constexpr AdapterSuffix replacement_suffixes[] = {
    {"", ".weight", "weight"},
    {".base_layer", ".weight", "weight"},
    {".modules_to_save", ".weight", "weight", true},
};

constexpr AdapterSuffix bias_replacement_suffixes[] = {
    {"", ".bias", "bias"},
    {".base_layer", ".bias", "bias"},
    {".modules_to_save", ".bias", "bias", true},
};

enum class Whole { difference, bias_difference, weight, bias };

// The role of the parts is the same for all suffixes of a kind.
constexpr std::string_view role_of(Whole what) {
  switch (what) {
    case Whole::difference:
      return difference_suffixes[0].role;
    case Whole::bias_difference:
      return bias_difference_suffixes[0].role;
    case Whole::weight:
      return replacement_suffixes[0].role;
    case Whole::bias:
      break;
  }
  return bias_replacement_suffixes[0].role;
}

template <Whole what>
std::optional<int64_t> check_whole(const AdapterParts& parts, std::span<const int64_t> dims) {
  parts.get(role_of(what), dims);
  return {};
}

template <Whole what>
RowChange whole_rows(const AdapterParts& parts, int64_t, int64_t columns) {
  constexpr bool replaces = what == Whole::weight || what == Whole::bias;
  return [values = floats_of(parts.get(role_of(what))), columns](int64_t row, const float* base,
                                                                 float* change) {
    const float* from = values.data() + row * columns;
    for (int64_t j = 0; j < columns; ++j) change[j] = replaces ? from[j] - base[j] : from[j];
  };
}

template <Whole what>
constexpr AdapterKind whole_kind(const char* name, std::span<const AdapterSuffix> suffixes) {
  constexpr bool of_bias = what == Whole::bias_difference || what == Whole::bias;
  return {name, of_bias, false, false, suffixes, check_whole<what>, whole_rows<what>};
}

}  // namespace

const AdapterKind difference =
    whole_kind<Whole::difference>("a full difference", difference_suffixes);
const AdapterKind bias_difference =
    whole_kind<Whole::bias_difference>("a difference of the bias", bias_difference_suffixes);
const AdapterKind replacement = whole_kind<Whole::weight>("a trained weight", replacement_suffixes);
const AdapterKind bias_replacement =
    whole_kind<Whole::bias>("a trained bias", bias_replacement_suffixes);

}  // namespace yent
