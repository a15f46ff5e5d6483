#ifndef MATE_KD_BF16_H
#define MATE_KD_BF16_H

#include "fetch.h"
#include "instructions.h"

// Pieces of a matrix product with float32 inputs and outputs, factors rounded to bfloat16 and sums
// in float32 (vdpbf16ps). Swift does the blocking, see Kernels/BF16.swift. Every function carries
// its own target attribute, so a binary for older processors has them too; none may be called
// before mate_kd_bf16_available() was asked. No vector crosses a function border that is not
// inlined here.

// Rows of a left panel and columns of a right panel: 8 x 3 accumulators fill 24 of 32 registers.
enum { MATE_KD_BF16_ROWS = 8, MATE_KD_BF16_COLUMNS = 48 };

#if MATE_KD_INTRINSICS
#include <immintrin.h>

static inline int mate_kd_bf16_available(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bf16");
}

#define MATE_KD_BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
#define MATE_KD_BF16_INLINE static inline __attribute__((always_inline)) MATE_KD_BF16

// The first n of 16 lanes.
MATE_KD_BF16_INLINE __mmask16 mate_kd_bf16_first(long n) {
  return n >= 16 ? 0xffff : n <= 0 ? 0 : (__mmask16)((1u << n) - 1);
}

// Words (x[i], y[i]) of 16 lanes each.
MATE_KD_BF16_INLINE __m512i mate_kd_bf16_interleave(__m512 x, __m512 y, __m512i order) {
  return _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(y, x));
}

MATE_KD_BF16_INLINE __m512i mate_kd_bf16_interleaving(void) {
  __m512i i = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  return _mm512_or_si512(i, _mm512_slli_epi32(_mm512_add_epi32(i, _mm512_set1_epi32(16)), 16));
}

// Transposes a 16 x 16 block of words.
MATE_KD_BF16_INLINE void mate_kd_bf16_transpose(__m512i r[16]) {
  __m512i t[16];
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[4 + i], 0x88);
    t[4 + i] = _mm512_shuffle_i32x4(r[i], r[4 + i], 0xdd);
    t[8 + i] = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0x88);
    t[12 + i] = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0xdd);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0x88);
    r[4 + i] = _mm512_shuffle_i32x4(t[4 + i], t[12 + i], 0x88);
    r[8 + i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0xdd);
    r[12 + i] = _mm512_shuffle_i32x4(t[4 + i], t[12 + i], 0xdd);
  }
}

// Stores a row of 16 words, or of two panels of 8 words.
MATE_KD_BF16_INLINE void mate_kd_bf16_put(__m512i words, unsigned *out, long half) {
  if (half) {
    _mm256_storeu_si256((__m256i *)out, _mm512_castsi512_si256(words));
    _mm256_storeu_si256((__m256i *)(out + half), _mm512_extracti64x4_epi64(words, 1));
  } else {
    _mm512_storeu_si512(out, words);
  }
}

// Packs 16 lines (rows of the left, columns of the right factor), of which n exist, each with k
// elements, into (k + 1) / 2 rows of words, `row` words apart; a word is two neighbours along k.
// Missing elements become zero. With `half` set, lines 8... go to a second panel that many words
// on.
MATE_KD_BF16_INLINE void mate_kd_bf16_pack16(
    const float *x, long stride, int k_is_contiguous, long n, long k, unsigned *out, long row,
    long half) {
  if (k_is_contiguous) {
    for (long p = 0; p < k; p += 32, out += 16 * row) {
      __m512i r[16];
      if (n >= 16 && k - p >= 32) {
        // Nearly always; masks would not fit into their registers.
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) {
          const float *line = x + i * stride + p;
          r[i] = (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(line + 16), _mm512_loadu_ps(line));
        }
      } else {
        __mmask16 low = mate_kd_bf16_first(k - p), high = mate_kd_bf16_first(k - p - 16);
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) {
          const float *line = x + (i < n ? i : 0) * stride + p;
          __mmask16 exists = i < n ? 0xffff : 0;
          r[i] = (__m512i)_mm512_cvtne2ps_pbh(
              _mm512_maskz_loadu_ps(exists & high, line + 16),
              _mm512_maskz_loadu_ps(exists & low, line));
        }
      }
      mate_kd_bf16_transpose(r);
      long rows = (k - p + 1) / 2;
      if (rows >= 16) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) mate_kd_bf16_put(r[i], out + i * row, half);
      } else {
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++)
          if (i < rows) mate_kd_bf16_put(r[i], out + i * row, half);
      }
    }
  } else {
    __mmask16 lanes = mate_kd_bf16_first(n);
    __m512i order = mate_kd_bf16_interleaving();
    long p = 0;
    for (; p + 1 < k; p += 2, out += row)
      mate_kd_bf16_put(
          mate_kd_bf16_interleave(
              _mm512_maskz_loadu_ps(lanes, x + p * stride),
              _mm512_maskz_loadu_ps(lanes, x + (p + 1) * stride), order),
          out, half);
    if (p < k)
      mate_kd_bf16_put(
          mate_kd_bf16_interleave(
              _mm512_maskz_loadu_ps(lanes, x + p * stride), _mm512_setzero_ps(), order),
          out, half);
  }
}

