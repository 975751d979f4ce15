// Bodies of multipart/form-data (RFC 7578): a form's fields and files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace yent::server {

// A part of a form. The content is a piece of the body, which must outlive it.
struct FormPart {
  std::string name;
  std::optional<std::string> file_name = {};  // of a file; never a path to use
  std::string type = {};                      // of the content: image/png
  std::string_view content = {};
};

// The parts in order. Throws a file error of one sentence for a content type without a boundary,
// for a body that is no such form or is cut short, and for more parts or longer heads than any form
// of ours has.
std::vector<FormPart> parse_form(std::string_view body, std::string_view content_type);

}  // namespace yent::server
