#include "tools/device_options.h"

#include "engine/pipeline/named_policy.h"
#include "kernels/devices.h"
#include "tools/device_check/checked_device.h"

namespace yent {

void add_device_options(OptionGroup& group, DeviceOptions& to, const DeviceHelp& help) {
  group.add(help.several_devices ? "--device cpu|cuda|cuda:N|cuda:all" : "--device cpu|cuda|cuda:N",
            to.device, help.device);
  group.add("--precision auto|f32|bf16|f16|int8", to.precision,
            "precision of all layers (auto: f16 on a GPU, a mix of int8, bf16 and f32 on a CPU)");
  group.add("--policy FILE|NAME", to.policy, help.policy, policy_names);
  group.flag("--explain", to.explain, "print what every layer computes with");
  group.add("-t,--threads", to.threads, "threads (physical cores that this process may use)");
  group.add("--isa NAME", to.isa,
            "the highest instruction set to use (the machine's best, or $YENT_ISA)", isa_names);
}

void check_device_options(DeviceOptions& o, const CommandLine& line, const char* environment_isa) {
  in_range("--threads", o.threads, line.given("--threads") ? 1 : 0, 1024);
  if (o.isa.empty() && environment_isa) o.isa = environment_isa;
}

ChosenDevice choose_device(const DeviceOptions& o, Console& console) {
  auto backends = checked_backends({o.device, o.isa, o.threads, 1},
                                   [&](const std::string& sentence) { console.warn(sentence); });
  auto backend = std::move(backends.front());
  Policy policy = named_policy(o.policy, o.precision, *backend);
  if (policy.exact() && !backend->exact()) backend = backend->exact_twin();
  return {std::move(backend), std::move(policy)};
}

const std::string& precision_name(const DeviceOptions& o) {
  return o.policy.empty() ? o.precision : o.policy;
}

void add_report_options(OptionGroup& group, ReportOptions& to) {
  group.flag("--timings", to.timings, "time of every stage on standard error");
  group.flag("--json", to.json, "one JSON object on standard output");
  group.flag("-q,--quiet", to.quiet, "nothing but errors");
  group.flag("-v,--verbose", to.verbose, "say more");
}

}  // namespace yent
