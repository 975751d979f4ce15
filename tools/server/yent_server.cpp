// yent-server: Yent on a page and over HTTP.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>

#include "engine/pipeline/assets.h"
#include "engine/pipeline/measured.h"
#include "tools/exit_code.h"
#include "tools/server/jobs/recovery.h"
#include "tools/server/options.h"
#include "tools/server/server.h"
#include "tools/server/workers/now.h"

namespace yent::server {
namespace {

constexpr std::chrono::seconds kTimeToFinish{7};  // of 10 that a stop may take
constexpr std::chrono::hours kSweep{1};

ServerConfig config_of(const ServerOptions& o) {
  ServerConfig config{.jobs = {.queued = static_cast<size_t>(o.queue),
                               .queued_of_client = static_cast<size_t>(o.queue_each)},
                      .node = o.node,
                      .public_url = o.public_url,
                      .log_json = o.log_json,
                      .log_prompts = o.log_prompts,
                      .quiet = o.quiet};
  config.access.hosts = o.hosts;
  config.access.hosts.push_back(o.host);
  config.access.origins = o.origins;
  for (const std::string& range : o.proxies) {
    config.access.proxies.push_back(*AddressRange::parse(range));
  }
  config.access.secure_cookies = o.public_url.starts_with("https://");
  if (!o.key_file.empty()) config.access.keys = read_keys(o.key_file);
  return config;
}

// Each event stream is an open file.
void raise_open_files() {
  struct rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void explain(const ServerOptions& o, const Shelf& shelf) {
  const ChosenDevice device = choose_device(o);
  Pipeline pipeline({.model = shelf.model("default"),
                     .policy = device.policy,
                     .tokenizer = {.fallback = [] { return shipped("clip"); }}},
                    {device.backend.get()});
  print_and_flush(layers_text(pipeline.explain()));
}

void sweep_again_and_again(Server& server, std::shared_ptr<Loop::Timer>& timer) {
  server.store.ask([](DiskStore& disk) { disk.sweep(unix_time()); }, [](const Outcome<Done>&) {});
  timer = server.loop.after(kSweep, [&] { sweep_again_and_again(server, timer); });
}

// No new work; what runs is finished or handed back; what was written is on disk.
void stop(Server& server, HttpServer& http, std::shared_ptr<Loop::Timer>& timer) {
  server.log.say("stopping");
  http.stop_listening();
  http.close_idle();
  timer = server.loop.after(kTimeToFinish, [&server] { server.jobs.hand_back(); });
  server.jobs.drain([&server, &timer] {
    server.store.ask([](DiskStore&) {},
                     [&server, &timer](const Outcome<Done>&) {
                       // The last answers are on their way.
                       timer = server.loop.after(std::chrono::milliseconds(100),
                                                 [&server] { server.loop.stop(); });
                     });
  });
}

void run(int argc, char** argv) {
  const auto options = parse_server_options(argc, argv,
                                            {.isa = std::getenv("YENT_ISA"),
                                             .home = std::getenv("HOME"),
                                             .data_home = std::getenv("XDG_DATA_HOME")});
  if (!options) return;
  const ServerOptions& o = *options;
  const Shelf shelf({.model = o.model,
                     .voice = o.voice,
                     .models = o.models,
                     .loras = o.loras,
                     .styles = o.styles});
  if (o.explain) return explain(o, shelf);
  raise_open_files();
  Loop loop;
  auto disk =
      std::make_unique<DiskStore>(o.store, StoreLimits{.picture_bytes = int64_t{o.keep_mb} << 20,
                                                       .days = static_cast<double>(o.keep_days)});
  const std::vector<JobRecord> left = disk->unfinished();
  Store store(loop, std::move(disk));
  Server server(loop, shelf, store, config_of(o));
  HttpServer http(loop, server, o.host, o.port);
  server.http = &http;
  std::optional<Error> broken;
  const auto check = [&](const std::optional<Error>& error) {
    if (error) broken = error, loop.stop();
    return !error;
  };
  PainterWorker painter(loop, shelf,
                        {.device = o.device,
                         .isa = o.isa,
                         .precision = o.precision,
                         .policy = o.policy,
                         .threads = o.threads},
                        [&](const std::optional<Error>& error, const std::string& model) {
                          if (!check(error)) return;
                          server.models.painter = model;
                          server.jobs.painter_is_ready();
                        });
  VoiceWorker voice(loop, shelf, {.isa = o.isa},
                    [&](const std::optional<Error>& error, const std::string& about) {
                      if (!check(error)) return;
                      server.models.voice_a = server.models.voice_b = about;
                      server.jobs.voice_is_ready();
                    });
  server.jobs.use(painter, voice);
  take_up_stored(server, left);
  std::shared_ptr<Loop::Timer> sweep, end;
  sweep_again_and_again(server, sweep);
  loop.on_termination([&] { stop(server, http, end); });
  server.log.say(fmt::format("http://{}:{}",
                             o.host.find(':') == std::string::npos ? o.host : "[" + o.host + "]",
                             http.port()));
  loop.run();
  server.jobs.hand_back();
  painter.finish();
  voice.finish();
  store.finish();
  if (broken) throw *broken;
}

}  // namespace
}  // namespace yent::server

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // past a limit on sizes a write fails as on a full disk
  ::umask(077);
  return yent::run_program("yent-server", [&] { yent::server::run(argc, argv); });
}
