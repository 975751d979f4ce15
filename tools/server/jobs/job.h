// One job: what it is asked for, how far it is, and what has happened to it so far.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/cancel.h"
#include "engine/yent/reaction.h"
#include "tools/server/jobs/event_log.h"
#include "tools/server/jobs/job_spec.h"
#include "tools/server/routes/http_error.h"
#include "tools/server/store/records.h"

namespace yent::server {

enum class JobState { queued, reacting, painting, done, failed, cancelled };

const char* name_of(JobState state);
std::optional<JobState> job_state_named(const std::string& name);
inline bool is_over(JobState state) { return state >= JobState::done; }

// What the network thread tells the thread that works for a job.
struct JobSignals {
  CancelToken cancel;
  std::atomic<bool> watched = false;  // somebody wants previews
};

// What Yent answered.
struct Answer {
  Reaction reaction;
  std::optional<std::string> roast = {};
  int64_t elapsed_ms = 0;
};

struct Failure {
  Fault fault = Fault::failed;
  std::string sentence;
};

// All of it belongs to the network thread but for `signals`.
struct Job {
  std::string id, client;
  JobSpec spec;
  JobState state = JobState::queued;
  double created = 0;          // seconds since 1970
  bool stored = false;         // it goes on without its request, and after a restart
  bool keeps_pictures = true;  // pictures go into the store

  std::optional<Answer> answer = {};
  std::string completion = {};        // of a completion
  int prompt_tokens = 0, tokens = 0;  // that the voice was told, and said
  std::string finish_reason = {};     // of a completion: stop or length
  std::string prompt = {};            // that is painted, once it is known
  std::vector<PictureRecord> pictures = {};
  std::vector<std::shared_ptr<const std::string>> files = {};  // theirs, as PNG
  std::optional<Failure> failure = {};
  int step = 0, steps = 0;  // of the picture that is being painted
  int width = 0, height = 0;
  size_t bytes = 0;         // of its client's share of the store
  int pictures_before = 0;  // that an earlier start has finished
  bool roasting = false, painted = false;
  bool skips = false;        // the picture that is being painted is left out
  bool interrupted = false;  // the server stops: the job goes back to the queue
  int storing = 0;           // pictures on their way to the disk
  int told_place = 0;        // in line, as it was told last

  EventLog log;
  std::shared_ptr<JobSignals> signals = std::make_shared<JobSignals>();
};

// The object of GET /jobs/<id>, without what changes by the second (place and eta_s).
Json job_json(const Job& job);
Json answer_json(const Answer& answer);
Answer answer_from(const Json& json);  // what answer_json has made
Json picture_json(const PictureRecord& picture);

}  // namespace yent::server
