#include "engine/text/prompt/tags.h"

#include <charconv>
#include <cmath>

#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

double scale_of(const std::string& tag, std::string text) {
  text.erase(0, text.find_first_not_of(" \t\n"));
  text.erase(text.find_last_not_of(" \t\n") + 1);
  const char* first = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* last = text.data() + text.size();
  double scale = 0;
  const auto [end, error] = std::from_chars(first, last, scale);
  if (error != std::errc() || end != last || first == last ||
      !std::isfinite(static_cast<float>(scale))) {
    throw usage_error("{}: the scale is '{}', expected a number", tag, printable(text));
  }
  return scale;
}

// name, scale of the text encoder (1), scale of the UNet (the same).
LoraTag lora_of(const std::string& tag, const std::string& arguments) {
  const std::vector<std::string> parts = split(arguments);
  if (parts[0].empty()) throw usage_error("{}: the name is empty", tag);
  if (parts.size() > 3 || arguments.find('=') != std::string::npos) {
    throw usage_error("{}: more is not built than a name and a scale", tag);
  }
  LoraTag lora{parts[0]};
  if (parts.size() > 1) lora.scale = scale_of(tag, parts[1]);
  if (parts.size() > 2 && scale_of(tag, parts[2]) != lora.scale) {
    throw usage_error("{}: the scales differ, expected one for text encoder and UNet", tag);
  }
  return lora;
}

}  // namespace

TaggedText take_tags(std::u32string_view text) {
  TaggedText out;
  for (size_t i = 0; i < text.size();) {
    size_t colon = i + 1;
    while (text[i] == '<' && colon < text.size() && is_word(text[colon])) ++colon;
    const bool begins = colon > i + 1 && colon < text.size() && text[colon] == ':';
    const size_t end = begins ? text.find(U'>', colon) : text.npos;
    if (begins && end == text.npos) {  // no tag ends any more
      out.text += text.substr(i);
      break;
    }
    if (!begins || end == colon + 1) {
      out.text += text[i++];
      continue;
    }
    const std::string tag = printable(encode_utf8(text.substr(i, end + 1 - i)));
    const std::string kind = encode_utf8(text.substr(i + 1, colon - i - 1));
    if (kind != "lora" && kind != "lyco") {
      throw usage_error("{}: tags of the kind {} are not built, expected lora", tag,
                        printable(kind));
    }
    out.loras.push_back(lora_of(tag, encode_utf8(text.substr(colon + 1, end - colon - 1))));
    i = end + 1;
  }
  return out;
}

}  // namespace yent
