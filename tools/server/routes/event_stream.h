// The events of a job on their way to one reader, as server-sent events.
#pragma once

#include <memory>

#include "tools/server/server.h"

namespace yent::server {

// Sends what the job's log has behind the reader's place, then what comes, until the job is over.
// A comment every 15 seconds keeps the connection open, and shows that it is.
void stream_events(const std::shared_ptr<Call>& call, const std::shared_ptr<Job>& job);

// The place that the reader names: Last-Event-ID, or `after` of the query.
EventPlace place_of(const Call& call);

// The head of such a stream.
Response event_stream_head();

bool ends_stream(const std::string& event);
// A job may be over before that can be told: the store has to know it first.
bool has_heard_end(const EventLog& log, const EventPlace& place);

}  // namespace yent::server
