#include "engine/core/step_window.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

namespace yent {
namespace {

constexpr int kLastStep = std::numeric_limits<int>::max();

bool parse_step(std::string_view text, int& to) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc() && at == text.data() + text.size() && to >= 0;
}

}  // namespace

bool StepWindow::holds(const Moment& m) const {
  if (whole) return true;
  constexpr double close = 1e-6;
  if (m.noise > most_noise + close || m.noise < least_noise - close) return false;
  return steps.empty() || std::ranges::any_of(steps, [&](const std::pair<int, int>& range) {
           return range.first <= m.step && m.step <= range.second;
         });
}

double StepWindow::progress(const Moment& m, std::span<const Moment> all) const {
  std::set<int> held;
  for (const Moment& each : all) {
    if (holds(each)) held.insert(each.step);
  }
  if (held.size() < 2) return 0;
  return static_cast<double>(std::distance(held.begin(), held.lower_bound(m.step))) /
         static_cast<double>(held.size() - 1);
}

bool parse_steps(std::string_view text, StepWindow& window) {
  window.whole = false;
  while (!text.empty()) {
    const std::string_view range = text.substr(0, text.find(','));
    text.remove_prefix(std::min(range.size() + 1, text.size()));
    const size_t dash = range.find('-');
    std::pair<int, int> found{0, kLastStep};
    const std::string_view first = range.substr(0, dash);
    if (!first.empty() && !parse_step(first, found.first)) return false;
    if (dash == std::string_view::npos) {
      found.second = found.first;
    } else if (dash + 1 < range.size() && !parse_step(range.substr(dash + 1), found.second)) {
      return false;
    }
    if (range.size() < 2 && first.empty()) return false;
    if (found.second < found.first) return false;
    window.steps.push_back(found);
  }
  return !window.steps.empty();
}

bool parse_noise(std::string_view text, StepWindow& window) {
  window.whole = false;
  double first = 0, last = 0;
  if (text.find("..") == std::string_view::npos || !parse_range(text, first, last)) return false;
  window.most_noise = std::max(first, last);
  window.least_noise = std::min(first, last);
  return window.least_noise >= 0 && window.most_noise <= 1;
}

bool parse_number(std::string_view text, double& to) {
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, to);
  return error == std::errc() && at == end && std::isfinite(to);
}

bool parse_range(std::string_view text, double& first, double& last) {
  const size_t dots = text.find("..");
  if (!parse_number(text.substr(0, dots), first)) return false;
  last = first;
  return dots == std::string_view::npos || parse_number(text.substr(dots + 2), last);
}

}  // namespace yent
