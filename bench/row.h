// One line of a benchmark's report, and the costs of the ops behind it.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bench/machine.h"
#include "engine/core/trace.h"

namespace yent {

struct Row {
  std::string name;
  std::vector<double> ms;  // one per repetition
  double macs = 0, bytes = 0;
  double items_per_second = 0;

  double median() const {
    std::vector<double> sorted = ms;
    std::sort(sorted.begin(), sorted.end());
    const size_t n = sorted.size();
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  }
  double spread() const {  // standard deviation
    double mean = 0, squares = 0;
    for (const double t : ms) mean += t / static_cast<double>(ms.size());
    for (const double t : ms) squares += (t - mean) * (t - mean);
    return ms.size() > 1 ? std::sqrt(squares / static_cast<double>(ms.size() - 1)) : 0;
  }
};

// Adds the ops that run in every call of a forward, not once per prompt.
void add_costs(Row& row, const TraceBackend& trace);

// Operations, bytes and floor of every layer.
void print_roofline(const std::string& stage, const TraceBackend& trace, const Machine& machine);

}  // namespace yent
