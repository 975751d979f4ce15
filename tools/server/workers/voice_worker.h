// The thread that speaks: two Yents on one core, who answer, roast and complete texts while the
// other cores paint.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/pipeline/yent_session.h"
#include "tools/server/http/loop.h"
#include "tools/server/jobs/job.h"
#include "tools/server/shelf.h"
#include "tools/server/workers/work_thread.h"

namespace yent::server {

// What a speaking has to tell. Called on the network thread, in the order in which it happened.
struct VoiceNews {
  struct Reacted {
    Answer answer;
    std::string conversation;           // the client's from now on, as JSON
    int prompt_tokens = 0, tokens = 0;  // of what was said, and of the answer
  };
  struct Completed {
    std::string text;
    int prompt_tokens = 0, tokens = 0;
    bool by_length = false;  // it ended because of max_tokens
  };
  std::function<void(std::string piece, bool roast)> word;
  std::function<void(Reacted)> reacted;
  std::function<void(std::string text)> roasted;
  std::function<void(Completed)> completed;
  std::function<void(std::optional<Failure>, bool cancelled)> ended;
};

struct VoiceTask {
  JobSpec spec;
  std::string conversation;  // JSON; empty: it begins
  std::shared_ptr<JobSignals> signals;
  VoiceNews news;
};

struct VoiceConfig {
  std::string isa = {}, precision = "auto", policy = {};
};

// For the network thread. The loop and the shelf must outlive it.
class VoiceWorker {
 public:
  // `about` is "N layers, D dim".
  using Loaded = std::function<void(std::optional<Error>, std::string about)>;
  VoiceWorker(Loop& loop, const Shelf& shelf, VoiceConfig config, Loaded loaded);
  ~VoiceWorker();

  void start(VoiceTask task);
  void finish() { thread_.finish(); }

 private:
  void load(const VoiceConfig& config, const Loaded& loaded);
  void speak(const VoiceTask& task);
  void react(const VoiceTask& task);
  void complete(const VoiceTask& task);
  ReactionSpec reaction_spec(const VoiceTask& task) const;
  const PromptLimit& limit_of(const std::string& model);

  Loop& loop_;
  const Shelf& shelf_;
  // Of the speaking thread.
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<YentSession> session_;
  std::string limit_model_;
  PromptLimit limit_;
  WorkThread thread_;
};

}  // namespace yent::server
