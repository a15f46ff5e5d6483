#ifndef MATE_KD_PEAK_H
#define MATE_KD_PEAK_H

#include "instructions.h"

// Chains of multiply-adds in registers, for measuring how many a core does in a second. They use
// the widest instructions of the processor, whatever this binary was compiled for: so does
// OpenBLAS.
//
// Twelve chains hide the latency of two units (at most six cycles each) and leave registers for
// factor and addend where there are only sixteen. The empty assembler statements make the
// compiler believe that every chain is read, and that nothing is known of its start, so none is
// dropped or computed once for all. Each chain tends to 2.

#define MATE_KD_CHAINS 12

#define MATE_KD_MULTIPLY_ADDS(VECTOR, PLACE)                                   \
  VECTOR factor = (VECTOR)(0.5f), addend = (VECTOR)(1.0f);                     \
  VECTOR chain[MATE_KD_CHAINS];                                                \
  _Pragma("clang loop unroll(full)") for (int i = 0; i < MATE_KD_CHAINS; i++) { \
    chain[i] = factor;                                                         \
    __asm__ volatile("" : "+" PLACE(chain[i]));                                \
  }                                                                            \
  for (long round = 0; round < rounds; round++)                                \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < MATE_KD_CHAINS; i++) \
      chain[i] = chain[i] * factor + addend;                                   \
  _Pragma("clang loop unroll(full)") for (int i = 0; i < MATE_KD_CHAINS; i++)  \
    __asm__ volatile("" : : PLACE(chain[i]));                                  \
  return rounds * MATE_KD_CHAINS * 2 * (long)(sizeof(VECTOR) / sizeof(float))

typedef float mate_kd_float4 __attribute__((__ext_vector_type__(4)));

// What every processor of this architecture has.
static inline long mate_kd_multiply_adds_baseline(long rounds) {
#pragma clang fp contract(fast)
#if defined(__x86_64__)
  MATE_KD_MULTIPLY_ADDS(mate_kd_float4, "x");
#elif defined(__aarch64__)
  MATE_KD_MULTIPLY_ADDS(mate_kd_float4, "w");
#else
  MATE_KD_MULTIPLY_ADDS(float, "m");
#endif
}

#if MATE_KD_INTRINSICS
typedef float mate_kd_float8 __attribute__((__ext_vector_type__(8)));
typedef float mate_kd_float512 __attribute__((__ext_vector_type__(16)));

static inline __attribute__((target("avx2,fma"))) long mate_kd_multiply_adds_avx2(long rounds) {
#pragma clang fp contract(fast)
  MATE_KD_MULTIPLY_ADDS(mate_kd_float8, "x");
}

static inline __attribute__((target("avx512f"))) long mate_kd_multiply_adds_avx512(long rounds) {
#pragma clang fp contract(fast)
  MATE_KD_MULTIPLY_ADDS(mate_kd_float512, "v");
}
#endif

// Does `rounds` multiply-adds in every chain; returns the operations done, two a multiply-add.
static inline long mate_kd_multiply_adds(long rounds) {
#if MATE_KD_INTRINSICS
  int features = mate_kd_processor_has();
  if (features & MATE_KD_AVX512) return mate_kd_multiply_adds_avx512(rounds);
  if (features & MATE_KD_AVX2_FMA) return mate_kd_multiply_adds_avx2(rounds);
#endif
  return mate_kd_multiply_adds_baseline(rounds);
}

#undef MATE_KD_MULTIPLY_ADDS
#undef MATE_KD_CHAINS
#endif
