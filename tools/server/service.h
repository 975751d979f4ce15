// A whole server: what listens, what paints and speaks, and what is kept, put together.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "tools/server/server.h"

namespace yent::server {

struct ServiceConfig {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: a free one
  ShelfFolders shelf = {};
  std::filesystem::path store = {};
  StoreLimits kept = {};
  ServerConfig server = {};
  HttpLimits http = {};
  PainterConfig painter = {};
  VoiceConfig voice = {};
};

class Service {
 public:
  // Listens, and takes up the jobs of a server before. Throws file and run errors.
  explicit Service(const ServiceConfig& config);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  int port() const { return http_.port(); }
  const Shelf& shelf() const { return shelf_; }

  // Serves until stop(). Throws what keeps the models from being loaded.
  void run();
  // From any thread, and at SIGTERM if run() may have the signals: takes no more work, finishes
  // what runs or hands it back, and ends run() within 10 seconds.
  void stop();
  void stop_at_signals() {
    loop_.on_termination([this] { stop(); });
  }
  // The same at once, for a server that is killed.
  void abandon() { loop_.stop(); }

 private:
  void take_workers(const ServiceConfig& config);
  void wind_down();
  void sweep();
  void trim();
  bool loaded(const std::optional<Error>& error);

  Shelf shelf_;
  Loop loop_;
  std::vector<JobRecord> left_;  // by a server before
  Store store_;
  Server server_;
  HttpServer http_;
  std::unique_ptr<PainterWorker> painter_;
  std::unique_ptr<VoiceWorker> voice_;
  std::shared_ptr<Loop::Timer> sweep_, trim_, end_;
  std::optional<Error> broken_;
};

}  // namespace yent::server
