// How far the caller's request is, and its early end.
#include <algorithm>

#include "tools/server/routes/a1111/a1111_routes.h"
#include "tools/server/server.h"
#include "tools/server/workers/now.h"

namespace yent::server {
namespace {

// The caller's requests that are not over, those at work first. Jobs that go on by themselves are
// told at /jobs.
std::vector<Jobs::Pointer> requests_of(const Server& server, const Caller& caller) {
  std::vector<Jobs::Pointer> own;
  for (const auto& entry : server.jobs.all()) {
    const Jobs::Pointer& job = entry.second;
    if (job->client == caller.id && !job->stored && !is_over(job->state)) own.push_back(job);
  }
  std::ranges::sort(own, [](const Jobs::Pointer& a, const Jobs::Pointer& b) {
    const bool a_waits = a->state == JobState::queued, b_waits = b->state == JobState::queued;
    return a_waits != b_waits ? b_waits : a->created < b->created;
  });
  return own;
}

// The latest small picture of what is forming.
Json current_image(const Job& job) {
  for (const Event& event : job.log.after({})) {
    if (event.name == "step") return parse_json(*event.data, "the event")["preview"];
  }
  return {};
}

Json state_of(const Job* job, size_t count) {
  Json state = Json::object();
  state["skipped"] = job && job->skips;
  state["interrupted"] = false;
  state["stopping_generation"] = false;
  state["job"] = job ? Json(job->id) : Json("");
  state["job_count"] = count;
  state["job_timestamp"] = job ? Json(static_cast<int64_t>(job->created)) : Json("0");
  state["job_no"] = job ? job->pictures.size() : 0;
  state["sampling_step"] = job ? job->step : 0;
  state["sampling_steps"] = job ? job->steps : 0;
  return state;
}

void progress(const std::shared_ptr<Call>& call) {
  const auto requests = requests_of(call->server, call->caller);
  const Job* job = requests.empty() ? nullptr : &*requests[0];
  double done = 0;
  Json json = Json::object(), image;
  if (job) {
    const double steps = std::max(1, job->steps), count = job->spec.painting.count;
    const auto pictures = static_cast<double>(job->pictures.size());
    done = std::min(1.0, (pictures + job->step / steps) / count);
    if (!call->query.flag("skip_current_image")) {
      job->signals->watched = true;  // from now on there are previews
      image = current_image(*job);
    }
  }
  json["progress"] = done;
  json["eta_relative"] = job ? call->server.jobs.eta(*job).value_or(0) : 0.0;
  json["state"] = state_of(job, requests.size());
  json["current_image"] = std::move(image);
  json["textinfo"] = nullptr;
  json["current_task"] = job ? Json(job->id) : Json();
  call->answer(200, json);
}

void interrupt(const std::shared_ptr<Call>& call) {
  const auto requests = requests_of(call->server, call->caller);
  if (!requests.empty()) call->server.jobs.cancel(requests[0]);
  call->answer(200, Json::object());
}

void skip(const std::shared_ptr<Call>& call) {
  const auto requests = requests_of(call->server, call->caller);
  if (!requests.empty()) call->server.jobs.skip(requests[0]);
  call->answer(200, Json::object());
}

}  // namespace

std::vector<Route> a1111_progress_routes() {
  Route tell = a1111_route("GET", "progress", "how far the caller's request is", progress);
  tell.query = {flag_field("skip_current_image", "without a small picture (false)")};
  return {tell,
          a1111_route("POST", "interrupt", "ends the request with what is finished", interrupt),
          a1111_route("POST", "skip", "leaves out the picture that is being painted", skip)};
}

}  // namespace yent::server
