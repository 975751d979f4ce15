#include "bench/row.h"

#include <cstdio>

namespace yent {

void add_costs(Row& row, const TraceBackend& trace) {
  int calls = 0;
  for (const TracedOp& op : trace.ops()) calls = std::max(calls, op.calls);
  for (const TracedOp& op : trace.ops()) {
    if (op.calls < calls) continue;
    row.macs += op.macs;
    row.bytes += op.bytes;
  }
}

void print_roofline(const std::string& stage, const TraceBackend& trace, const Machine& machine) {
  std::printf("\n%s, layer by layer\n%-64s %-10s %9s %8s %9s %9s %6s\n", stage.c_str(), "layer",
              "op", "MMAC", "MB", "floor ms", "ms", "share");
  for (const TracedOp& op : trace.ops()) {
    const double floor =
        std::max(op.macs / machine.macs_per_s, op.bytes / machine.bytes_per_s) * 1000;
    const double ms = op.calls ? op.ms / op.calls : 0;
    std::printf("%-64s %-10s %9.1f %8.2f %9.3f %9.3f %5.0f%%\n", op.name.c_str(), op.op.c_str(),
                op.macs / 1e6, op.bytes / 1e6, floor, ms, ms > 0 ? floor / ms * 100 : 0);
  }
}

}  // namespace yent
