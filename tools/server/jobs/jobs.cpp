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

// ---- In ---------------------------------------------------------------------------------------

// Throws where there is no room.
void Jobs::admit(const std::string& client) {
  if (draining_) {
    HttpError error(Fault::unavailable, "the server is stopping");
    error.retry_after = std::chrono::seconds(10);
    throw error;
  }
  const size_t own = speaking_.size_of(client) + painting_.size_of(client);
  const bool full = waiting() >= limits_.queued;
  if (!full && own < limits_.queued_of_client) return;
  ++counts_.refused;
  HttpError error(Fault::too_many, full ? fmt::format("{} jobs are waiting", waiting())
                                        : fmt::format("{} of your jobs are waiting", own));
  const double soon = seconds_per_unit_ > 0 && painted_ ? seconds_per_unit_ * units(*painted_) : 5;
  error.retry_after = std::chrono::seconds(std::clamp<int64_t>(std::lround(soon), 1, 600));
  throw error;
}

Jobs::Pointer Jobs::submit(JobSpec spec, const std::string& client, bool keeps_pictures) {
  admit(client);
  const auto job = std::make_shared<Job>();
  job->id = new_id();
  job->client = client;
  job->spec = std::move(spec);
  job->created = unix_time();
  job->keeps_pictures = keeps_pictures;
  job->log = EventLog(static_cast<uint64_t>(unix_time()));
  enter(job);
  return job;
}

void Jobs::submit_stored(JobSpec spec, const std::string& client, Stored stored) {
  admit(client);
  const auto job = std::make_shared<Job>();
  job->id = new_id();
  job->client = client;
  job->spec = std::move(spec);
  job->created = unix_time();
  job->stored = true;
  job->log = EventLog(static_cast<uint64_t>(unix_time()));
  JobRecord record{.id = job->id,
                   .client = client,
                   .created = job->created,
                   .seed = job->spec.seed,
                   .request = job->spec.request.dump()};
  if (job->spec.painting.picture) record.picture = *job->spec.painting.picture;
  if (job->spec.painting.mask) record.mask = *job->spec.painting.mask;
  store_.ask([record = std::move(record)](DiskStore& disk) { disk.add_job(record); },
             [this, job, stored = std::move(stored)](const Outcome<Done>& outcome) {
               if (!outcome.error) enter(job);
               stored(job, outcome.error);
             });
}

void Jobs::take_up(Pointer job) {
  if (!job->failure) return enter(job);
  jobs_[job->id] = job;
  end(job, JobState::failed);
}

