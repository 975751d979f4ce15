#include "tools/server/jobs/jobs.h"

#include <sys/random.h>

#include <algorithm>
#include <cmath>

#include "tools/server/access/secrets.h"
#include "tools/server/workers/now.h"

namespace yent::server {

uint64_t random_seed() {
  // 32 bits: readers of JSON that know only doubles keep them, and people can type them.
  uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = 1;
  return seed & ((uint64_t{1} << 32) - 1);
}

std::string Jobs::new_id() const { return node_.empty() ? random_id() : node_ + "-" + random_id(); }

namespace {

// Of a job in the store, as far as its sender decides them.
size_t stored_bytes(const JobSpec& spec) {
  const auto size_of = [](const std::shared_ptr<const std::string>& file) {
    return file ? file->size() : 0;
  };
  return spec.request.dump().size() + size_of(spec.painting.picture) + size_of(spec.painting.mask);
}

}  // namespace

// ---- In ---------------------------------------------------------------------------------------

// Throws where there is no room for a job that takes these bytes of the store.
void Jobs::admit(const std::string& client, size_t bytes) {
  if (draining_) {
    HttpError error(Fault::unavailable, "the server is stopping");
    error.retry_after = std::chrono::seconds(10);
    throw error;
  }
  const auto enters = std::ranges::count(entering_, client, &Job::client);
  const size_t own =
      speaking_.size_of(client) + painting_.size_of(client) + static_cast<size_t>(enters);
  const auto held = bytes_.find(client);
  const size_t holds = held == bytes_.end() ? 0 : held->second;
  if (waiting() >= limits_.queued) {
    refuse(fmt::format("{} jobs are waiting", waiting()));
  } else if (own >= limits_.queued_of_client) {
    refuse(fmt::format("{} of your jobs are waiting", own));
  } else if (holds > 0 && holds + bytes > limits_.bytes_of_client) {
    refuse(fmt::format("your jobs that wait hold {} bytes, expected at most {} with this one's {}",
                       holds, limits_.bytes_of_client, bytes));
  }
}

void Jobs::refuse(const std::string& sentence) {
  ++counts_.refused;
  HttpError error(Fault::too_many, sentence);
  const double soon = painted_ ? pace_.rest_of_painting(left(*painted_)).value_or(5) : 5;
  error.retry_after = std::chrono::seconds(std::clamp<int64_t>(std::lround(soon), 1, 600));
  throw error;
}

Jobs::Pointer Jobs::submit(JobSpec spec, const std::string& client, bool keeps_pictures) {
  admit(client, 0);
  const Pointer job = make(std::move(spec), client);
  job->keeps_pictures = keeps_pictures;
  enter(job);
  return job;
}

Jobs::Pointer Jobs::make(JobSpec spec, const std::string& client) const {
  auto job = std::make_shared<Job>();
  job->id = new_id();
  job->client = client;
  job->spec = std::move(spec);
  job->created = unix_time();
  job->log = EventLog(this_start());
  return job;
}

void Jobs::submit_stored(JobSpec spec, const std::string& client, Stored stored) {
  const size_t bytes = stored_bytes(spec);
  admit(client, bytes);
  const Pointer job = make(std::move(spec), client);
  job->stored = true;
  hold(*job, bytes);
  JobRecord record{.id = job->id,
                   .client = client,
                   .created = job->created,
                   .seed = job->spec.seed,
                   .request = job->spec.request.dump()};
  if (job->spec.painting.picture) record.picture = *job->spec.painting.picture;
  if (job->spec.painting.mask) record.mask = *job->spec.painting.mask;
  entering_.insert(job);
  store_.ask([record = std::move(record)](DiskStore& disk) { disk.add_job(record); },
             [this, job, stored = std::move(stored)](const Outcome<Done>& outcome) {
               entering_.erase(job);
               const bool forgotten = is_over(job->state);  // by its visitor, meanwhile
               if (outcome.error || forgotten) {
                 release(*job);
               } else {
                 enter(job);
               }
               stored(job, outcome.error);
             });
}

// What a job takes of its client's bytes, until it is over.
void Jobs::hold(Job& job, size_t bytes) {
  job.bytes = bytes;
  bytes_[job.client] += bytes;
}

void Jobs::release(Job& job) {
  const auto held = bytes_.find(job.client);
  if (held == bytes_.end()) return;
  held->second -= std::exchange(job.bytes, 0);
  if (held->second == 0) bytes_.erase(held);
}

void Jobs::take_up(Pointer job) {
  hold(*job, stored_bytes(job->spec));
  if (!job->failure && !has_all(*job)) return enter(job);
  // Killed between its last result and the word that it is over.
  jobs_[job->id] = job;
  take_prompt(*job);
  end(job, job->failure ? JobState::failed : JobState::done);
}

bool Jobs::has_all(const Job& job) {
  if (job.spec.kind == JobKind::react && !job.answer) return false;
  return !job.spec.paints || left(job) <= 0;
}

void Jobs::take_prompt(Job& job) {
  if (job.spec.kind == JobKind::paint) {
    job.prompt = job.spec.painting.prompt;
  } else if (job.answer) {
    job.prompt = job.answer->reaction.prompt;
  }
}

void Jobs::enter(const Pointer& job) {
  jobs_[job->id] = job;
  take_prompt(*job);
  line_up(job);
  tell_places();
  work();
}

// Where it waits: for the voice, or for the painter.
void Jobs::line_up(const Pointer& job) {
  job->state = JobState::queued;
  job->told_place = 0;
  const bool speaks = job->spec.kind != JobKind::paint && !job->answer;
  (speaks ? speaking_ : painting_).push(job);
}

Jobs::Pointer Jobs::find(const std::string& id, const std::string& client) const {
  const auto found = jobs_.find(id);
  if (found == jobs_.end() || found->second->client != client) return nullptr;
  return found->second;
}

// ---- At work ----------------------------------------------------------------------------------

void Jobs::work() {
  if (draining_) return say_if_idle();
  bool started = false;
  if (!spoken_ && voice_ready_) {
    spoken_ = speaking_.pop();
    if (spoken_) speak(spoken_), started = true;
  }
  if (!painted_ && painter_ready_) {
    painted_ = painting_.pop();
    if (painted_) paint(painted_), started = true;
  }
  if (started) tell_places();
}

// ---- Out --------------------------------------------------------------------------------------

void Jobs::end_if_complete(const Pointer& job) {
  if (is_over(job->state) || job->roasting || job->storing > 0) return;
  const bool paints =
      job->spec.kind == JobKind::paint || (job->spec.kind == JobKind::react && job->spec.paints);
  if (paints ? job->painted : job->spec.kind == JobKind::complete || job->answer) {
    end(job, JobState::done);
  }
}

void Jobs::cancel(const Pointer& job) {
  if (is_over(job->state)) return;
  job->signals->cancel.cancel();
  speaking_.remove(*job);
  painting_.remove(*job);
  end(job, JobState::cancelled);
  tell_places();
}

void Jobs::skip(const Pointer& job) {
  if (painted_ != job || is_over(job->state)) return;
  job->skips = true;
  job->signals->cancel.cancel();
}

void Jobs::cancel_all_of(const std::string& client) {
  for (const Pointer& job : entering_) {
    if (job->client == client) job->state = JobState::cancelled;
  }
  const auto all = jobs_;
  for (const auto& [id, job] : all) {
    if (job->client != client) continue;
    cancel(job);
    forget(id);
  }
}

void Jobs::forget(const std::string& id) {
  jobs_.erase(id);
  forgetting_.erase(id);
}

// A stored job is told to be over when the store knows it: after a crash it would be done again.
void Jobs::end(const Pointer& job, JobState state) {
  job->state = state;
  if (state == JobState::done) ++counts_.done;
  if (state == JobState::failed) ++counts_.failed;
  if (state == JobState::cancelled) ++counts_.cancelled;
  if (!job->stored) return announce(job);
  release(*job);
  store_.ask([id = job->id,
              document = job_json(*job).dump()](DiskStore& disk) { disk.finish_job(id, document); },
             [this, job](const Outcome<Done>&) { announce(job); });
}

void Jobs::announce(const Pointer& job) {
  if (job->state == JobState::done) {
    job->log.add("done", job_json(*job).dump());
  } else if (job->state == JobState::cancelled) {
    job->log.add("cancelled", "{}");
  } else {
    Json data = Json::object();
    data["message"] = job->failure ? job->failure->sentence : "it failed";
    data["code"] = name_of(job->failure ? job->failure->fault : Fault::failed);
    job->log.add("failed", data.dump());
  }
  forget_later(job);
}

void Jobs::forget_later(const Pointer& job) {
  if (!jobs_.contains(job->id)) return;
  forgetting_[job->id] = loop_.after(limits_.kept, [this, id = job->id] { forget(id); });
}

std::shared_ptr<EventLog::Listener> Jobs::listen(const Pointer& job, const EventPlace& place,
                                                 const EventLog::Hear& hear, bool previews) {
  for (const Event& event : job->log.after(place)) hear(event);
  if (previews) job->signals->watched = true;
  return job->log.listen(hear);
}

// ---- The end of the server --------------------------------------------------------------------

void Jobs::drain(std::function<void()> stopped) {
  draining_ = true;
  stopped_ = std::move(stopped);
  say_if_idle();
}

void Jobs::hand_back() {
  for (const Pointer& job : {spoken_, painted_}) {
    if (!job || is_over(job->state)) continue;
    job->interrupted = job->stored;
    job->signals->cancel.cancel();
  }
}

void Jobs::say_if_idle() {
  if (spoken_ || painted_ || !stopped_) return;
  const auto stopped = std::move(stopped_);
  stopped_ = nullptr;
  stopped();
}

}  // namespace yent::server
