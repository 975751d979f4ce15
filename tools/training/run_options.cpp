#include "tools/training/run_options.h"

#include <fmt/format.h>

#include "engine/training/trainer.h"
#include "kernels/devices.h"
#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"
#include "tools/command_line/number.h"

namespace yent::training {
namespace {

std::string key_of(const char* flag) { return std::string("yent.option") + (flag + 1); }

void read_seed(const std::string& text, RunOptions& o) {
  o.seed = natural_number(text);
  if (o.seed || whole_number(text)) return;  // a negative one is a random one
  throw usage_error("--seed is '{}', expected a whole number below 2^64", text);
}

}  // namespace

void add_run_options(CommandLine& line, RunOptions& o) {
  OptionGroup training(line, "Training");
  training.add("--out DIR", o.out,
               fmt::format("where weights, the state of the run and its losses go ({})", o.out));
  training.flag("--resume", o.resume,
                "go on with the run in that folder, with the options that it was started with");
  training.add("--steps", o.steps, fmt::format("steps of the whole run ({})", o.steps));
  training.add("--batch", o.batch, fmt::format("sequences a step ({})", o.batch));
  training.add("--lr", o.rate, "learning rate, at its highest");
  training.add(
      "-s,--seed N", [&o](const std::string& text) { read_seed(text, o); },
      "seed of the first weights and of all that is drawn (random)");
  training.add("--validate-every", o.validate_every,
               fmt::format("steps between two looks at what is held out ({})", o.validate_every));
  training.add("--save-every", o.save_every,
               fmt::format("steps after which the state is saved ({})", o.save_every));
  training.add("--minutes", o.minutes, "save and stop after this time, to go on with --resume");
  training.add("--stop-at", o.stop_at, "save and stop after this step");
  training.flag("-q,--quiet", o.quiet, "nothing but errors");
  OptionGroup machine(line, "Machine");
  machine.add("-t,--threads", o.threads,
              "threads (physical cores that this process may use); the result is the same");
  machine.add("--isa NAME", o.isa,
              "the highest instruction set to use (the machine's best, or $YENT_ISA)", isa_names);
}

void check_run_options(RunOptions& o, const CommandLine& line, const char* environment_isa) {
  constexpr int most = 1 << 30;
  in_range("--steps", o.steps, 1, most);
  in_range("--batch", o.batch, 1, 1 << 16);
  in_range("--lr", o.rate, 1e-9, 1.0);
  in_range("--validate-every", o.validate_every, 1, most);
  in_range("--save-every", o.save_every, 1, most);
  in_range("--minutes", o.minutes, line.given("--minutes") ? 1e-3 : 0, 1e6);
  in_range("--stop-at", o.stop_at, line.given("--stop-at") ? 1 : 0, most);
  in_range("--threads", o.threads, line.given("--threads") ? 1 : 0, 1024);
  if (o.out.empty()) throw usage_error("--out is empty, expected a folder");
  if (o.isa.empty() && environment_isa) o.isa = environment_isa;
  if (o.resume && line.given("--seed")) {
    throw usage_error("--seed and --resume: a run keeps the seed that it began with");
  }
}

std::string FixedSettings::Row::text() const {
  return std::visit([](const auto* v) { return fmt::format("{}", *v); }, value);
}

bool FixedSettings::Row::read(const std::string& text) const {
  if (const auto* whole = std::get_if<int*>(&value)) {
    const auto number = whole_number(text);
    if (!number || *number < 0 || *number > INT32_MAX) return false;
    **whole = static_cast<int>(*number);
  } else if (const auto* real = std::get_if<double*>(&value)) {
    const auto number = decimal_number(text);
    if (!number) return false;
    **real = *number;
  } else {
    *std::get<std::string*>(value) = text;
  }
  return true;
}

std::map<std::string, std::string> FixedSettings::saved() const {
  std::map<std::string, std::string> all;
  for (const Row& row : rows_) all[key_of(row.flag)] = row.text();
  return all;
}

void FixedSettings::take(const std::filesystem::path& state, const CommandLine& line,
                         const std::function<void()>& check) const {
  const std::string where = state.string();
  const auto saved = saved_settings(state);
  for (const Row& row : rows_) {
    const auto found = saved.find(key_of(row.flag));
    if (found == saved.end()) throw file_error("{}: {} is missing", where, key_of(row.flag));
    const std::string typed = row.text();
    if (!row.read(found->second)) {
      throw file_error("{}: {} is '{}', expected a number", where, key_of(row.flag),
                       printable(found->second));
    }
    if (!line.given(row.flag) || row.text() == typed) continue;
    if (std::holds_alternative<std::string*>(row.value)) {
      throw usage_error("{}: the run in {} was begun with another file", row.flag,
                        state.parent_path().string());
    }
    throw usage_error("{} is {}, but the run in {} has {}", row.flag, typed,
                      state.parent_path().string(), row.text());
  }
  try {
    check();
  } catch (const Error& error) {
    throw file_error("{}: {}", where, error.what());
  }
}

}  // namespace yent::training
