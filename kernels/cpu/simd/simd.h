// The vector vocabulary in which kernels are written once and compiled for every instruction set. V
// holds W floats. Everything is static and inlined (the leaf rule of leaf.h).
//
// clang-format off
//   load store                 W lanes
//   load_part store_part       the first n of W lanes; the others are read as 0
//   load_i8 load_i32           integers as floats
//   load_i32_less(p, q)        *p - *q, integers as floats
//   load_f16                   W halves
//   load_f16_apart             n halves, `step` bytes apart; the other lanes are undefined
//   load_bf16 store_bf16 store_i8   the first n lanes, or all. store_i8 rounds to even, and wants a
//                              value above -129; it stores 127 for what exceeds 127
//   store_bf16_pair            two consecutive vectors; past the caches if `non_temporal`
//   absmax_bf16                greatest magnitude of a row
//   zero set1 add sub mul div max min    fma(a, b, c) = a * b + c
//   reciprocal                 good for at least 12 bits; of infinity 0 or NaN
//   sum greatest               over the lanes
//   round_even                 to the nearest integer, ties to even
//   times_two_to(v, n)         v * 2^n, n integral; -127 gives 0
//   times_two_to_floor(v, n)   v * 2^floor(n), n of any size, saturating
//   where_le(a, b, yes, no)    per lane: a <= b ? yes : no
//   fraction(v)                v - floor(v)
//   split(low, high, even, odd)   the even and the odd lanes of two consecutive vectors
//   transpose(V[W])            a square of W x W floats
//   load_words                 W words of 32 bits (Words)
//   bits(words, from, mask)    shifted down, masked
//   join(low, high, at)        low | high << at
//   top_byte<I>(words)         byte I of every word moved to its top, zeros below
//   words_to_float             signed
//
//   Not in simd_plain.h:
//   to_bf16                    rounds to bf16, still floats
//   join_bf16(low, high)       such floats as pairs of bf16
//   low_bf16 high_bf16         the floats of such pairs
// clang-format on
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
