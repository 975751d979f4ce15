// The options that say where and how exactly a program computes, and what comes of them; and those
// that say how much it tells. Programs share their rows of the option table.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/core/policy.h"
#include "kernels/backend.h"
#include "tools/command_line/option_group.h"
#include "tools/console.h"

namespace yent {

struct DeviceOptions {
  std::string device, precision = "auto", policy;
  bool explain = false;
  int threads = 0;  // 0: one for each physical core
  std::string isa;  // empty: the machine's best
};

// What the help says beside the rows, where a program differs from others.
struct DeviceHelp {
  std::string device = "where to compute (a GPU if one answers, else the CPU)";
  bool several_devices = false;  // whether cuda:all means anything
  std::string policy = "precision and quantization style of each layer, instead of --precision";
};

void add_device_options(OptionGroup& group, DeviceOptions& to, const DeviceHelp& help = {});

// After parsing. `environment_isa` is what YENT_ISA says (may be null), for want of --isa.
void check_device_options(DeviceOptions& o, const CommandLine& line, const char* environment_isa);

// A backend and what each layer computes with on it.
struct ChosenDevice {
  std::unique_ptr<Backend> backend;  // the exact twin where the policy is exact
  Policy policy;
};

// Throws as checked_backends and named_policy do; the console gets a warning of the former.
ChosenDevice choose_device(const DeviceOptions& o, Console& console);

// --precision, or the policy that holds instead of it: what a report says.
const std::string& precision_name(const DeviceOptions& o);

struct ReportOptions {
  bool timings = false, json = false, quiet = false, verbose = false;
};

void add_report_options(OptionGroup& group, ReportOptions& to);

}  // namespace yent
