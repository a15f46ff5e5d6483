#ifndef MATE_KD_CBLAS_SHIM_H
#define MATE_KD_CBLAS_SHIM_H

#include <cblas.h>

// sched_getaffinity is hidden without _GNU_SOURCE, which a module header cannot set for others.
extern int sched_getaffinity(int, unsigned long, void *);

// Number of processors that this process may run on, 0 if the system does not tell.
static inline int mate_kd_available_processors(void) {
  unsigned long set[128] = {0};
  if (sched_getaffinity(0, sizeof set, set) < 0) return 0;
  int count = 0;
  for (unsigned i = 0; i < 128; i++) count += __builtin_popcountl(set[i]);
  return count;
}

// Swift's SIMD16<Float>.squareRoot() becomes sixteen scalar roots; this is one vector instruction.
typedef float mate_kd_float16 __attribute__((__ext_vector_type__(16)));
static inline __attribute__((always_inline)) mate_kd_float16 mate_kd_sqrt(mate_kd_float16 x) {
  return __builtin_elementwise_sqrt(x);
}

// The instruction sets that the numeric code was compiled for, as bits.
enum { MATE_KD_AVX2_FMA = 1, MATE_KD_AVX512 = 2 };

static inline int mate_kd_built_for(void) {
  int features = 0;
#if defined(__AVX2__) && defined(__FMA__)
  features |= MATE_KD_AVX2_FMA;
#endif
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
  features |= MATE_KD_AVX512;
#endif
  return features;
}

// The instruction sets that the processor at hand has, as the same bits.
static inline int mate_kd_processor_has(void) {
  int features = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) features |= MATE_KD_AVX2_FMA;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    features |= MATE_KD_AVX512;
#endif
  return features;
}

#endif
