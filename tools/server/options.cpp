#include "tools/server/options.h"

#include <algorithm>

#include "kernels/error.h"
#include "tools/command_line/questions.h"
#include "tools/server/access/addresses.h"

namespace yent::server {
namespace {

constexpr const char* kDescription =
    R"(The page is at the address that the program prints. The routes are described at /openapi.json; those
of OpenAI's and AUTOMATIC1111's programs are among them.
.PP
Without a key file the server is for this machine alone. A key file has a key of at least 16 characters
a line, and is readable by its owner only (mode 600).
.PP
SIGTERM ends the server within 10 seconds: a picture that is not finished by then is painted after the
next start, if it is a job of POST /jobs.
)";

constexpr const char* kExitStatus =
    R"(.IP 0 5
ended by SIGTERM or SIGINT
.IP 1
the address or the store cannot be had, or the models do not fit the memory
.IP 2
the command line is wrong
.IP 3
a model, the key file or the store is missing or damaged
)";

About about() {
  return {.name = "yent-server",
          .purpose = "Yent on a web page, and for programs over HTTP.",
          .usages = {"[options]"},
          .examples = {{"yent-server", "a page for this machine, at http://127.0.0.1:8080"},
                       {"yent-server --listen 0.0.0.0:8080 --api-key-file keys",
                        "for a network, with keys"},
                       {"yent-server --models ~/models --loras ~/loras",
                        "other models beside the default, by name"}},
          .sections = {{"DESCRIPTION", kDescription}, {"EXIT STATUS", kExitStatus}}};
}

void read_listen(const std::string& text, ServerOptions& o) {
  const auto parsed = parse_host_port(text);
  if (!parsed) throw usage_error("--listen is '{}', expected HOST:PORT", text);
  if (!parsed->host.empty()) o.host = parsed->host;
  if (parsed->port >= 0) o.port = parsed->port;
}

void add_options(CommandLine& line, ServerOptions& o) {
  OptionGroup network(line, "Network");
  network.add(
      "--listen HOST:PORT", [&o](const std::string& text) { read_listen(text, o); },
      "where (127.0.0.1:8080); any but this machine demands a key file or --no-auth");
  network.add("--api-key-file FILE", o.key_file, "keys, one a line, of which one must be shown");
  network.flag("--no-auth", o.no_auth, "everybody may come in, whatever the address");
  network.add("--allow-host NAME", o.hosts, "a name of this server, beside localhost");
  network.add("--cors ORIGIN", o.origins, "pages of https://NAME may ask");
  network.add("--trust-proxy CIDR", o.proxies, "proxies whose X-Forwarded-For counts");
  network.add("--public-url URL", o.public_url, "in front of addresses of pictures");
  OptionGroup models(line, "Models");
  models.add("-m,--model PATH", o.model, "the painter");
  models.add("--llm PATH", o.voice, "the voice, a GGUF file");
  models.add("--models DIR", o.models, "other painters that requests can name");
  models.add("--loras DIR", o.loras, "adapters that requests can name");
  models.add("--styles DIR", o.styles, "styles that requests can name, beside those that ship");
  OptionGroup work(line, "Work and store");
  work.add("--store DIR", o.store, "jobs, pictures and conversations (~/.local/share/yent/server)");
  work.add("--keep-mb N", o.keep_mb, "megabytes of pictures; the oldest go first (2048)");
  work.add("--keep-days N", o.keep_days, "days that pictures and words stay (30)");
  work.add("--queue N", o.queue, "jobs that may wait (100)");
  work.add("--queue-each N", o.queue_each, "of one client (20)");
  work.add("--mb-each N", o.mb_each,
           "megabytes that jobs of one client may hold until they are over (64)");
  work.add("--node NAME", o.node, "this server's name inside ids, where several share the work");
  OptionGroup device(line, "Device");
  add_device_options(device, o);
  OptionGroup log(line, "Log");
  log.flag("--log-json", o.log_json, "an object a line");
  log.flag("--log-prompts", o.log_prompts, "with what people say");
  log.flag("-q,--quiet", o.quiet, "no line for a request");
}

std::string usual_store(const ServerEnvironment& environment) {
  if (environment.data_home && *environment.data_home) {
    return std::string(environment.data_home) + "/yent/server";
  }
  if (environment.home && *environment.home) {
    return std::string(environment.home) + "/.local/share/yent/server";
  }
  throw usage_error("there is no home folder; --store names one for jobs and pictures");
}

void check_options(ServerOptions& o, const CommandLine& line) {
  if (o.no_auth && !o.key_file.empty()) {
    throw usage_error("--no-auth and --api-key-file contradict each other");
  }
  if (!is_loopback(o.host) && o.key_file.empty() && !o.no_auth) {
    throw usage_error("{} is for everybody who reaches it: expected --api-key-file, or --no-auth",
                      o.host);
  }
  in_range("--keep-mb", o.keep_mb, 1, 1 << 30);
  in_range("--keep-days", o.keep_days, 1, 36500);
  in_range("--queue", o.queue, 1, 1'000'000);
  if (!line.given("--queue-each")) o.queue_each = std::min(o.queue_each, o.queue);
  in_range("--queue-each", o.queue_each, 1, o.queue);
  in_range("--mb-each", o.mb_each, 1, 1 << 20);
  for (const std::string& range : o.proxies) {
    if (!AddressRange::parse(range)) {
      throw usage_error("--trust-proxy is '{}', expected addresses such as 10.0.0.0/8", range);
    }
  }
  for (const std::string& origin : o.origins) {
    const bool whole = origin.starts_with("http://") || origin.starts_with("https://");
    if (!whole || origin.ends_with('/')) {
      throw usage_error("--cors is '{}', expected https://NAME without a path", origin);
    }
  }
  const bool plain =
      std::ranges::all_of(o.node, [](unsigned char c) { return std::isalnum(c) != 0 && c < 128; });
  if (!plain || o.node.size() > 32) {
    throw usage_error("--node is '{}', expected at most 32 letters and digits", o.node);
  }
  while (o.public_url.ends_with('/')) o.public_url.pop_back();
}

}  // namespace

std::optional<ServerOptions> parse_server_options(int argc, char** argv,
                                                  const ServerEnvironment& environment) {
  ServerOptions o;
  Questions questions;
  CommandLine line("yent-server");
  add_options(line, o);
  add_questions(line, questions, "yent-server");
  line.parse(argc, argv);
  if (answer(questions, about(), line)) return std::nullopt;
  check_device_options(o, line, environment.isa);
  check_options(o, line);
  if (o.store.empty()) o.store = usual_store(environment);
  return o;
}

}  // namespace yent::server
