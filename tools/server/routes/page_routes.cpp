// The page itself.
#include "tools/server/page/page.h"
#include "tools/server/routes/table.h"
#include "tools/server/server.h"

namespace yent::server {
namespace {

void get_page(const std::shared_ptr<Call>& call) {
  const Access& access = call->server.access;
  static const auto page = std::make_shared<const std::string>(page_html);
  Response response{.type = "text/html; charset=utf-8",
                    .headers = {{"Content-Security-Policy", std::string(page_csp)},
                                {"Cache-Control", "no-cache"}},
                    .body = page};
  // A visitor is known by his cookie; where a key is needed, he gets it for that.
  if (!access.needs_key() && !access.has_cookie(call->request())) {
    response.headers.emplace_back("Set-Cookie", access.new_cookie(""));
  }
  call->answer(std::move(response));
}

}  // namespace

std::vector<Route> page_routes() {
  return {{.method = "GET",
           .path = "/",
           .summary = "the page",
           .handle = get_page,
           .guard = Guard::open,
           .answer_type = "text/html"}};
}

}  // namespace yent::server
