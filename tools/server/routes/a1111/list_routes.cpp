// Lists of what there is; those of what this server does not have are empty.
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "engine/diffusion/samplers/noise_levels.h"
#include "engine/diffusion/samplers/sampler_table.h"
#include "tools/server/routes/a1111/a1111_fields.h"
#include "tools/server/routes/a1111/a1111_routes.h"
#include "tools/server/server.h"

namespace yent::server {
namespace {

Json samplers(const Server&) {
  Json list = Json::array();
  for (const Sampler& sampler : sampler_table()) {
    const TitledSampler* titled = titled_sampler(sampler.name);
    Json row = Json::object(), aliases = Json::array();
    row["name"] = titled ? titled->title : sampler.name;
    aliases.push_back(sampler.name);
    for (const char* alias : sampler.aliases) aliases.push_back(alias);
    row["aliases"] = std::move(aliases);
    row["options"] = Json::object();
    list.push_back(std::move(row));
  }
  return list;
}

Json scheduler(const char* name, const char* label) {
  Json row = Json::object();
  row["name"] = name;
  row["label"] = label;
  row["aliases"] = nullptr;
  row["default_rho"] = -1;
  row["need_inner_model"] = false;
  return row;
}

Json schedulers(const Server&) {
  Json list = Json::array();
  list.push_back(scheduler("automatic", "Automatic"));
  for (const NamedNoiseLevels& levels : noise_levels_table()) {
    list.push_back(scheduler(levels.name, levels.title));
  }
  return list;
}

// Files by name alone: nobody is told where they are.
Json models(const Server& server) {
  Json list = Json::array();
  for (const std::string& name : server.shelf.model_names()) {
    Json row = Json::object();
    row["title"] = name;
    row["model_name"] = name;
    row["hash"] = nullptr;
    row["sha256"] = nullptr;
    row["filename"] = name;
    row["config"] = nullptr;
    list.push_back(std::move(row));
  }
  return list;
}

Json loras(const Server& server) {
  Json list = Json::array();
  for (const std::string& name : server.shelf.lora_names()) {
    Json row = Json::object();
    row["name"] = name;
    row["alias"] = name;
    row["path"] = name;
    row["metadata"] = Json::object();
    list.push_back(std::move(row));
  }
  return list;
}

Json embeddings(const Server&) {
  Json json = Json::object();
  json["loaded"] = Json::object();
  json["skipped"] = Json::object();
  return json;
}

Json scripts(const Server&) {
  Json json = Json::object();
  json["txt2img"] = Json::array();
  json["img2img"] = Json::array();
  return json;
}

Json memory(const Server&) {
  struct sysinfo machine = {};
  struct rusage own = {};
  ::sysinfo(&machine);
  ::getrusage(RUSAGE_SELF, &own);
  const uint64_t total = uint64_t{machine.totalram} * machine.mem_unit;
  const uint64_t used = static_cast<uint64_t>(own.ru_maxrss) * 1024;
  Json json = Json::object();
  json["ram"]["free"] = total - std::min(used, total);
  json["ram"]["used"] = used;
  json["ram"]["total"] = total;
  json["cuda"] = Json::object();
  return json;
}

Json flags(const Server&) {
  Json json = Json::object();
  json["api"] = true;
  return json;
}

Json nothing(const Server&) { return Json::array(); }

struct List {
  const char *name, *summary;
  Json (*make)(const Server&);
};

constexpr List kLists[] = {
    {"samplers", "samplers", samplers},
    {"schedulers", "noise levels", schedulers},
    {"sd-models", "painters", models},
    {"sd-vae", "other decoders: none", nothing},
    {"loras", "adapters", loras},
    {"embeddings", "words of one's own: none", embeddings},
    {"hypernetworks", "none", nothing},
    {"upscalers", "none", nothing},
    {"latent-upscale-modes", "none", nothing},
    {"face-restorers", "none", nothing},
    {"realesrgan-models", "none", nothing},
    {"prompt-styles", "none", nothing},
    {"scripts", "none", scripts},
    {"script-info", "none", nothing},
    {"memory", "of the machine and, at most so far, of the server", memory},
    {"cmd-flags", "how the server was started", flags},
};

}  // namespace

std::vector<Route> a1111_list_routes() {
  std::vector<Route> routes;
  for (const List& list : kLists) {
    routes.push_back(a1111_route("GET", list.name, list.summary,
                                 [make = list.make](const std::shared_ptr<Call>& call) {
                                   call->answer(200, make(call->server));
                                 }));
  }
  return routes;
}

}  // namespace yent::server
