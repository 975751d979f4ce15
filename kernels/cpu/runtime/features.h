// What this machine can run: instruction sets that both the processor and the operating
// system offer, and the cores this process may use.
#pragma once

namespace yent {

// Each field stands for a whole cap of interface.md and includes what its kernels assume:
// avx2 with FMA and F16C, avx512 the F, BW, DQ and VL parts, amx tiles with int8 and bf16 and
// AVX-512 BF16 and VBMI, neon_dot sdot, neon_i8mm smmla.
struct CpuFeatures {
  bool avx2 = false, avxvnni = false;
  bool avx512 = false, avx512vnni = false, avx512bf16 = false, amx = false;
  bool quick_bf16 = false;  // avx512bf16's products are faster than those of floats
  bool neon = false, neon_dot = false, neon_i8mm = false;
};

CpuFeatures detect_features();

// Physical cores in this process's affinity mask; siblings of one core count once.
int usable_cores();

}  // namespace yent
