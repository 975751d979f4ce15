// Jobs: accepted, listed, told, deleted; and their events.
#include "tools/server/routes/event_stream.h"
#include "tools/server/routes/job_fields.h"
#include "tools/server/routes/table.h"
#include "tools/server/server.h"

namespace yent::server {
namespace {

Json accepted_json(const Server& server, const Job& job) {
  const Json all = server.jobs.json(job);
  Json json = Json::object();
  for (const char* key : {"id", "kind", "state", "place", "eta_s", "seed"}) json[key] = all[key];
  return json;
}

void submit(const std::shared_ptr<Call>& call, JobSpec spec) {
  Server& server = call->server;
  server.jobs.submit_stored(
      std::move(spec), call->caller.id,
      [call, &server](const Jobs::Pointer& job, const std::optional<Error>& error) {
        if (error) return call->fail(store_error(*error));
        server.log_words(*job);
        Response response = Response::json(202, accepted_json(server, *job).dump());
        response.headers.emplace_back("Location", "/jobs/" + job->id);
        call->answer(std::move(response));
      });
}

void post_job(const std::shared_ptr<Call>& call) {
  Server& server = call->server;
  if (!call->body.has("init_image")) {
    return submit(call, job_spec(call->body, server.shelf, server.config.limits));
  }
  const auto spec = std::make_shared<JobSpec>();
  server.aside(
      call,
      [call, spec, &server] { *spec = job_spec(call->body, server.shelf, server.config.limits); },
      [call, spec] { submit(call, std::move(*spec)); });
}

// A job that is on disk: as it is now, if it is not over.
Json told(const Server& server, const JobRecord& record) {
  if (const auto job = server.jobs.find(record.id, record.client)) return server.jobs.json(*job);
  if (record.document.empty()) return {};
  return parse_json(record.document, "the store");
}

void list_jobs(const std::shared_ptr<Call>& call) {
  const int limit = static_cast<int>(call->query.integer("limit", 50));
  call->server.store.ask([client = call->caller.id, before = call->query.text("before"),
                          limit](DiskStore& disk) { return disk.jobs(client, before, limit); },
                         [call](Outcome<std::vector<JobRecord>> outcome) {
                           Server::guarded(call, [&] {
                             Json list = Json::array(), json = Json::object();
                             for (const JobRecord& record : value_of(std::move(outcome))) {
                               Json job = told(call->server, record);
                               if (!job.is_null()) list.push_back(std::move(job));
                             }
                             json["jobs"] = std::move(list);
                             call->answer(200, json);
                           });
                         });
}

// Calls with the job's record; fails where there is none.
void with_record(const std::shared_ptr<Call>& call, std::function<void(const JobRecord&)> with) {
  call->server.store.ask([id = call->values[0], client = call->caller.id](
                             DiskStore& disk) { return disk.job(id, client); },
                         [call, with = std::move(with)](Outcome<std::optional<JobRecord>> outcome) {
                           Server::guarded(call, [&] {
                             const auto record = value_of(std::move(outcome));
                             if (!record) throw HttpError(Fault::not_found, "there is no such job");
                             with(*record);
                           });
                         });
}

void get_job(const std::shared_ptr<Call>& call) {
  const auto job = call->server.jobs.find(call->values[0], call->caller.id);
  if (job) return call->answer(200, call->server.jobs.json(*job));
  with_record(call,
              [call](const JobRecord& record) { call->answer(200, told(call->server, record)); });
}

// Unlike DELETE it leaves a job alone that was over a moment before.
void stop_job(const std::shared_ptr<Call>& call) {
  Jobs& jobs = call->server.jobs;
  const auto job = jobs.find(call->values[0], call->caller.id);
  if (!job) return get_job(call);
  jobs.cancel(job);
  call->answer(200, jobs.json(*job));
}

void delete_job(const std::shared_ptr<Call>& call) {
  Server& server = call->server;
  const auto job = server.jobs.find(call->values[0], call->caller.id);
  if (job && !is_over(job->state)) {
    server.jobs.cancel(job);
    return call->answer(Response::empty(204));
  }
  with_record(call, [call, &server](const JobRecord& record) {
    server.store.ask(
        [id = record.id, client = record.client](DiskStore& disk) { disk.forget_job(id, client); },
        [call](Outcome<Done> outcome) {
          Server::guarded(call, [&] {
            value_of(std::move(outcome));
            call->server.jobs.forget(call->values[0]);
            call->answer(Response::empty(204));
          });
        });
  });
}

// Of a job that was over before this server started, or long ago: its end.
void send_end(const std::shared_ptr<Call>& call, const JobRecord& record) {
  const Json job = told(call->server, record);
  const std::string* state = job["state"].text();
  Json data = job;
  if (state && *state == "failed") data = job["error"];
  call->exchange->begin_stream(event_stream_head());
  call->exchange->write(event_lines({.number = 1,
                                     .name = state ? *state : "done",
                                     .data = std::make_shared<const std::string>(data.dump())},
                                    0));
  call->exchange->end();
}

void get_events(const std::shared_ptr<Call>& call) {
  const auto job = call->server.jobs.find(call->values[0], call->caller.id);
  if (job) return stream_events(call, job);
  with_record(call, [call](const JobRecord& record) { send_end(call, record); });
}

}  // namespace

std::vector<Route> job_routes(const RequestLimits& limits) {
  const Field limit = integer_field("limit", "at most (50)").between(1, 200);
  const Field before = text_field("before", "an id: those that are older").up_to(100);
  Route post{.method = "POST",
             .path = "/jobs",
             .summary = "a job that goes on by itself",
             .handle = post_job,
             .body = job_fields(limits),
             .body_limit = limits.body_bytes,
             .success = 202};
  post.answer = {text_field("id", ""), text_field("kind", ""), text_field("state", "")};
  Route list{.method = "GET",
             .path = "/jobs",
             .summary = "the caller's jobs, newest first",
             .handle = list_jobs,
             .query = {limit, before}};
  Route get{.method = "GET", .path = "/jobs/{id}", .summary = "a job", .handle = get_job};
  Route stop{.method = "POST",
             .path = "/jobs/{id}/stop",
             .summary = "cancels a job that is not over; tells it",
             .handle = stop_job};
  Route remove{.method = "DELETE",
               .path = "/jobs/{id}",
               .summary = "cancels a job that is not over; forgets one that is, and its pictures",
               .handle = delete_job,
               .success = 204};
  Route events{.method = "GET",
               .path = "/events/{id}",
               .summary = "what happens to a job",
               .handle = get_events,
               .answer_type = "text/event-stream"};
  events.query = {text_field("after", "the id of the last event that was heard").up_to(100),
                  flag_field("previews", "steps come with pictures (true)")};
  return {post, list, get, stop, remove, events};
}

}  // namespace yent::server
