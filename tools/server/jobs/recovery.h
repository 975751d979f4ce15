// The jobs that a server before this one has accepted and not finished.
#pragma once

#include <vector>

#include "tools/server/server.h"

namespace yent::server {

// Puts them in line again. A job whose models are gone is over, with the reason.
void take_up_stored(Server& server, const std::vector<JobRecord>& records);

}  // namespace yent::server