void Jobs::enter(const Pointer& job) {
  jobs_[job->id] = job;
  if (job->spec.kind == JobKind::paint) {
    job->prompt = job->spec.painting.prompt;
  } else if (job->answer) {
    job->prompt = job->answer->reaction.prompt;
  }
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

void Jobs::speak(const Pointer& job) {
  job->state = JobState::reacting;
  if (job->spec.kind == JobKind::complete) return speak_with(job, "");
  if (job->spec.voice.conversation) return speak_with(job, *job->spec.voice.conversation);
  store_.ask([client = job->client](DiskStore& disk) { return disk.conversation(client); },
             [this, job](Outcome<std::optional<std::string>> outcome) {
               // Without his memory Yent still answers.
               speak_with(job, outcome.value.value_or(std::nullopt).value_or(""));
             });
}

void Jobs::speak_with(const Pointer& job, std::string conversation) {
  job->log.add("reacting", "{}");
  VoiceTask task{.spec = job->spec,
                 .conversation = std::move(conversation),
                 .signals = job->signals,
                 .news = {}};
  task.news.word = [job](const std::string& piece, bool roast) {
    Json data = Json::object();
    data["text"] = piece;
    data["who"] = roast ? "commentator" : "artist";
    job->log.add("word", data.dump());
  };
  task.news.reacted = [this, job](VoiceNews::Reacted r) { take_answer(job, std::move(r)); };
  task.news.roasted = [job](const std::string& text) {
    if (job->answer) job->answer->roast = text;
    Json data = Json::object();
    data["text"] = text;
    data["who"] = "commentator";
    job->log.add("roast", data.dump());
  };
  task.news.completed = [job](const VoiceNews::Completed& completed) {
    job->completion = completed.text;
    job->prompt_tokens = completed.prompt_tokens;
    job->tokens = completed.tokens;
    job->finish_reason = completed.by_length ? "length" : "stop";
  };
  task.news.ended = [this, job](std::optional<Failure> failure, bool cancelled) {
    voice_ended(job, std::move(failure), cancelled);
  };
  voice_->start(std::move(task));
}

void Jobs::take_answer(const Pointer& job, VoiceNews::Reacted reacted) {
  job->answer = std::move(reacted.answer);
  job->prompt = job->answer->reaction.prompt;
  job->prompt_tokens = reacted.prompt_tokens;
  job->tokens = reacted.tokens;
  job->log.add("reaction", answer_json(*job->answer).dump());
  store_.ask(
      [id = job->stored ? job->id : "", answer = answer_json(*job->answer).dump(),
       client = job->client, state = std::move(reacted.conversation),
       remembers = !job->spec.voice.conversation](DiskStore& disk) {
        if (!id.empty()) disk.save_answer(id, answer);
        if (remembers) disk.save_conversation(client, state, unix_time());
      },
      [](const Outcome<Done>&) {});  // a full disk costs the memory, not the picture
  job->roasting = job->spec.voice.roast;
  if (!job->spec.paints) return;
  // The filter that lets words grow needs those of the roast, too.
  if (job->roasting && job->spec.painting.filter == "blend") return;
  line_up(job);
  tell_places();
  work();
}

void Jobs::voice_ended(const Pointer& job, std::optional<Failure> failure, bool cancelled) {
  spoken_ = nullptr;
  job->roasting = false;
  const bool has_answer = job->answer || job->spec.kind == JobKind::complete;
  if (is_over(job->state)) {
    // It was cancelled while it spoke.
  } else if (cancelled) {
    if (!job->interrupted) cancel(job);
  } else if (failure && !(job->answer && job->spec.paints)) {
    job->failure = std::move(failure);
    end(job, JobState::failed);
  } else if (has_answer && job->spec.paints && job->spec.kind == JobKind::react &&
             job->state == JobState::reacting) {
    line_up(job);  // it waited for the roast
    tell_places();
  } else {
    end_if_complete(job);
  }
  work();
}

void Jobs::paint(const Pointer& job) {
  job->state = JobState::painting;
  job->step = 0;
  last_step_ = std::chrono::steady_clock::now();
  PaintTask task{.wish = job->spec.painting,
                 .seed = job->spec.seed,
                 .first = job->pictures_before,
                 .words = "",
                 .signals = job->signals,
                 .news = {}};
  task.wish.prompt = job->prompt;
  if (job->answer) {
    task.wish.grammar = Grammar::literal;
    task.words = job->answer->reaction.words;
    if (job->answer->roast) task.words += " " + *job->answer->roast;
  }
  task.news.begun = [this, job](const PaintNews::Begun& begun) { take_beginning(job, begun); };
  task.news.step = [this, job](const PaintNews::Step& step) { take_step(job, step); };
  task.news.picture = [this, job](PaintNews::Finished f) { take_picture(job, std::move(f)); };
  task.news.ended = [this, job](std::optional<Failure> failure, bool cancelled) {
    painter_ended(job, std::move(failure), cancelled);
  };
  painter_->start(std::move(task));
}

void Jobs::take_beginning(const Pointer& job, const PaintNews::Begun& begun) {
  if (is_over(job->state)) return;
  job->steps = begun.steps;
  job->width = begun.width;
  job->height = begun.height;
  Json data = Json::object();
  data["steps"] = begun.steps;
  data["width"] = begun.width;
  data["height"] = begun.height;
  data["seed"] = begun.seed;
  data["picture"] = begun.picture;
  data["pictures"] = job->spec.painting.count;
  job->log.add("painting", data.dump());
}

void Jobs::take_step(const Pointer& job, const PaintNews::Step& step) {
  if (is_over(job->state)) return;
  const auto now = std::chrono::steady_clock::now();
  const double took = std::chrono::duration<double>(now - last_step_).count();
  last_step_ = now;
  ++counts_.steps;
  counts_.step_seconds += took;
  const double unit = took / (static_cast<double>(job->width) * job->height);
  seconds_per_unit_ = seconds_per_unit_ == 0 ? unit : 0.9 * seconds_per_unit_ + 0.1 * unit;
  job->step = step.step;
  job->steps = step.steps;
  const auto eta_s = eta(*job);
  job->log.add("step",
               fmt::format(R"({{"picture":{},"step":{},"steps":{},"eta_s":{}{}{}}})", step.picture,
                           step.step, step.steps, eta_s ? fmt::format("{:.2f}", *eta_s) : "null",
                           step.preview ? "," : "", step.preview ? *step.preview : ""));
}

void Jobs::take_picture(const Pointer& job, PaintNews::Finished finished) {
  if (is_over(job->state)) return;
  finished.picture.job = job->id;
  finished.picture.client = job->client;
  if (!node_.empty()) finished.picture.id = node_ + "-" + finished.picture.id;
  ++counts_.pictures;
  job->step = 0;
  job->pictures.push_back(finished.picture);
  job->files.push_back(finished.png);
  const auto tell = [this, job, picture = finished.picture] {
    Json data = picture_json(picture);
    data["picture"] = picture.index;
    job->log.add("picture", data.dump());
    picture_stored(job);
  };
  if (!job->keeps_pictures) return tell();
  ++job->storing;
  store_.ask([picture = finished.picture, png = finished.png, raw = finished.raw](
                 DiskStore& disk) { return disk.add_picture(picture, *png, raw ? *raw : ""); },
             [this, job, tell](const Outcome<std::string>& outcome) {
               --job->storing;
               if (is_over(job->state)) return;
               if (outcome.error) {
                 job->failure = Failure{Fault::full, outcome.error->what()};
                 job->signals->cancel.cancel();
                 end(job, JobState::failed);
                 return;
               }
               tell();
             });
}

void Jobs::picture_stored(const Pointer& job) { end_if_complete(job); }

void Jobs::painter_ended(const Pointer& job, std::optional<Failure> failure, bool cancelled) {
  painted_ = nullptr;
  if (is_over(job->state)) {
    // It was cancelled while it was painted.
  } else if (cancelled && job->skips) {
    return paint_next(job);
  } else if (cancelled) {
    if (!job->interrupted) cancel(job);
  } else if (failure) {
    job->failure = std::move(failure);
    end(job, JobState::failed);
  } else {
    job->painted = true;
    end_if_complete(job);
  }
  work();
}

// Behind the picture that was left out.
void Jobs::paint_next(const Pointer& job) {
  job->skips = false;
  if (!job->pictures.empty()) {
    job->pictures_before = std::max(job->pictures_before, job->pictures.back().index + 1);
  }
  if (++job->pictures_before >= job->spec.painting.count) {
    job->painted = true;
    end_if_complete(job);
    return work();
  }
  job->step = 0;
  job->signals = std::make_shared<JobSignals>();
  painted_ = job;
  paint(job);
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
