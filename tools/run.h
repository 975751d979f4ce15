// The modes of yent-run. Each throws Error; main turns it into a sentence and an exit code.
#pragma once

#include <memory>
#include <vector>

#include "engine/core/policy.h"
#include "engine/core/timing.h"
#include "kernels/backend.h"
#include "loaders/io/json.h"
#include "tools/console.h"
#include "tools/options.h"

namespace yent {

class LineEditor;
class LiveShow;

// One invocation: the options, the device, and the report at the end.
struct Run {
  const Options& options;
  Console& console;
  const std::vector<std::unique_ptr<Backend>>& backends;  // share a batch; the first does the rest
  Policy policy;
  LiveShow* live = nullptr;  // null: pictures are not shown as they form
  uint64_t seed = 0;
  std::string words = {};  // what is painted, as it was said: they grow in the picture
  Timings timings = {};
  Json report = {};  // printed with --json

  Backend& backend() const { return *backends.front(); }

  // A run of its own with other options on the same devices, such as a conversation's, whose
  // options change from turn to turn.
  Run with(const Options& changed) const {
    return {.options = changed,
            .console = console,
            .backends = backends,
            .policy = policy,
            .live = live,
            .seed = seed};
  }
};

// Continues a text: --complete.
void complete(Run& run);

// Words to Yent, or a prompt to the painter; up to --prompt-only or to the written pictures.
void paint(Run& run);

// Turn after turn, until there are no more lines: -I.
void converse(const Run& run, LineEditor& lines);

// What --timings and --json say of the run at its end.
void print_report(Run& run);

// --explain without anything to paint.
void explain(Run& run);

// What every layer computes with, a line each.
void print_layers(Run& run, const std::vector<Resolved>& layers);

}  // namespace yent
