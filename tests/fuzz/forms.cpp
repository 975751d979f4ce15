// Forms that are sent to the server.
#include "tests/fuzz/parsers.h"
#include "tools/server/http/multipart.h"

namespace yent::fuzz {
namespace {

// The content type is the first line.
void form(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const size_t end = text.find('\n');
  const std::string_view body = end == text.npos ? "" : text.substr(end + 1);
  for (const server::FormPart& part : server::parse_form(body, text.substr(0, end))) {
    size_t sum = 0;
    for (const char c : part.content) sum += static_cast<unsigned char>(c);
    if (sum > 255 * body.size()) throw 0;  // contents are pieces of the body
  }
}

}  // namespace

std::vector<Parser> form_parsers() { return {{"form", form}}; }

}  // namespace yent::fuzz
