#include "engine/pipeline/preset.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "engine/diffusion/samplers/sampler_table.h"
#include "engine/pipeline/assets.h"
#include "kernels/error.h"
#include "kernels/spelling.h"
#include "loaders/io/embedded.h"
#include "loaders/io/json.h"
#include "loaders/io/mapped_file.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

constexpr const char* kShipped = "presets/presets.json";
constexpr size_t kMostBytes = 1 << 20, kMostPrompts = 99;  // their numbers have two digits

const std::vector<std::string> kFields{"title",        "prefix",   "negative", "sampler", "steps",
                                       "steps_offset", "guidance", "width",    "height",  "seed",
                                       "resize",       "strength", "prompts"};
const std::vector<std::string> kPromptFields{"prompt", "negative"};

void refuse_unknown(const Json& object, const std::vector<std::string>& fields,
                    const std::string& where) {
  for (const Json::Member& member : object.items()) {
    if (std::ranges::find(fields, member.key) != fields.end()) continue;
    throw file_error("{}: there is no field \"{}\", expected {}", where, printable(member.key),
                     one_of(member.key, fields));
  }
}

bool has(const Json& object, const char* key) { return !object[key].is_null(); }

// A terminal shows these texts.
std::string text_of(const Json& object, const char* key, const std::string& where) {
  std::string text = get_string(object, key, {}, where);
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  // The controls of C1 are c2 80 to c2 9f in UTF-8.
  bool bad = std::ranges::any_of(text, is_control);
  for (size_t at = 0; (at = text.find('\xc2', at)) != text.npos; ++at) {
    bad |= at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
  }
  if (bad) throw file_error("{}: \"{}\" has a control character, expected text", where, key);
  return text;
}

std::optional<std::string> text_if(const Json& object, const char* key, const std::string& where) {
  if (!has(object, key)) return {};
  return text_of(object, key, where);
}

std::optional<int> int_if(const Json& object, const char* key, int least, int most,
                          const std::string& where) {
  if (!has(object, key)) return {};
  return static_cast<int>(get_int(object, key, {}, least, most, where));
}

std::optional<double> number_if(const Json& object, const char* key, double least, double most,
                                const std::string& where) {
  if (!has(object, key)) return {};
  return get_number(object, key, {}, least, most, where);
}

std::optional<int> side_if(const Json& object, const char* key, const std::string& where) {
  const std::optional<int> side = int_if(object, key, 8, 16384, where);
  if (side && *side % 8 != 0) {
    throw file_error("{}: \"{}\" is {}, expected a multiple of 8", where, key, *side);
  }
  return side;
}

std::optional<std::string> sampler_if(const Json& object, const std::string& where) {
  std::optional<std::string> name = text_if(object, "sampler", where);
  if (!name) return {};
  try {
    find_sampler(*name);
  } catch (const Error& unknown) {
    throw file_error("{}: {}", where, unknown.what());
  }
  return name;
}

std::optional<Resampling> resampling_if(const Json& object, const std::string& where) {
  const std::optional<std::string> name = text_if(object, "resize", where);
  if (!name) return {};
  const std::optional<Resampling> filter = find_resampling(*name);
  if (!filter) {
    throw file_error("{}: \"resize\" is {}, expected {}", where, printable(*name),
                     one_of(*name, resampling_names()));
  }
  return filter;
}

std::optional<uint64_t> seed_if(const Json& object, const std::string& where) {
  if (!has(object, "seed")) return {};
  const std::optional<uint64_t> seed = object["seed"].natural();
  if (!seed) throw file_error("{}: \"seed\" is no natural number below 2^64", where);
  return seed;
}

PresetPrompt read_prompt(const Json& entry, const std::string& where) {
  if (entry.text()) return {text_of(Json::object({{"prompt", entry}}), "prompt", where)};
  if (!entry.is_object()) {
    throw file_error("{}: {}, expected a text, or an object with \"prompt\" and \"negative\"",
                     where, entry.type_name());
  }
  refuse_unknown(entry, kPromptFields, where);
  return {text_of(entry, "prompt", where), text_if(entry, "negative", where)};
}

