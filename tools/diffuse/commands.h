// What yent-diffuse can do.
#pragma once

#include <span>

#include "tools/console.h"
#include "tools/diffuse/options.h"

namespace yent::diffuse {

struct Command {
  const char *name, *purpose;
  void (*run)(const Options& options, Console& console);
};

std::span<const Command> commands();

void sample(const Options& options, Console& console);
void animate(const Options& options, Console& console);
void convert(const Options& options, Console& console);
void info(const Options& options, Console& console);

}  // namespace yent::diffuse
