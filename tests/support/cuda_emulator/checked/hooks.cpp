// What the compiler calls in instrumented code: before every load and store (-fsanitize=thread),
// and where an address is not a multiple of its type's alignment or an index is past its array
// (-fsanitize=alignment,bounds). The sanitizers' own libraries are not linked.
#include <fmt/format.h>

#include <cstdint>

#include "tests/support/cuda_emulator/block.h"
#include "tests/support/cuda_emulator/checker.h"
#include "tests/support/cuda_emulator/counter.h"

namespace {

using namespace yent::cuda::emulator;

// Launchers are in the same files as kernels, and are no device code.
void access(const void* at, size_t bytes, Access what, const void* site) {
  if (!block().runs()) return;
  check_access(at, bytes, what, block().thread().number);
  count_access(at, bytes, what, site);
}

struct SourceLocation {
  const char* file;
  uint32_t line, column;
};

void wrong(const SourceLocation& where, const char* what) {
  if (block().runs()) block().fault(fmt::format("{} ({}:{})", what, where.file, where.line));
}

}  // namespace

#define SITE __builtin_return_address(0)
#define ACCESS(bytes)                                                                      \
  void __tsan_read##bytes(void* at) { access(at, bytes, Access::read, SITE); }             \
  void __tsan_write##bytes(void* at) { access(at, bytes, Access::write, SITE); }           \
  void __tsan_unaligned_read##bytes(void* at) { access(at, bytes, Access::read, SITE); }   \
  void __tsan_unaligned_write##bytes(void* at) { access(at, bytes, Access::write, SITE); } \
  void __tsan_read_write##bytes(void* at) {                                                \
    access(at, bytes, Access::read, SITE), access(at, bytes, Access::write, SITE);         \
  }                                                                                        \
  void __tsan_unaligned_read_write##bytes(void* at) {                                      \
    access(at, bytes, Access::read, SITE), access(at, bytes, Access::write, SITE);         \
  }

// The compilers' names.
extern "C" {

ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)
void __tsan_read_range(void* at, size_t bytes) { access(at, bytes, Access::read, SITE); }
void __tsan_write_range(void* at, size_t bytes) { access(at, bytes, Access::write, SITE); }
void __tsan_init() {}
// Asks whether a variable in shared memory has been constructed, as C++ has it for static ones.
int8_t __tsan_atomic8_load(const volatile int8_t* at, int) { return *at; }
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

void __ubsan_handle_type_mismatch_v1(const SourceLocation* where, void*) {
  wrong(*where, "a misaligned address");
}
void __ubsan_handle_out_of_bounds(const SourceLocation* where, void*) {
  wrong(*where, "an index past the end of an array");
}

}  // extern "C"
