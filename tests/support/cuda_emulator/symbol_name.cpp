#include "tests/support/cuda_emulator/symbol_name.h"

#include <cxxabi.h>
#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

namespace yent::cuda::emulator {
namespace {

struct Symbols {
  std::vector<char> file;
  uintptr_t loaded = 0;  // the address where the program's first byte lies

  Symbols() {
    std::ifstream in("/proc/self/exe", std::ios::binary);
    file.assign(std::istreambuf_iterator<char>(in), {});
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* to) {
          *static_cast<uintptr_t*>(to) = info->dlpi_addr;
          return 1;  // the program itself comes first
        },
        &loaded);
  }

  std::string find(uintptr_t address) const {
    ElfW(Ehdr) head;
    std::memcpy(&head, file.data(), sizeof(head));
    const auto* sections = reinterpret_cast<const ElfW(Shdr)*>(file.data() + head.e_shoff);
    for (int i = 0; i < head.e_shnum; ++i) {
      const ElfW(Shdr)& section = sections[i];
      if (section.sh_type != SHT_SYMTAB) continue;
      const char* names = file.data() + sections[section.sh_link].sh_offset;
      const auto* symbols = reinterpret_cast<const ElfW(Sym)*>(file.data() + section.sh_offset);
      for (size_t s = 0; s < section.sh_size / sizeof(ElfW(Sym)); ++s) {
        if ((symbols[s].st_info & 0xf) == STT_FUNC && symbols[s].st_value == address - loaded) {
          return names + symbols[s].st_name;
        }
      }
    }
    return "";
  }
};

}  // namespace

std::string symbol_name(const void* function) {
  static const Symbols symbols;
  const std::string mangled = symbols.find(reinterpret_cast<uintptr_t>(function));
  if (mangled.empty()) return fmt::format("kernel {}", function);
  char* text = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, nullptr);
  std::string name = text ? text : mangled;
  std::free(text);
  for (const std::string noise : {"void ", "yent::cuda::", "(anonymous namespace)::"}) {
    for (size_t at; (at = name.find(noise)) != std::string::npos;) name.erase(at, noise.size());
  }
  return name.substr(0, name.rfind('('));
}

}  // namespace yent::cuda::emulator
