#include "tools/server/routes/request_job.h"

#include "tools/server/routes/event_stream.h"

namespace yent::server {
namespace {

struct Running {
  std::shared_ptr<Call> call;
  std::shared_ptr<Job> job;
  std::function<void(const Job&)> over;
  std::function<void(const Job&, const Event&)> hear;
  std::shared_ptr<EventLog::Listener> listener;
};

}  // namespace

HttpError failure_of(const Job& job) {
  if (job.failure) return {job.failure->fault, job.failure->sentence};
  // Not a conflict nor an outage: clients ask again after those.
  return {Fault::cancelled, "the job was cancelled"};
}

void run_job(const std::shared_ptr<Call>& call, JobSpec spec, bool keeps_pictures,
             std::function<void(const Job&)> over,
             std::function<void(const Job&, const Event&)> hear) {
  Jobs& jobs = call->server.jobs;
  const bool previews = spec.painting.previews && hear;
  const auto running = std::make_shared<Running>();
  *running = {call, jobs.submit(std::move(spec), call->caller.id, keeps_pictures), std::move(over),
              std::move(hear), nullptr};
  call->server.log_words(*running->job);
  call->exchange->when_gone([running, &jobs] {
    running->listener.reset();
    jobs.cancel(running->job);
  });
  // The log's listener keeps all of this until the job is over.
  running->listener = jobs.listen(
      running->job, {},
      [running, &loop = call->server.loop](const Event& event) {
        if (running->hear) running->hear(*running->job, event);
        if (!ends_stream(event.name)) return;
        Server::guarded(running->call, [&] { running->over(*running->job); });
        loop.post([running] { running->listener.reset(); });
      },
      previews);
}

}  // namespace yent::server
