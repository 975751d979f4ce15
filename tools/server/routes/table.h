// All routes of the server.
#pragma once

#include <vector>

#include "tools/server/limits.h"
#include "tools/server/routes/route.h"

namespace yent::server {

std::vector<Route> all_routes(const RequestLimits& limits);

// A family each.
std::vector<Route> page_routes();
std::vector<Route> login_routes();
std::vector<Route> state_routes();  // health, metrics, options, description
std::vector<Route> job_routes(const RequestLimits& limits);
std::vector<Route> picture_routes(const RequestLimits& limits);
std::vector<Route> react_routes(const RequestLimits& limits);
std::vector<Route> openai_routes(const RequestLimits& limits);
std::vector<Route> a1111_routes(const RequestLimits& limits);

}  // namespace yent::server
