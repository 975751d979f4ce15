#include "engine/ascii/protocols/kitty.h"

#include <fmt/format.h>

#include <string_view>

#include "loaders/io/base64.h"

namespace yent {
namespace {

std::string command(std::string_view keys, std::string_view payload = {}) {
  return fmt::format("\x1b_G{};{}\x1b\\", keys, payload);
}

// The pixels in commands of at most 4096 bytes of base64. A terminal takes the keys of an edit from
// its last command, so all of them have all.
std::string chunks(const std::string& keys, const Image& image) {
  constexpr size_t most = 4096;
  const std::string text = to_base64(image.rgb);
  const std::string all = fmt::format("{},f=24,s={},v={},q=2", keys, image.width, image.height);
  std::string out;
  for (size_t at = 0; at < text.size(); at += most) {
    const bool more = at + most < text.size();
    out += command(fmt::format("{},m={:d}", all, more), std::string_view(text).substr(at, most));
  }
  return out;
}

constexpr std::string_view kOnePixel = "AAAA";

}  // namespace

std::string kitty_show(const Image& image, const KittyPlace& place) {
  return chunks(fmt::format("a=T,i={},p=1,C=1,c={},r={}", place.id, place.columns, place.rows),
                image);
}

std::string kitty_edit(const Image& image, uint32_t id) {
  return chunks(fmt::format("a=f,i={},r=1", id), image);
}

std::string kitty_remove(uint32_t id) { return command(fmt::format("a=d,d=I,i={},q=2", id)); }

std::string kitty_probe(uint32_t id) {
  return command(fmt::format("a=q,i={},p=1,C=1,c=1,r=1,f=24,s=1,v=1,m=0", id), kOnePixel);
}

std::string kitty_animation_probe(uint32_t id) {
  return command(fmt::format("a=f,i={},r=1,f=24,s=1,v=1,m=0", id), kOnePixel);
}

}  // namespace yent
