// yent-diffuse convert, info: files of models.
#include "engine/characters/checkpoint.h"
#include "engine/models/char_diffusion.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "loaders/io/output_file.h"
#include "tools/diffuse/commands.h"

namespace yent::diffuse {

void convert(const Options& o, Console& console) {
  if (o.words.size() != 2) {
    throw usage_error("convert takes two files, IN and OUT, not {}", o.words.size());
  }
  const std::string &from = o.words[0], &to = o.words[1];
  character_diffusion::CheckpointFile file = character_diffusion::read_checkpoint(from);
  if (o.heads > 0) file.heads = o.heads;
  if (o.length > 0) file.length = o.length;
  // A file that cannot be run is refused, not copied.
  CharDiffusionConfig::from_tensors(file.tensors, file.heads);
  ensure_writable(to);
  character_diffusion::write_checkpoint(to, file, character_diffusion::storage_named(o.type));
  console.say(fmt::format("{}: {} bytes", to, std::filesystem::file_size(to)));
}

void info(const Options& o, Console& console) {
  if (o.words.size() > 1) throw usage_error("info takes one file, not {}", o.words.size());
  const character_diffusion::CheckpointFile file =
      character_diffusion::read_checkpoint(o.words.empty() ? o.model : o.words.front());
  const auto c =
      CharDiffusionConfig::from_tensors(file.tensors, o.heads > 0 ? o.heads : file.heads);
  int64_t parameters = 0;
  for (const HostTensor& t : file.tensors.tensors) parameters += t.count();
  const std::pair<std::string, Json> lines[] = {
      {"file", file.tensors.path},  {"tensors", file.tensors.tensors.size()},
      {"parameters", parameters},   {"stored", file.stored},
      {"vocabulary", c.vocabulary}, {"width", c.width},
      {"mlp_width", c.mlp_width},   {"layers", c.layers},
      {"heads", c.heads},           {"length", file.length > 0 ? file.length : 256},
      {"diffusion_steps", c.steps}};
  Json json = Json::object({});
  std::string text;
  for (const auto& [name, value] : lines) {
    json[name] = value;
    text += fmt::format("{:<16} {}\n", name, value.text() ? *value.text() : value.dump());
  }
  console.print(o.json ? json.dump() + "\n" : text);
}

}  // namespace yent::diffuse
