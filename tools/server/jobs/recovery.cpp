#include "tools/server/jobs/recovery.h"

#include "tools/server/routes/job_fields.h"
#include "tools/server/workers/now.h"

namespace yent::server {
namespace {

std::shared_ptr<const std::string> shared_or_null(const std::string& bytes) {
  return bytes.empty() ? nullptr : std::make_shared<const std::string>(bytes);
}

std::shared_ptr<Job> job_of(const JobRecord& record) {
  const auto job = std::make_shared<Job>();
  job->id = record.id;
  job->client = record.client;
  job->created = record.created;
  job->stored = true;
  job->log = EventLog(this_start());
  job->pictures = record.pictures;
  job->files.resize(record.pictures.size());
  // Not their number: a visitor may have deleted one.
  if (!record.pictures.empty()) job->pictures_before = record.pictures.back().index + 1;
  return job;
}

}  // namespace

void take_up_stored(Server& server, const std::vector<JobRecord>& records) {
  for (const JobRecord& record : records) {
    const auto job = job_of(record);
    try {
      const Fields fields(parse_json(record.request, "the store"));
      job->spec = job_spec(fields, server.shelf, server.config.limits);
      job->spec.seed = record.seed;
      job->spec.painting.picture = shared_or_null(record.picture);
      job->spec.painting.mask = shared_or_null(record.mask);
      if (!record.answer.empty()) {
        job->answer = answer_from(parse_json(record.answer, "the store"));
      }
    } catch (const std::exception& error) {
      job->failure = Failure{Fault::conflict, error.what()};
    }
    server.jobs.take_up(job);
  }
}

}  // namespace yent::server
