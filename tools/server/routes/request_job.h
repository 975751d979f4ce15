// A job that belongs to one request: it is cancelled when the connection closes.
#pragma once

#include <functional>
#include <memory>

#include "tools/server/server.h"

namespace yent::server {

// Submits the job and calls `over` when it is, unless the peer has gone by then. `hear`, if it is
// given, gets the job's events as they come.
void run_job(const std::shared_ptr<Call>& call, JobSpec spec, bool keeps_pictures,
             std::function<void(const Job&)> over,
             std::function<void(const Job&, const Event&)> hear = {});

// Why a job that is over has no result.
HttpError failure_of(const Job& job);

}  // namespace yent::server
