// The table of the files inside the executable; the build writes its contents.
#pragma once

#include <cstddef>
#include <span>

namespace yent {

struct EmbeddedFile {
  const char* name;  // "default/unet/config.json"
  const std::byte *begin, *end;
};

// Empty where nothing is embedded.
std::span<const EmbeddedFile> embedded_files();

}  // namespace yent
