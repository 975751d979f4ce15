#include "bench/characters.h"

#include <random>

#include "engine/characters/network.h"
#include "engine/core/timing.h"

namespace yent {

std::vector<Row> bench_characters(const std::string& model, TraceBackend& trace,
                                  const Policy& policy, const Machine& machine, bool roofline) {
  constexpr int loads = 3, evaluations = 25, length = 256;
  Timings timings;
  std::unique_ptr<character_diffusion::Network> network;
  for (int i = 0; i < loads; ++i) {
    const Timings::Span span(&timings, "chars_load");
    network = std::make_unique<character_diffusion::Network>(
        character_diffusion::read_checkpoint(model), trace, policy);
  }
  // Half of them masked.
  std::mt19937 generator(1);
  std::vector<int32_t> ids(length);
  for (int32_t& id : ids) {
    const auto drawn = static_cast<int32_t>(generator() % (2 * network->vocabulary()));
    id = drawn < network->vocabulary() ? drawn : 0;
  }
  const std::vector<int32_t> time{network->steps() / 2};
  network->logits(ids, time, length);  // its memory is then touched
  trace.clear();
  network->logits(ids, time, length);
  Row step{.name = "chars_step", .ms = {}};
  add_costs(step, trace);
  if (roofline) print_roofline(step.name, trace, machine);
  for (int i = 0; i < evaluations; ++i) {
    const Timings::Span span(&timings, step.name);
    network->logits(ids, time, length);
  }
  trace.clear();
  step.ms = timings.stages()[1].ms;
  return {Row{.name = "chars_load", .ms = timings.stages()[0].ms}, step};
}

}  // namespace yent
