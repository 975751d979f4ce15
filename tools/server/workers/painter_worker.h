// The thread that paints: the models of the shelf, loaded once, and one painting at a time.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/pipeline/pipeline.h"
#include "tools/server/http/loop.h"
#include "tools/server/jobs/job.h"
#include "tools/server/shelf.h"
#include "tools/server/workers/work_thread.h"

namespace yent::server {

// What a painting has to tell. Called on the network thread, in the order in which it happened.
struct PaintNews {
  struct Begun {
    int steps, width, height;
    uint64_t seed;
    int picture;
  };
  struct Step {
    int picture, step, steps;                         // steps counted from 1
    std::shared_ptr<const std::string> preview = {};  // members of the event's JSON: preview, cells
  };
  struct Finished {
    PictureRecord picture;                        // without job and client
    std::shared_ptr<const std::string> png, raw;  // raw: before the filter; null without one
  };
  std::function<void(const Begun&)> begun;
  std::function<void(const Step&)> step;
  std::function<void(Finished)> picture;
  // The end, and why it came early. `cancelled` if the signals said so.
  std::function<void(std::optional<Failure>, bool cancelled)> ended;
};

struct PaintTask {
  PaintWish wish;
  uint64_t seed = 0;
  int first = 0;      // of the wish's pictures: those before are finished
  std::string words;  // what Yent says, for filters; empty for a prompt
  std::shared_ptr<JobSignals> signals;
  PaintNews news;
};

struct PainterConfig {
  std::string device = {}, isa = {}, precision = "auto", policy = {};
  int threads = 0;
  size_t pipelines_kept = 3;         // models and policies that stay loaded
  int64_t most_pixels = 16'000'000;  // of a picture that comes with a request
  // Hears on the network thread that a GPU is left alone, and why. May be empty.
  std::function<void(const std::string& sentence)> warn = {};
};

// For the network thread. The loop and the shelf must outlive it.
class PainterWorker {
 public:
  // Loads the model of the start; `loaded` hears when it can paint, or why it cannot.
  using Loaded = std::function<void(std::optional<Error>, std::string model)>;
  PainterWorker(Loop& loop, const Shelf& shelf, PainterConfig config, Loaded loaded);
  ~PainterWorker();

  // One after the other: start the next one when the last has ended.
  void start(PaintTask task);
  // Its thread ends when the painting has.
  void finish() { thread_.finish(); }

 private:
  void load(const Loaded& loaded);
  void paint(const PaintTask& task);
  Pipeline& pipeline_for(const PaintWish& wish);
  PaintRequest request_for(const PaintTask& task) const;
  PaintEvents events_for(const PaintTask& task, const PaintRequest& request,
                         const Pipeline::Resolution& made);
  void finish_picture(const PaintTask& task, const PaintRequest& request,
                      const Pipeline::Resolution& made, Painted&& painted);

  Loop& loop_;
  const Shelf& shelf_;
  PainterConfig config_;
  // Of the painting thread.
  std::vector<std::unique_ptr<Backend>> backends_;
  Policy usual_;
  struct Kept {
    std::string key;
    std::unique_ptr<Pipeline> pipeline;
  };
  std::list<Kept> kept_;  // last used first
  WorkThread thread_;
};

// The member `preview` and `cells` of a step's event, without braces.
std::string preview_members(const Image& image);

}  // namespace yent::server
