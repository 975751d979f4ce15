#include "tools/server/routes/table.h"

namespace yent::server {

std::vector<Route> page_routes() { return {}; }

}  // namespace yent::server
