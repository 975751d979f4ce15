#include "tools/server/service.h"

#include <malloc.h>

#include "tools/server/jobs/recovery.h"
#include "tools/server/workers/now.h"

namespace yent::server {
namespace {

constexpr std::chrono::seconds kTimeToFinish{7};  // of 10 that a stop may take
constexpr std::chrono::hours kSweep{1};
constexpr std::chrono::seconds kTrim{10};

std::unique_ptr<DiskStore> open_store(const ServiceConfig& config, std::vector<JobRecord>& left) {
  auto disk = std::make_unique<DiskStore>(config.store, config.kept);
  left = disk->unfinished();
  return disk;
}

}  // namespace

Service::Service(const ServiceConfig& config)
    : shelf_(config.shelf),
      store_(loop_, open_store(config, left_)),
      server_(loop_, shelf_, store_, config.server),
      http_(loop_, server_, config.host, config.port, config.http) {
  server_.http = &http_;
  take_workers(config);
  take_up_stored(server_, left_);
  left_.clear();
  sweep();
  trim();
}

void Service::take_workers(const ServiceConfig& config) {
  PainterConfig painter = config.painter;
  painter.warn = [this](const std::string& sentence) { server_.log.say(sentence); };
  painter_ = std::make_unique<PainterWorker>(
      loop_, shelf_, std::move(painter),
      [this](const std::optional<Error>& error, const std::string& model) {
        if (!loaded(error)) return;
        server_.models.painter = model;
        server_.jobs.painter_is_ready();
      });
  voice_ = std::make_unique<VoiceWorker>(
      loop_, shelf_, config.voice,
      [this](const std::optional<Error>& error, const std::string& about) {
        if (!loaded(error)) return;
        server_.models.voice_a = server_.models.voice_b = about;
        server_.jobs.voice_is_ready();
      });
  server_.jobs.use(*painter_, *voice_);
}

// The threads post to the loop, which is to go last.
Service::~Service() {
  server_.jobs.hand_back();
  painter_->finish();
  voice_->finish();
  store_.finish();
}

bool Service::loaded(const std::optional<Error>& error) {
  if (error) {
    broken_ = error;
    loop_.stop();
  }
  return !error;
}

void Service::sweep() {
  store_.ask([](DiskStore& disk) { disk.sweep(unix_time()); }, [](const Outcome<Done>&) {});
  sweep_ = loop_.after(kSweep, [this] { sweep(); });
}

// The allocator keeps what pictures have left: 16 KB of each, until it is told to give it back.
void Service::trim() {
  store_.ask([](DiskStore&) { ::malloc_trim(0); }, [](const Outcome<Done>&) {});
  trim_ = loop_.after(kTrim, [this] { trim(); });
}

void Service::run() {
  loop_.run();
  if (broken_) throw *broken_;
}

void Service::stop() {
  loop_.post([this] { wind_down(); });
}

void Service::wind_down() {
  if (!server_.config.quiet) server_.log.say("stopping");
  http_.stop_listening();
  http_.close_idle();
  end_ = loop_.after(kTimeToFinish, [this] { server_.jobs.hand_back(); });
  server_.jobs.drain([this] {
    store_.ask([](DiskStore&) {},
               [this](const Outcome<Done>&) {
                 // The last answers are on their way.
                 end_ = loop_.after(std::chrono::milliseconds(100), [this] { loop_.stop(); });
               });
  });
}

}  // namespace yent::server
