// Work that another thread does for the network thread.
#pragma once

#include <functional>
#include <utility>

#include "tools/server/http/loop.h"
#include "tools/server/workers/work_thread.h"

namespace yent::server {

// Calls `work` on the thread and then `then` on the network thread. Whatever the two hold comes
// back before anybody can see that the work is done, so that it is let go on the network thread:
// with a request that waits for its answer goes its connection, with a job everybody who hears it.
// `work` must not throw.
inline void there_and_back(WorkThread& thread, Loop& loop, std::function<void()> work,
                           std::function<void()> then) {
  thread.post([&loop, work = std::move(work), then = std::move(then)]() mutable {
    work();
    loop.post([work = std::move(work), then = std::move(then)] { then(); });
  });
}

}  // namespace yent::server
