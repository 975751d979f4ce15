#include "tools/diffuse/commands.h"

namespace yent::diffuse {

std::span<const Command> commands() {
  static constexpr Command table[] = {
      {"sample", "write a text, continue one, or fill in its masked places", sample},
      {"animate", "show how it is written: animate process, or Conway's life on a text", animate},
      {"convert", "rewrite a model's file: convert IN OUT", convert},
      {"info", "what a model's file holds", info},
  };
  return table;
}

}  // namespace yent::diffuse
