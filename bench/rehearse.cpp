#include "bench/rehearse.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <vector>

#include "engine/core/trace.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/named_policy.h"
#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/runtime/rehearsal.h"
#include "kernels/devices.h"

namespace yent {
namespace {

struct Stage {
  std::string name;
  std::vector<TracedOp> ops;

  double ms() const {
    double sum = 0;
    for (const TracedOp& op : ops) sum += op.ms;
    return sum;
  }
};

// The second of two pictures: the first one touches the memory.
std::vector<Stage> stages_with(const RehearsalOf& what, int threads) {
  const auto backend = std::move(make_backends("cpu", what.isa, threads, 1).front());
  const Rehearsal rehearsal;
  TraceBackend trace(*backend, [&] { return rehearsal.now(); });
  Pipeline pipeline({.model = painter_path(what.model),
                     .policy = named_policy(what.policy, what.precision, *backend),
                     .tokenizer = {.fallback = [] { return shipped("clip"); }}},
                    {&trace});
  PaintRequest request{.prompt = "a clock",
                       .spec = {.width = what.width, .height = what.height, .steps = 2},
                       .seed = 1};
  std::vector<Stage> found;
  for (int turn = 0; turn < 2; ++turn) {
    found.clear();
    trace.clear();
    request.prompt += '.';  // the same words would not be encoded again
    pipeline.paint(request, {.stage = [&](std::string_view stage) {
                     found.push_back({std::string(stage), trace.ops()});
                     trace.clear();
                   }});
  }
  return found;
}

void print(const Stage& alone, const Stage& together, int threads) {
  const double one = alone.ms(), many = together.ms();
  std::printf("\n%s: %.1f ms with one thread, %.2f with %d: %.1f times as fast\n",
              alone.name.c_str(), one, many, threads, one / many);
  std::map<std::string, double> before;
  for (const TracedOp& op : alone.ops) before[op.name + op.op] = op.ms;
  struct Loss {
    const TracedOp* op;
    double one, lost;
  };
  std::vector<Loss> losses;
  for (const TracedOp& op : together.ops) {
    const double ms = before[op.name + op.op];
    losses.push_back({&op, ms, op.ms - ms / threads});
  }
  std::ranges::sort(losses, std::greater(), &Loss::lost);
  std::printf("%-64s %-12s %9s %9s %6s %9s\n", "layer", "op", "ms of 1", "together", "times",
              "of a loss");
  for (size_t i = 0; i < std::min<size_t>(losses.size(), 12); ++i) {
    const auto& [op, ms, lost] = losses[i];
    std::printf("%-64s %-12s %9.3f %9.3f %6.1f %8.1f%%\n", op->name.c_str(), op->op.c_str(), ms,
                op->ms, ms / op->ms, 100 * lost / (many - one / threads));
  }
}

}  // namespace

void print_rehearsal(const RehearsalOf& what, int threads) {
  const std::vector<Stage> alone = stages_with(what, 1), together = stages_with(what, threads);
  for (size_t i = 0; i < alone.size() && i < together.size(); ++i) {
    print(alone[i], together[i], threads);
  }
}

}  // namespace yent
