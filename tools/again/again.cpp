#include "tools/again/again.h"

#include <algorithm>
#include <map>

#include "kernels/error.h"
#include "loaders/io/fingerprint.h"
#include "tools/menu/preset_options.h"
#include "tools/outputs.h"

namespace yent {
namespace {

// What a picture is made of, not made with: another one gives another picture for sure.
constexpr std::string_view kIngredients[] = {"-i", "--mask", "--cond", "--init-latent"};

bool is_ingredient(std::string_view option) {
  return std::ranges::find(kIngredients, option) != std::end(kIngredients);
}

// An exact policy has the same bytes on all but the reference backend.
std::string isa_of(const Run& run) {
  const std::string isa = run.backend().isa();
  const bool any = run.policy.exact() && run.backend().device() == "cpu" && isa != "ref";
  return any ? "any" : isa;
}

// The voice is left out: what it said is kept; and the preset, whose values are.
std::vector<std::pair<std::string, std::string>> fingerprints(const Options& o) {
  std::map<std::string, std::vector<std::filesystem::path>> files;
  for (const NamedFile& file : inputs_of(o)) {
    if (file.option.starts_with("--llm") || file.option == "--preset") continue;
    files[file.option].push_back(file.path);
  }
  std::vector<std::pair<std::string, std::string>> prints;
  for (const auto& [option, paths] : files) prints.emplace_back(option, fingerprint(paths));
  return prints;
}

std::string found_of(const std::vector<std::pair<std::string, std::string>>& prints,
                     const std::string& option) {
  for (const auto& [name, print] : prints) {
    if (name == option) return print;
  }
  return "";
}

std::string text_in(const Json& report, const char* key) {
  const std::string* text = report[key].text();
  return text ? *text : "";
}

}  // namespace

std::optional<Recipe> recipe_of(const Run& run, const PaintRequest& request) {
  const Options& o = run.options;
  if (!o.init_latent.empty() && o.batch > 1) return {};  // each takes another part of the file
  Recipe r{.version = YENT_VERSION,
           .device = run.backend().device(),
           .isa = isa_of(run),
           .arguments = resolved_arguments(o, request, !run.report["said"].is_null()),
           .files = fingerprints(o)};
  // A conversation may have changed it.
  std::erase_if(r.arguments, [](const std::string& a) { return a.starts_with("--style="); });
  if (!o.style.empty()) r.arguments.push_back("--style=" + o.style);
  if (run.report["said"].is_null()) return r;
  r.said = text_in(run.report, "said");
  r.prompt = text_in(run.report, "prompt");
  r.mood = text_in(run.report, "mood");
  r.temperature = run.report["temperature"].number().value_or(0);
  return r;
}

void compare_with_recipe(Run& run) {
  const Recipe& r = *run.options.recipe;
  const auto differs = [&](const std::string& what, const std::string& then,
                           const std::string& now) {
    if (then == now) return;
    run.console.warn(fmt::format("{} was painted by {} {}, this is {}: the picture may differ",
                                 r.origin, what, then, now));
  };
  differs("yent", r.version, YENT_VERSION);
  differs("the device", r.device, run.backend().device());
  differs("the instruction set", r.isa, isa_of(run));
  const auto now = fingerprints(run.options);
  for (const auto& [option, print] : r.files) {
    const std::string found = found_of(now, option);
    if (found == print) continue;
    if (is_ingredient(option)) {
      throw file_error("{} was painted with a file of {} that is {} here, expected the same one",
                       r.origin, option, found.empty() ? "missing" : "another");
    }
    run.console.warn(fmt::format("{} was painted with other weights of {}: the picture may differ",
                                 r.origin, option));
  }
}

Reaction recall(Run& run) {
  const Recipe& r = *run.options.recipe;
  run.report["said"] = *r.said;
  run.report["words"] = run.words = r.words;
  run.report["prompt"] = *r.prompt;
  run.report["mood"] = r.mood;
  run.report["temperature"] = r.temperature;
  Reaction reaction;
  reaction.mood = r.mood;
  reaction.words = r.words;
  reaction.prompt = *r.prompt;
  reaction.temperature = static_cast<float>(r.temperature);
  return reaction;
}

}  // namespace yent
