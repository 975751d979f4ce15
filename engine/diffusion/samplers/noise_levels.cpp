#include "engine/diffusion/samplers/noise_levels.h"

#include <cmath>
#include <string>
#include <vector>

#include "engine/diffusion/samplers/names.h"
#include "kernels/error.h"
#include "kernels/portable_math.h"
#include "kernels/spelling.h"

namespace yent {
namespace {

constexpr NamedNoiseLevels table[] = {
    {NoiseLevels::spaced, "normal", "Normal", nullptr},
    {NoiseLevels::karras, "karras", "Karras", "use_karras_sigmas"},
    {NoiseLevels::exponential, "exponential", "Exponential", "use_exponential_sigmas"},
    {NoiseLevels::beta, "beta", "Beta", "use_beta_sigmas"},
    {NoiseLevels::trailing, "trailing", "Simple", nullptr}};
static_assert(std::size(table) == static_cast<size_t>(NoiseLevels::last) + 1);

// The part of a beta distribution's mass (a = b = `a`) below x, up to x = 1/2, times a constant:
// the integral of (u (1 - u))^(a - 1) as a series of which every term is less than half the last.
double beta_mass(double x, double a) {
  double sum = 0, term = 1;
  for (int n = 0; n < 60; ++n) {
    sum += term / (a + n);
    term *= (1 - a + n) / (n + 1) * x;
  }
  return portable::pow(x, a) * sum;
}

// The point below which `share` of the mass lies, by bisection.
double beta_quantile(double share, double a) {
  if (share > 0.5) return 1 - beta_quantile(1 - share, a);
  const double wanted = 2 * share * beta_mass(0.5, a);
  double low = 0, high = 0.5;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = (low + high) / 2;
    (beta_mass(middle, a) < wanted ? low : high) = middle;
  }
  return high;
}

}  // namespace

std::span<const NamedNoiseLevels> noise_levels_table() { return table; }

NoiseLevels find_noise_levels(std::string_view name) {
  std::vector<std::string> known;
  for (const NamedNoiseLevels& l : table) {
    if (plain_name(name) == l.name || plain_name(name) == plain_name(l.title)) return l.levels;
    known.emplace_back(l.name);
  }
  throw usage_error("the scheduler is {}, expected {}", name, one_of(name, known));
}

double noise_level(NoiseLevels levels, double low, double high, int i, int n) {
  const double u = n > 1 ? static_cast<double>(i) / (n - 1) : 0;
  switch (levels) {
    case NoiseLevels::spaced:
    case NoiseLevels::trailing:
      break;
    case NoiseLevels::karras: {  // rho = 7
      const double first = portable::pow(high, 1 / 7.), last = portable::pow(low, 1 / 7.);
      return portable::pow(first + u * (last - first), 7);
    }
    case NoiseLevels::exponential:
      return portable::exp(portable::log(high) + u * (portable::log(low) - portable::log(high)));
    case NoiseLevels::beta:
      return low + beta_quantile(1 - u, 0.6) * (high - low);
  }
  ENSURE(false, "levels of timesteps have no formula");
}

}  // namespace yent
