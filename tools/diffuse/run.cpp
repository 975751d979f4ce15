#include "tools/diffuse/run.h"

#include <algorithm>
#include <random>

#include "engine/characters/text.h"
#include "engine/pipeline/assets.h"
#include "kernels/error.h"
#include "loaders/io/mapped_file.h"

namespace yent::diffuse {

Run::Run(const Options& options, Console& console)
    : seed(options.seed ? *options.seed : std::random_device{}()),
      device(choose_device(options, console)),
      options_(options),
      console_(console) {
  const Timings::Span span(&timings, "chars_load");
  const character_diffusion::CheckpointFile file =
      character_diffusion::read_checkpoint(options.model);
  if (options.length > 0) {
    length = options.length;
  } else if (file.length > 0) {
    length = file.length;
  }
  network = std::make_unique<character_diffusion::Network>(file, *device.backend, device.policy,
                                                           options.heads);
  if (!options.explain) return;
  for (const Resolved& layer : network->resolved()) {
    console.print(fmt::format("{:<40} {:<5} {:<20} {:>9} bytes{}\n", layer.layer,
                              precision_name(layer.precision), layer.kernel, layer.bytes,
                              layer.style.empty() ? "" : "  " + layer.style));
  }
}

std::vector<int32_t> Run::source_text() const {
  const auto path = options_.text.empty() ? shipped("tiny-diffusion/text.txt")
                                          : std::filesystem::path(options_.text);
  const MappedFile file(path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
  std::vector<int32_t> ids = character_diffusion::ids_of(text);
  if (ids.empty()) throw file_error("{}: the file is empty, expected a text", path.string());
  for (int32_t& id : ids) id = std::min(id, network->vocabulary() - 1);
  return ids;
}

void Run::report(Json json) const {
  Json stages = Json::object();
  for (const Timings::Stage& stage : timings.stages()) stages[stage.name] = stage.sum();
  if (options_.timings) {
    for (const Timings::Stage& s : timings.stages()) {
      console_.say(fmt::format("{:<12} {:10.2f} ms in {}", s.name, s.sum(), s.ms.size()));
    }
  }
  if (!options_.json) {
    console_.note(fmt::format("{} evaluations", json["evaluations"].get<int>()));
    if (!options_.seed) console_.say(fmt::format("seed {}", seed));
    return;
  }
  json["seed"] = seed;
  json["device"] = device.backend->device();
  json["isa"] = device.backend->isa();
  json["precision"] = precision_name(options_);
  json["threads"] = device.backend->threads();
  json["timings_ms"] = std::move(stages);
  console_.print(json.dump() + "\n");
}

}  // namespace yent::diffuse
