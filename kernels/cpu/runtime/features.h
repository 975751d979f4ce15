// What this machine can run: the instruction sets that both the processor and the operating system
// support.
#pragma once

namespace yent {

// Each field stands for one instruction set of leaf.h and includes all that its kernels use: avx2
// with FMA and F16C; avx512 with F, BW, DQ and VL; amx with tiles, int8, bf16, AVX-512 BF16 and
// VBMI; neon_dot with sdot; neon_i8mm with smmla.
struct CpuFeatures {
  bool avx2 = false, avxvnni = false;
  bool avx512 = false, avx512vnni = false, avx512bf16 = false, amx = false;
  bool quick_bf16 = false;  // the products of avx512bf16 are faster than f32 ones
  bool neon = false, neon_dot = false, neon_i8mm = false;
};

// Asks the system for permission to use AMX tiles, for all threads of the process.
CpuFeatures detect_features();

}  // namespace yent
