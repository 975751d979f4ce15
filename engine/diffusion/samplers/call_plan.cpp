#include "engine/diffusion/samplers/call_plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace yent {

std::vector<PlannedCall> plan_calls(const Schedule& schedule, const CallWish& wish) {
  const double last = wish.timesteps - 1;
  std::vector<PlannedCall> plan;
  int sharing = 0;  // calls that share the features which are kept
  bool of_two_images = false;
  for (const ModelCall& call : schedule.calls) {
    const double share = last > 0 ? 1 - call.t / last : 0;
    const bool guided = wish.guided && wish.guided_in.contains(share);
    const bool takes = sharing > 0 && sharing < wish.cache && (of_two_images || !guided);
    if (!takes) of_two_images = guided;
    sharing = takes ? sharing + 1 : 1;
    plan.push_back({guided, takes});
  }
  return plan;
}

std::string calls_text(const Schedule& schedule, const std::vector<PlannedCall>& plan) {
  const auto full = std::ranges::count(plan, false, &PlannedCall::takes_deep);
  const auto guided = std::ranges::count(plan, true, &PlannedCall::guided);
  const auto all = static_cast<ptrdiff_t>(plan.size());
  const bool partly = guided > 0 && guided < all;
  if (full == all && !partly) return {};
  std::string text = fmt::format("{} calls: {} through all layers, {} guided", all, full, guided);
  if (!partly) return text;
  const auto sigma = [&](size_t i) {
    const Mixture& level = schedule.calls[i].level;
    return level.noise / level.picture;
  };
  const auto is_guided = [](const PlannedCall& call) { return call.guided; };
  const auto first = std::ranges::find_if(plan, is_guided) - plan.begin();
  size_t end = plan.size() - 1;
  while (!plan[end].guided) --end;
  return text + fmt::format(", at noise levels (sigma) {:.3g} to {:.3g}",
                            sigma(static_cast<size_t>(first)), sigma(end));
}

}  // namespace yent
