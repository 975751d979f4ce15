#include "kernels/cpu/runtime/features.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace yent {
namespace {

#if defined(__x86_64__)

struct CpuidResult {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

CpuidResult cpuid(unsigned function, unsigned part = 0) {
  CpuidResult r;
  __get_cpuid_count(function, part, &r.a, &r.b, &r.c,
                    &r.d);  // leaves zeros for an unknown function
  return r;
}

bool bit(unsigned word, int index) { return word >> index & 1; }

// Which register files the operating system saves when it switches threads.
uint64_t saved_state() {
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

// The system saves tiles only for processes that have asked for them, once for all threads.
bool tiles_granted() {
  constexpr int request = 0x1023, tile_data = 18;
  return syscall(SYS_arch_prctl, request, tile_data) == 0;
}

#endif

}  // namespace

CpuFeatures detect_features() {
  CpuFeatures f;
#if defined(__x86_64__)
  const CpuidResult one = cpuid(1), seven = cpuid(7), seven_one = cpuid(7, 1);
  const bool osxsave = bit(one.c, 27);
  const uint64_t saved = osxsave ? saved_state() : 0;
  constexpr uint64_t ymm = 0x6, zmm = 0xe6, tiles = 0x60000;

  f.avx2 = (saved & ymm) == ymm && bit(seven.b, 5) && bit(one.c, 12) && bit(one.c, 29);
  f.avxvnni = f.avx2 && bit(seven_one.a, 4);
  f.avx512 = f.avx2 && (saved & zmm) == zmm && bit(seven.b, 16) && bit(seven.b, 17) &&
             bit(seven.b, 30) && bit(seven.b, 31);
  f.avx512vnni = f.avx512 && bit(seven.c, 11);
  f.avx512bf16 = f.avx512 && bit(seven_one.a, 5);
  // vdpbf16ps computes twice the products of an fma. It takes the same time on AMD's processors,
  // four times as long on Intel's.
  f.quick_bf16 = f.avx512bf16 && cpuid(0).b == signature_AMD_ebx;
  f.amx = f.avx512vnni && f.avx512bf16 && (saved & tiles) == tiles && bit(seven.d, 24) &&
          bit(seven.d, 25) && bit(seven.d, 22) && bit(seven.c, 1) && tiles_granted();
#elif defined(__aarch64__)
  constexpr unsigned long asimd = 1ul << 1, asimddp = 1ul << 20, i8mm = 1ul << 13;
  f.neon = getauxval(AT_HWCAP) & asimd;
  f.neon_dot = f.neon && (getauxval(AT_HWCAP) & asimddp);
  f.neon_i8mm = f.neon_dot && (getauxval(AT_HWCAP2) & i8mm);
#endif
  return f;
}

}  // namespace yent
