#ifndef MATE_KD_INSTRUCTIONS_H
#define MATE_KD_INSTRUCTIONS_H

// 1 where code of this module may use x86's vector instructions by name. Everything that does has a
// path for all other processors; MATE_KD_PORTABLE=1 (Package.swift) compiles that path on x86, too,
// so that it is tested.
#if defined(__x86_64__) && !defined(MATE_KD_PORTABLE)
#define MATE_KD_INTRINSICS 1
#else
#define MATE_KD_INTRINSICS 0
#endif

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
#if MATE_KD_INTRINSICS
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) features |= MATE_KD_AVX2_FMA;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    features |= MATE_KD_AVX512;
#endif
  return features;
}

// Tells the processor that this thread only waits, so that another one of the core can work.
static inline void mate_kd_pause(void) {
#if MATE_KD_INTRINSICS
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#endif
