// All jobs that wait, work or were just finished: who is next, what happens to each, who hears it.
// A job goes from the line of the voice, if it speaks, to the line of the painter, if it paints.
// Everything here belongs to the network thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/server/http/loop.h"
#include "tools/server/jobs/fair_queue.h"
#include "tools/server/jobs/job.h"
#include "tools/server/jobs/pace.h"
#include "tools/server/store/store.h"
#include "tools/server/workers/painter_worker.h"
#include "tools/server/workers/voice_worker.h"

namespace yent::server {

struct JobLimits {
  size_t queued = 100;                // of all clients
  size_t queued_of_client = 20;       // of one
  size_t bytes_of_client = 64 << 20;  // of one: what its stored jobs hold until they are over
  std::chrono::seconds kept{60};      // how long a finished job stays in memory
};

// What a server counts; the metrics read it.
struct JobCounts {
  uint64_t done = 0, failed = 0, cancelled = 0, refused = 0, pictures = 0, steps = 0;
  double step_seconds = 0;  // of all steps
};

class Jobs {
 public:
  using Pointer = std::shared_ptr<Job>;

  Jobs(Loop& loop, Store& store, std::string node, JobLimits limits)
      : loop_(loop), store_(store), node_(std::move(node)), limits_(limits) {}

  // The workers, before any work; and whether their models are loaded.
  void use(PainterWorker& painter, VoiceWorker& voice) { painter_ = &painter, voice_ = &voice; }
  void painter_is_ready() { painter_ready_ = true, work(); }
  void voice_is_ready() { voice_ready_ = true, work(); }
  bool ready() const { return painter_ready_ && voice_ready_; }

  // A job of a request: cancelled when that goes, forgotten when it is over. Throws an HttpError
  // when too many wait, and while the server stops.
  Pointer submit(JobSpec spec, const std::string& client, bool keeps_pictures);
  // A job that goes on by itself. `stored` hears, when it is on disk, that it is accepted.
  using Stored = std::function<void(Pointer, std::optional<Error>)>;
  void submit_stored(JobSpec spec, const std::string& client, Stored stored);
  // Jobs that a server before this one has left, in their order.
  void take_up(Pointer job);

  // Null for a job that is not in memory or belongs to somebody else.
  Pointer find(const std::string& id, const std::string& client) const;
  const std::map<std::string, Pointer>& all() const { return jobs_; }
  void cancel(const Pointer& job);
  // Leaves out the picture that is being painted; the next one of the job begins.
  void skip(const Pointer& job);
  void cancel_all_of(const std::string& client);
  void forget(const std::string& id);  // one that is over

  // Hears the events behind `place`, those that are to come included; previews are made as long as
  // somebody listens who wants them.
  std::shared_ptr<EventLog::Listener> listen(const Pointer& job, const EventPlace& place,
                                             const EventLog::Hear& hear, bool previews = true);

  // From 1 for the next one; nothing for a job that does not wait.
  std::optional<int> place(const Job& job) const;
  // Seconds until it is done; nothing as long as no step of a picture was measured.
  std::optional<double> eta(const Job& job) const;
  Json json(const Job& job) const;  // with place and eta_s

  // Takes no more jobs and starts none. Those that run go on; `stopped` hears when none does.
  void drain(std::function<void()> stopped);
  // Those that still run go back to the line in the store.
  void hand_back();

  size_t waiting() const { return speaking_.size() + painting_.size() + entering_.size(); }
  bool paints() const { return painted_ != nullptr; }
  Pointer painted() const { return painted_; }
  const JobCounts& counts() const { return counts_; }
  std::string new_id() const;

 private:
  void admit(const std::string& client, size_t bytes);
  [[noreturn]] void refuse(const std::string& sentence);
  Pointer make(JobSpec spec, const std::string& client) const;
  void hold(Job& job, size_t bytes);
  void release(Job& job);
  static bool has_all(const Job& job);  // one that was taken up
  static void take_prompt(Job& job);
  void enter(const Pointer& job);
  void line_up(const Pointer& job);
  void work();
  void speak(const Pointer& job);
  void speak_with(const Pointer& job, std::string conversation);
  void take_answer(const Pointer& job, VoiceNews::Reacted reacted);
  void voice_ended(const Pointer& job, std::optional<Failure> failure, bool cancelled);
  void paint(const Pointer& job);
  void take_beginning(const Pointer& job, const PaintNews::Begun& begun);
  void take_step(const Pointer& job, const PaintNews::Step& step);
  void take_picture(const Pointer& job, PaintNews::Finished finished);
  void paint_next(const Pointer& job);
  void painter_ended(const Pointer& job, std::optional<Failure> failure, bool cancelled);
  void picture_stored(const Pointer& job);
  void end_if_complete(const Pointer& job);
  void end(const Pointer& job, JobState state);
  void announce(const Pointer& job);
  void forget_later(const Pointer& job);
  void tell_places();
  void say_if_idle();
  static int left(const Job& job);

  // A job that is not over, its place where it waits (0: it is at work), and when it is done.
  struct Forecast {
    Pointer job;
    int place = 0;
    std::optional<double> seconds = {};
  };
  std::vector<Forecast> forecast() const;

  Loop& loop_;
  Store& store_;
  std::string node_;
  JobLimits limits_;
  PainterWorker* painter_ = nullptr;
  VoiceWorker* voice_ = nullptr;
  bool painter_ready_ = false, voice_ready_ = false, draining_ = false;

  std::map<std::string, Pointer> jobs_;
  FairQueue<Job> speaking_, painting_;
  std::set<Pointer> entering_;           // on their way to the disk
  std::map<std::string, size_t> bytes_;  // that each client's stored jobs hold
  Pointer spoken_, painted_;             // that the workers are at
  std::map<std::string, std::shared_ptr<Loop::Timer>> forgetting_;
  std::function<void()> stopped_;

  JobCounts counts_;
  Pace pace_;
};

// 64 random bits, for what asks for no seed of its own.
uint64_t random_seed();

}  // namespace yent::server
