#include "tools/server/http/multipart.h"

#include <algorithm>

#include "kernels/error.h"
#include "kernels/spelling.h"
#include "tools/server/http/message.h"

namespace yent::server {
namespace {

constexpr size_t kMostParts = 100, kLongestHead = 4096, kLongestBoundary = 70;
constexpr std::string_view kLineEnd = "\r\n";

// Takes what is before `end` from the text, and `end` itself. Nothing where it does not come.
std::optional<std::string_view> take_until(std::string_view& text, std::string_view end) {
  const size_t at = text.find(end);
  if (at == text.npos) return std::nullopt;
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at + end.size());
  return taken;
}

// A value up to the next semicolon: a token, or a text in quotes, in which a backslash stands
// before a quote or another backslash.
std::optional<std::string> take_value(std::string_view& text) {
  if (!text.starts_with('"')) {
    const size_t end = std::min(text.find(';'), text.size());
    std::string value(trimmed(text.substr(0, end)));
    text.remove_prefix(end);
    return value;
  }
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    const bool escapes =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
    if (escapes) ++i;
    value += text[i];
  }
  return std::nullopt;  // no quote at the end
}

struct Header {
  std::string value;  // form-data
  Pairs parameters = {};

  std::optional<std::string> parameter(std::string_view name) const {
    for (const auto& [key, text] : parameters) {
      if (key == name) return text;
    }
    return std::nullopt;
  }
};

// `form-data; name="a"; filename="b"`. Nothing where it is not written so.
std::optional<Header> parse_header(std::string_view text) {
  const size_t end = std::min(text.find(';'), text.size());
  Header header{lower_case(trimmed(text.substr(0, end)))};
  text.remove_prefix(end);
  while (!text.empty()) {
    text.remove_prefix(1);  // the semicolon
    text = trimmed(text);
    if (text.empty()) break;
    const size_t equals = text.find('=');
    if (equals == text.npos) return std::nullopt;
    const std::string key = lower_case(trimmed(text.substr(0, equals)));
    text = trimmed(text.substr(equals + 1));
    auto value = take_value(text);
    text = trimmed(text);
    if (!value || (!text.empty() && text[0] != ';')) return std::nullopt;
    header.parameters.emplace_back(key, std::move(*value));
  }
  return header;
}

std::string boundary_of(std::string_view content_type) {
  const auto header = parse_header(content_type);
  const auto boundary = header ? header->parameter("boundary") : std::nullopt;
  if (!boundary || boundary->empty() || boundary->size() > kLongestBoundary) {
    throw file_error("the content type names no boundary of 1 to {} characters", kLongestBoundary);
  }
  return *boundary;
}

void read_line(std::string_view line, FormPart& part) {
  const size_t colon = line.find(':');
  if (colon == line.npos) throw file_error("a header of the form's part has no colon");
  const std::string key = lower_case(trimmed(line.substr(0, colon)));
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (key == "content-type") part.type = lower_case(value);
  if (key == "content-transfer-encoding") {
    const std::string encoding = lower_case(value);
    if (encoding != "binary" && encoding != "8bit" && encoding != "7bit") {
      throw file_error("a part of the form is encoded, expected it as it is");
    }
  }
  if (key != "content-disposition") return;
  const auto header = parse_header(value);
  const auto name = header ? header->parameter("name") : std::nullopt;
  if (!name || header->value != "form-data") throw file_error("a part of the form has no name");
  part.name = *name;
  part.file_name = header->parameter("filename");
}

FormPart parse_part(std::string_view text) {
  FormPart part;
  size_t head = 0;
  while (true) {
    const size_t before = text.size();
    const auto line = take_until(text, kLineEnd);
    head += before - text.size();
    if (!line || head > kLongestHead) throw file_error("a part of the form has no end of its head");
    if (line->empty()) break;
    read_line(*line, part);
  }
  if (part.name.empty()) throw file_error("a part of the form has no name");
  part.content = text;
  return part;
}

}  // namespace

std::vector<FormPart> parse_form(std::string_view body, std::string_view content_type) {
  // The first boundary has no line before it that it would have to end.
  const std::string mark = "--" + boundary_of(content_type), between = "\r\n" + mark;
  std::vector<FormPart> parts;
  if (!body.starts_with(mark) && !take_until(body, between)) {
    throw file_error("the form does not begin with its boundary");
  }
  if (body.starts_with(mark)) body.remove_prefix(mark.size());
  while (!body.starts_with("--")) {
    // Spaces may follow a boundary.
    const auto rest = take_until(body, kLineEnd);
    if (!rest || !trimmed(*rest).empty()) throw file_error("a boundary of the form has no end");
    const auto part = take_until(body, between);
    if (!part) throw file_error("the form is cut short");
    if (parts.size() == kMostParts) throw file_error("the form has more than {} parts", kMostParts);
    parts.push_back(parse_part(*part));
  }
  return parts;
}

}  // namespace yent::server
