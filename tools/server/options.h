// The command line of yent-server.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/device_options.h"

namespace yent::server {

struct ServerOptions : DeviceOptions {
  std::string host = "127.0.0.1";
  int port = 8080;
  std::string key_file;
  bool no_auth = false;
  std::vector<std::string> hosts, origins, proxies;
  std::string public_url;

  std::string model = "default", voice = "default";
  std::string models, loras, styles;

  std::string store;  // a folder
  int keep_mb = 2048, keep_days = 30;
  int queue = 100, queue_each = 20, mb_each = 64;
  std::string node;

  bool log_json = false, log_prompts = false, quiet = false;
};

// What of the environment counts.
struct ServerEnvironment {
  const char *isa = nullptr, *home = nullptr, *data_home = nullptr;
};

// Throws a usage error of one sentence. Nothing where a question was answered instead.
std::optional<ServerOptions> parse_server_options(int argc, char** argv,
                                                  const ServerEnvironment& environment);

}  // namespace yent::server
