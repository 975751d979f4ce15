// The vector vocabulary in which the kernels are written once and compiled for every
// instruction set: V holds W floats, everything is static and inlined, so that no function of a
// wide unit can be the copy which the linker keeps for all (the leaf rule).
//
//   load store load_part store_part (n of W lanes, the others read as 0)   load_i8 load_i32
//   load_i32_less(p, q): *p - *q
//   load_f16   load_f16_apart: n halves, `step` bytes apart, the other lanes anything
//   load_bf16 store_bf16 store_i8: the first n lanes, or all; store_i8 rounds to even what is above
//   -129 and stores 127 for what is more   absmax_bf16 (of a row)
//   store_bf16_pair: two vectors, one behind the other; if `far` it may go past the caches
//   zero set1 add sub mul div max min   fma(a, b, c) = a * b + c
//   reciprocal (good for 12 bits and more; of infinity 0 or NaN)   sum greatest (over the lanes)
//   round_even   times_two_to(v, n): n integral, -127 gives 0   where_le(a, b, yes, no) per lane
//   fraction(v) = v - floor(v)   times_two_to_floor(v, n): n of any size, saturating
//   split(low, high, even, odd): the lanes of two vectors taken by turns   transpose(V[W])
//   load_words: W words of 32 bits   bits(words, from, mask): shifted down, masked
//   join(low, high, at): high shifted up, behind low   words_to_float (words are not negative)
//
// Not in simd_plain.h: to_bf16, rounded to bf16 but still floats; join_bf16(low, high), such
// floats as pairs of halves; low_bf16 and high_bf16 of pairs.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(YENT_PLAIN_SIMD)
#include "kernels/cpu/simd/simd_plain.h"
#elif defined(__AVX512F__)
#include "kernels/cpu/simd/simd_avx512.h"
#elif defined(__AVX2__)
#include "kernels/cpu/simd/simd_avx2.h"
#elif defined(__ARM_NEON)
#include "kernels/cpu/simd/simd_neon.h"
#else
#include "kernels/cpu/simd/simd_plain.h"
#endif
