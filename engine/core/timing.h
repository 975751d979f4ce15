// Where the time of a run goes, by the stage names that every report uses: load, tokenize,
// llm_prefill, llm_decode, text_encoder, unet_step, vae_decode, ascii, png, total.
#pragma once

#include <chrono>
#include <mutex>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace yent {

// add() may be called from several threads at once, stages() only when no thread adds.
class Timings {
 public:
  // Adds to the stage the milliseconds between its construction and its destruction. With null
  // timings, does nothing. The timings must outlive the span.
  class Span {
   public:
    Span(Timings* timings, std::string stage) : timings_(timings), stage_(std::move(stage)) {}
    ~Span() {
      const std::chrono::duration<double, std::milli> spent = Clock::now() - start_;
      if (timings_) timings_->add(stage_, spent.count());
    }
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    using Clock = std::chrono::steady_clock;
    Timings* timings_;
    std::string stage_;
    Clock::time_point start_ = Clock::now();
  };

  void add(const std::string& stage, double ms) {
    const std::lock_guard lock(mutex_);
    for (Stage& known : stages_) {
      if (known.name == stage) return known.ms.push_back(ms);
    }
    stages_.push_back({stage, {ms}});
  }

  struct Stage {
    std::string name;
    std::vector<double> ms;  // of every span

    double sum() const { return std::accumulate(ms.begin(), ms.end(), 0.0); }
  };
  const std::vector<Stage>& stages() const { return stages_; }  // in order of first use

 private:
  std::mutex mutex_;
  std::vector<Stage> stages_;
};

}  // namespace yent
