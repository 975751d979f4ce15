#include "loaders/checkpoint/adapter/kinds.h"

namespace yent {
namespace {

constexpr const AdapterKind* kinds[] = {
    &low_rank,   &low_rank_table,  &low_rank_bias, &hadamard,         &kronecker,
    &difference, &bias_difference, &replacement,   &bias_replacement,
};

constexpr AdapterSuffix shared_suffixes[] = {
    {"", ".alpha", "alpha"},
    {"_lora", ".alpha", "alpha"},
    {".lora", ".alpha", "alpha"},
    {".lora_magnitude_vector", "", "magnitude", true},
    {".lora_magnitude_vector", ".weight", "magnitude", true},
    {"", ".dora_scale", "dora_scale"},
    // The untrained copies beside PEFT's modules_to_save: nobody computes with them.
    {".original_module", ".weight", "original weight"},
    {".original_module", ".bias", "original bias"},
};

// The module and the adapter's name of a key with this suffix.
std::optional<AdapterKey> parse_with(const AdapterSuffix& suffix, std::string_view key) {
  if (!key.ends_with(suffix.tail)) return {};
  key.remove_suffix(suffix.tail.size());
  std::string_view name;
  if (!key.ends_with(suffix.head) && suffix.named) {
    const size_t dot = key.rfind('.');
    if (dot == std::string_view::npos) return {};
    name = key.substr(dot + 1);
    key = key.substr(0, dot);
  }
  if (!key.ends_with(suffix.head)) return {};
  key.remove_suffix(suffix.head.size());
  if (key.empty()) return {};
  return AdapterKey{key, suffix.role, nullptr, name};
}

}  // namespace

std::span<const AdapterKind* const> adapter_kinds() { return kinds; }

// The longest suffix wins: ".lora_A.weight" ends in ".weight" too.
std::optional<AdapterKey> parse_adapter_key(std::string_view key) {
  std::optional<AdapterKey> best;
  size_t longest = 0;
  const auto look = [&](const AdapterKind* kind, std::span<const AdapterSuffix> suffixes) {
    for (const AdapterSuffix& suffix : suffixes) {
      const size_t length = suffix.head.size() + suffix.tail.size();
      if (length <= longest) continue;
      if (auto found = parse_with(suffix, key)) {
        best = found;
        best->kind = kind;
        longest = length;
      }
    }
  };
  look(nullptr, shared_suffixes);
  for (const AdapterKind* kind : kinds) look(kind, kind->suffixes);
  return best;
}

}  // namespace yent
