#include "tools/training/training_run.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <fstream>

#include "kernels/error.h"
#include "loaders/io/output_file.h"
#include "tools/interrupt.h"

namespace yent::training {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// "2 h 10 min", "3 min", "12 s"
std::string duration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
  if (whole >= 120) return fmt::format("{} min", whole / 60);
  return fmt::format("{} s", whole);
}

// A line for each step: what an interrupted run had done behind its state is done again.
class LossLog {
 public:
  LossLog(const std::filesystem::path& path, int64_t done) : path_(path) {
    std::string kept = "step,loss,rate,validation\n";
    std::ifstream old(path);
    std::string line;
    std::getline(old, line);
    for (int64_t step = 1; step <= done && std::getline(old, line); ++step) kept += line + "\n";
    write_file_atomically(path, kept);
    out_.open(path, std::ios::app);
  }

  void add(const Trainer::Step& step, std::optional<double> validation) {
    out_ << fmt::format("{},{:.7g},{:.7g},{}\n", step.number, step.loss, step.rate,
                        validation ? fmt::format("{:.7g}", *validation) : "");
  }

  void flush() {
    if (!out_.flush()) throw run_error("{}: it cannot be written", path_.string());
  }

 private:
  std::filesystem::path path_;
  std::ofstream out_;
};

// A sentence every ten seconds, of the steps since the last one.
class Progress {
 public:
  Progress(const TrainingRun& run, int64_t last)
      : run_(run), first_(run.trainer.done()), last_(last) {}

  void step(const Trainer::Step& step) {
    ++steps_;
    rows_ += static_cast<double>(step.rows);
    loss_ += step.loss;
    if (seconds_since(said_) < 10 && step.number != last_) return;
    const double each = seconds_since(start_) / static_cast<double>(step.number - first_);
    run_.console.say(
        fmt::format("step {}/{}: loss {:.4f}, {:.0f} {}/s, {} left", step.number,
                    run_.options.steps, loss_ / steps_, rows_ / seconds_since(said_), run_.unit,
                    duration(each * static_cast<double>(run_.options.steps - step.number))));
    steps_ = 0;
    rows_ = loss_ = 0;
    said_ = Clock::now();
  }

  double minutes() const { return seconds_since(start_) / 60; }

 private:
  const TrainingRun& run_;
  int64_t first_, last_;
  int steps_ = 0;
  double rows_ = 0, loss_ = 0;
  Clock::time_point start_ = Clock::now(), said_ = start_;
};

void save(const TrainingRun& run, LossLog& log) {
  log.flush();
  run.trainer.save(run.folder.state(), run.settings);
  run.write_weights();
}

}  // namespace

void RunFolder::open(bool resume) const {
  const bool there = std::filesystem::exists(state());
  if (resume && !there) {
    throw usage_error("--resume: {} has no run to go on with", folder.string());
  }
  if (!resume && there) {
    throw usage_error(
        "{} has a run already: --resume goes on with it, and --out takes another "
        "folder",
        folder.string());
  }
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw run_error("{}: {}", folder.string(), failed.message());
  ensure_writable(state());
}

std::string threads_of(const TrainingDevice& device) {
  return fmt::format("{} thread{}", device.threads(), device.threads() == 1 ? "" : "s");
}

void train(const TrainingRun& run) {
  const RunOptions& o = run.options;
  const int64_t last = o.stop_at > 0 ? std::min(o.stop_at, o.steps) : o.steps;
  LossLog log(run.folder.losses(), run.trainer.done());
  CancelToken token;
  const CancelOnInterrupt interrupt(token);
  Progress progress(run, last);
  while (run.trainer.done() < last) {
    const Trainer::Step step = run.trainer.step();
    if (!std::isfinite(step.loss) || !std::isfinite(step.gradient_norm)) {
      throw run_error(
          "step {}: the loss is {}; the last state that was saved is good, and a lower "
          "learning rate may help",
          step.number, step.loss);
    }
    progress.step(step);
    std::optional<double> validation;
    if (step.number % o.validate_every == 0 || step.number == o.steps) {
      validation = run.trainer.validate();
      if (validation) {
        run.console.say(fmt::format("step {}: validation {:.4f}", step.number, *validation));
      }
    }
    log.add(step, validation);
    const bool late = o.minutes > 0 && progress.minutes() >= o.minutes;
    if (step.number % o.save_every == 0 || step.number == last || late || token.cancelled()) {
      save(run, log);
    }
    if (late || token.cancelled()) break;
  }
  if (run.trainer.done() == 0) save(run, log);
  if (run.trainer.done() < o.steps) {
    run.console.say(
        fmt::format("stopped after step {} of {}: --resume goes on", run.trainer.done(), o.steps));
  } else {
    run.console.say(fmt::format("{} is trained", run.folder.weights().string()));
  }
  if (token.cancelled()) throw cancelled_error();
}

}  // namespace yent::training