std::vector<PresetPrompt> read_prompts(const Json& list, const std::string& where) {
  if (list.is_null()) return {};
  if (!list.is_array() || list.size() > kMostPrompts) {
    throw file_error("{}: \"prompts\" is {} {}, expected a list of at most {}", where, list.size(),
                     list.is_array() ? "entries" : list.type_name(), kMostPrompts);
  }
  std::vector<PresetPrompt> prompts;
  for (const Json& entry : list) {
    prompts.push_back(read_prompt(entry, fmt::format("{}: prompt {}", where, prompts.size() + 1)));
  }
  return prompts;
}

Preset read_preset(const std::string& name, const Json& j, const std::string& where) {
  if (!j.is_object()) throw file_error("{}: {}, expected an object", where, j.type_name());
  refuse_unknown(j, kFields, where);
  Preset p{.name = name,
           .title = text_if(j, "title", where).value_or(name),
           .prefix = text_if(j, "prefix", where).value_or(""),
           .negative = text_if(j, "negative", where),
           .sampler = sampler_if(j, where),
           .steps = int_if(j, "steps", 1, 1000, where),
           .steps_offset = int_if(j, "steps_offset", 0, 999, where),
           .guidance = number_if(j, "guidance", 0, 1000, where),
           .strength = number_if(j, "strength", 0, 1, where),
           .width = side_if(j, "width", where),
           .height = side_if(j, "height", where),
           .seed = seed_if(j, where),
           .resampling = resampling_if(j, where),
           .prompts = read_prompts(j["prompts"], where)};
  if (p.strength == 0) throw file_error("{}: \"strength\" is 0, expected more", where);
  return p;
}

bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return (std::isalnum(c) && c < 0x80) || c == '-' || c == '_';
  });
}

std::vector<Preset> read_presets(const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  if (bytes.size() > kMostBytes) {
    throw file_error("{}: {} bytes, expected presets of at most {}", path.string(), bytes.size(),
                     kMostBytes);
  }
  return parse_presets({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

std::vector<std::string> names_of(const std::vector<Preset>& presets) {
  std::vector<std::string> names;
  for (const Preset& preset : presets) names.push_back(preset.name);
  return names;
}

Preset named(const std::vector<Preset>& presets, const std::string& name, const std::string& of) {
  for (const Preset& preset : presets) {
    if (preset.name == name) return preset;
  }
  throw file_error("{} has no preset {}, expected {}", of, printable(name),
                   one_of(name, names_of(presets)));
}

// FILE, or FILE:NAME; a colon that is part of a file's name is left alone.
Preset preset_of_file(const std::string& preset) {
  const size_t colon = preset.rfind(':');
  if (colon != preset.npos && !is_file(preset) && is_name(preset.substr(colon + 1))) {
    const std::string file = preset.substr(0, colon);
    return named(read_presets(file), preset.substr(colon + 1), file);
  }
  std::vector<Preset> presets = read_presets(preset);
  if (presets.size() == 1) return std::move(presets.front());
  throw file_error("{} has {} presets, expected one of them behind a colon: {}", preset,
                   presets.size(), fmt::join(names_of(presets), ", "));
}

}  // namespace

std::string Preset::prefixed(const std::string& text) const {
  const size_t end = prefix.find_last_not_of(' ');
  const std::string word = lower_case(prefix.substr(0, end == prefix.npos ? 0 : end + 1));
  return lower_case(text).find(word) == std::string::npos ? prefix + text : text;
}

std::vector<Preset> parse_presets(std::string_view text, const std::string& where) {
  const Json all = parse_json(text, where);
  if (!all.is_object() || all.empty()) {
    throw file_error("{}: {}, expected an object of presets", where,
                     all.is_object() ? "nothing in it" : all.type_name());
  }
  std::vector<Preset> presets;
  for (const Json::Member& member : all.items()) {
    if (!is_name(member.key)) {
      throw file_error("{}: the preset {} is no name of letters, digits, - and _", where,
                       printable(member.key));
    }
    presets.push_back(
        read_preset(member.key, member.value, fmt::format("{}: {}", where, member.key)));
  }
  return presets;
}

std::vector<std::string> preset_names() {
  const auto file = find_shipped(kShipped);
  return file ? names_of(read_presets(*file)) : std::vector<std::string>();
}

Preset find_preset(const std::string& preset) {
  if (preset.find_first_of("/.") != std::string::npos) return preset_of_file(preset);
  return named(read_presets(shipped(kShipped)), preset, "yent");
}

}  // namespace yent
