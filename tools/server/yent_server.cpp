// yent-server: Yent on a page and over HTTP.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "engine/pipeline/assets.h"
#include "engine/pipeline/measured.h"
#include "tools/exit_code.h"
#include "tools/server/options.h"
#include "tools/server/service.h"

namespace yent::server {
namespace {

ServerConfig config_of(const ServerOptions& o) {
  ServerConfig config{.jobs = {.queued = static_cast<size_t>(o.queue),
                               .queued_of_client = static_cast<size_t>(o.queue_each),
                               .bytes_of_client = static_cast<size_t>(o.mb_each) << 20},
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

// Each thread keeps freed blocks for itself, wherever they lie, and with each a page of what
// pictures have left: a megabyte after some hundred of them. glibc can be told not to only before
// it begins; where that fails, the server goes on as it is.
void begin_without_thread_caches(char** argv) {
  if (std::getenv("GLIBC_TUNABLES")) return;
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return;
  ::setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
  ::execv(self.c_str(), argv);
}

void explain(const ServerOptions& o, const Shelf& shelf) {
  Console console({});
  const ChosenDevice device = choose_device(o, console);
  Pipeline pipeline({.model = shelf.model("default"),
                     .policy = device.policy,
                     .tokenizer = {.fallback = [] { return shipped("clip"); }}},
                    {device.backend.get()});
  print_and_flush(layers_text(pipeline.explain()));
}

void run(int argc, char** argv) {
  const auto options = parse_server_options(argc, argv,
                                            {.isa = std::getenv("YENT_ISA"),
                                             .home = std::getenv("HOME"),
                                             .data_home = std::getenv("XDG_DATA_HOME")});
  if (!options) return;
  const ServerOptions& o = *options;
  const ShelfFolders folders{
      .model = o.model, .voice = o.voice, .models = o.models, .loras = o.loras, .styles = o.styles};
  if (o.explain) return explain(o, Shelf(folders));
  raise_open_files();
  Service service({.host = o.host,
                   .port = o.port,
                   .shelf = folders,
                   .store = o.store,
                   .kept = {.picture_bytes = int64_t{o.keep_mb} << 20,
                            .days = static_cast<double>(o.keep_days)},
                   .server = config_of(o),
                   .painter = {.device = o.device,
                               .isa = o.isa,
                               .precision = o.precision,
                               .policy = o.policy,
                               .threads = o.threads},
                   .voice = {.isa = o.isa}});
  service.stop_at_signals();
  const bool is_six = o.host.find(':') != std::string::npos;
  std::fprintf(stderr, "yent-server: http://%s:%d\n",
               (is_six ? "[" + o.host + "]" : o.host).c_str(), service.port());
  service.run();
}

}  // namespace
}  // namespace yent::server

int main(int argc, char** argv) {
  yent::server::begin_without_thread_caches(argv);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // past a limit on sizes a write fails as on a full disk
  ::umask(077);
  return yent::run_program("yent-server", [&] { yent::server::run(argc, argv); });
}