// Packs n rows of the left factor, k elements each, into panels of 8 rows: [panel][k / 2][8] words.
// Room for an even number of panels is needed.
static inline MATE_KD_BF16 void mate_kd_bf16_pack_left(
    const float *x, long stride, int k_is_contiguous, long n, long k, unsigned *out) {
  long panel = (k + 1) / 2 * MATE_KD_BF16_ROWS;
  for (long i = 0; i < n; i += 16, out += 2 * panel)
    if (k_is_contiguous)
      mate_kd_bf16_pack16(x + i * stride, stride, 1, n - i, k, out, MATE_KD_BF16_ROWS, panel);
    else
      mate_kd_bf16_pack16(x + i, stride, 0, n - i, k, out, MATE_KD_BF16_ROWS, panel);
}

// Packs n <= 48 columns of the right factor, k elements each: [k / 2][n rounded up to 16] words.
static inline MATE_KD_BF16 void mate_kd_bf16_pack_right(
    const float *x, long stride, int k_is_contiguous, long n, long k, unsigned *out) {
  long row = (n + 15) / 16 * 16;
  for (long j = 0; j < n; j += 16)
    if (k_is_contiguous)
      mate_kd_bf16_pack16(x + j * stride, stride, 1, n - j, k, out + j, row, 0);
    else
      mate_kd_bf16_pack16(x + j, stride, 0, n - j, k, out + j, row, 0);
}

// c = alpha left right + beta c for one tile of m <= rows and n <= 16 vectors, both constants.
// vdpbf16ps flushes subnormal numbers to zero and rounds each step to nearest, ties to even.
MATE_KD_BF16_INLINE void mate_kd_bf16_tile(
    const int rows, const int vectors, long pairs, const unsigned *left, const unsigned *right,
    float *c, long stride, long m, long n, float alpha, float beta) {
  __m512 sum[8][3];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) sum[i][j] = _mm512_setzero_ps();
  for (long p = 0; p < pairs; p++, left += MATE_KD_BF16_ROWS, right += 16 * vectors) {
    __m512bh b[3];
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) b[j] = (__m512bh)_mm512_loadu_si512(right + 16 * j);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      __m512bh a = (__m512bh)_mm512_set1_epi32((int)left[i]);
#pragma clang loop unroll(full)
      for (int j = 0; j < vectors; j++) sum[i][j] = _mm512_dpbf16_ps(sum[i][j], a, b[j]);
    }
  }
  __m512 factor = _mm512_set1_ps(alpha), kept = _mm512_set1_ps(beta);
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    if (i >= m) break;
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
      __mmask16 lanes = mate_kd_bf16_first(n - 16 * j);
      float *target = c + i * stride + 16 * j;
      __m512 value = _mm512_mul_ps(sum[i][j], factor);
      if (beta != 0)
        value = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(lanes, target), kept, value);
      _mm512_mask_storeu_ps(target, lanes, value);
    }
  }
}

// c = alpha left right + beta c for m rows in packed panels and one panel of n <= 48 columns.
// Meanwhile `next` is fetched.
static inline MATE_KD_BF16 void mate_kd_bf16_multiply(
    const unsigned *left, const unsigned *right, long m, long n, long k, float *c, long stride,
    float alpha, float beta, mate_kd_block next) {
  long pairs = (k + 1) / 2;
  int vectors = (int)((n + 15) / 16);
  long tiles = (m + 7) / 8, tile = 0;
  for (long i = 0; i < m; i += 8, left += 8 * pairs, c += 8 * stride) {
    long rows = m - i < 8 ? m - i : 8;
    // Adding to a result that lies in memory costs a sixth of the rate without this.
    for (long r = 0; r < rows; r++)
      for (long j = 0; j < n; j += 16) __builtin_prefetch(c + r * stride + j, 1, 3);
    mate_kd_fetch(next, tile++, tiles);
    if (vectors == 3) {
      if (rows > 4)
        mate_kd_bf16_tile(8, 3, pairs, left, right, c, stride, rows, n, alpha, beta);
      else
        mate_kd_bf16_tile(4, 3, pairs, left, right, c, stride, rows, n, alpha, beta);
    } else if (vectors == 2) {
      mate_kd_bf16_tile(8, 2, pairs, left, right, c, stride, rows, n, alpha, beta);
    } else {
      mate_kd_bf16_tile(8, 1, pairs, left, right, c, stride, rows, n, alpha, beta);
    }
  }
}

#else

static inline int mate_kd_bf16_available(void) { return 0; }

// Never called: mate_kd_bf16_available() said no.
static inline void mate_kd_bf16_pack_left(
    const float *x, long stride, int k_is_contiguous, long n, long k, unsigned *out) {}
static inline void mate_kd_bf16_pack_right(
    const float *x, long stride, int k_is_contiguous, long n, long k, unsigned *out) {}
static inline void mate_kd_bf16_multiply(
    const unsigned *left, const unsigned *right, long m, long n, long k, float *c, long stride,
    float alpha, float beta, mate_kd_block next) {}

#endif
#endif
