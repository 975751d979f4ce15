#include "engine/training/data/mirror.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace yent::training {
namespace {

// Each character beside its mirror image. All others are their own.
constexpr std::u32string_view pairs =
    U"/\\()[]{}<>`'bdpq«»"
    U"╱╲▌▐▖▗▘▝▙▟▛▜▚▞"
    U"┌┐┍┑┎┒┏┓└┘┕┙┖┚┗┛├┤┝┥┞┦┟┧┠┨┡┩┢┪┣┫┭┮┱┲┵┶┹┺┽┾╃╄╅╆╉╊"
    U"╒╕╓╖╔╗╘╛╙╜╚╝╞╡╟╢╠╣╭╮╰╯╴╶╸╺╼╾";
// Blocks that are filled from the left, to eighths; only the half has a mirror image.
constexpr std::u32string_view one_sided = U"▉▊▋▍▎▏▕";

const std::map<char32_t, char32_t>& mirror_images() {
  static const std::map<char32_t, char32_t> images = [] {
    std::map<char32_t, char32_t> both;
    for (size_t i = 0; i < pairs.size(); i += 2) {
      both[pairs[i]] = pairs[i + 1];
      both[pairs[i + 1]] = pairs[i];
    }
    return both;
  }();
  return images;
}

bool has_word(std::u32string_view row) {
  int letters = 0;
  for (const char32_t c : row) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= U'À';
    letters = letter && c < 0x2500 ? letters + 1 : 0;
    if (letters == 4) return true;
  }
  return false;
}

}  // namespace

bool mirror(art::Drawing& drawing) {
  for (const std::u32string& row : drawing.rows) {
    if (has_word(row) || row.find_first_of(one_sided) != row.npos) return false;
  }
  const auto& images = mirror_images();
  for (std::u32string& row : drawing.rows) {
    std::reverse(row.begin(), row.end());
    for (char32_t& c : row) {
      const auto found = images.find(c);
      if (found != images.end()) c = found->second;
    }
  }
  return true;
}

}  // namespace yent::training
