#include "tools/server/routes/table.h"

#include <iterator>

namespace yent::server {

std::vector<Route> all_routes(const RequestLimits& limits) {
  std::vector<Route> all;
  const auto add = [&](std::vector<Route> family) {
    std::move(family.begin(), family.end(), std::back_inserter(all));
  };
  add(page_routes());
  add(login_routes());
  add(state_routes());
  add(job_routes(limits));
  add(picture_routes(limits));
  add(react_routes(limits));
  add(openai_routes(limits));
  add(a1111_routes(limits));
  return all;
}

}  // namespace yent::server
