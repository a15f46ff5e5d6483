#ifndef MATE_KD_VECTORS_H
#define MATE_KD_VECTORS_H

#include <string.h>

#include "instructions.h"

// What Swift's SIMD16<Float> lacks. Every function is one or two instructions where the binary is
// compiled for them.

#if MATE_KD_INTRINSICS && defined(__AVX2__)
#include <immintrin.h>
#endif

typedef float mate_kd_float16 __attribute__((__ext_vector_type__(16)));
#define MATE_KD_VECTOR_INLINE static inline __attribute__((always_inline))

// Swift's squareRoot() becomes sixteen scalar roots.
MATE_KD_VECTOR_INLINE mate_kd_float16 mate_kd_sqrt(mate_kd_float16 x) {
  return __builtin_elementwise_sqrt(x);
}

#if MATE_KD_INTRINSICS && defined(__AVX2__) && !defined(__AVX512F__)
// Sets the lanes from `first` on that are below n.
MATE_KD_VECTOR_INLINE __m256i mate_kd_lanes_below(long n, int first) {
  __m256i lanes = _mm256_add_epi32(
      _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(first));
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lanes);
}
#endif

// The first n < 16 floats, followed by zeros. A copy to a vector on the stack would wait for it to
// be written before it could be read again.
MATE_KD_VECTOR_INLINE mate_kd_float16 mate_kd_load_first(const float *p, long n) {
#if MATE_KD_INTRINSICS && defined(__AVX512F__)
  return (mate_kd_float16)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif MATE_KD_INTRINSICS && defined(__AVX2__)
  mate_kd_float16 v;
  __m256 halves[2] = {
      _mm256_maskload_ps(p, mate_kd_lanes_below(n, 0)),
      _mm256_maskload_ps(p + 8, mate_kd_lanes_below(n, 8))};
  memcpy(&v, halves, sizeof v);
  return v;
#else
  mate_kd_float16 v = 0;
  memcpy(&v, p, 4 * n);
  return v;
#endif
}

// Stores the first n < 16 lanes and leaves what follows as it is.
MATE_KD_VECTOR_INLINE void mate_kd_store_first(mate_kd_float16 v, float *p, long n) {
#if MATE_KD_INTRINSICS && defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif MATE_KD_INTRINSICS && defined(__AVX2__)
  __m256 halves[2];
  memcpy(halves, &v, sizeof v);
  _mm256_maskstore_ps(p, mate_kd_lanes_below(n, 0), halves[0]);
  _mm256_maskstore_ps(p + 8, mate_kd_lanes_below(n, 8), halves[1]);
#else
  memcpy(p, &v, 4 * n);
#endif
}

#endif
