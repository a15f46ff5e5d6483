#ifndef MATE_KD_SGEMM_H
#define MATE_KD_SGEMM_H

#include <string.h>

#include "fetch.h"
#include "instructions.h"

// Pieces of a float32 matrix product; Swift does the blocking, see Kernels/Products.swift. They use
// the vectors that this binary is compiled for.
//
// Every element of a result is one chain of multiply-adds over the terms of a block, whatever
// rows and columns are computed with it. So a product may be cut anywhere between rows or columns
// without changing a bit.

// Rows and columns that are computed at a time. The accumulators fill 24 of 32 registers, or 12 of
// 16. With three vectors of columns there are fewer loads than multiply-adds can wait for.
#if defined(__AVX512F__) && MATE_KD_INTRINSICS
enum { MATE_KD_SGEMM_LANES = 16, MATE_KD_SGEMM_ROWS = 8 };
#elif defined(__AVX__) && MATE_KD_INTRINSICS
enum { MATE_KD_SGEMM_LANES = 8, MATE_KD_SGEMM_ROWS = 4 };
#elif defined(__aarch64__)
enum { MATE_KD_SGEMM_LANES = 4, MATE_KD_SGEMM_ROWS = 8 };
#else
enum { MATE_KD_SGEMM_LANES = 4, MATE_KD_SGEMM_ROWS = 4 };
#endif
enum { MATE_KD_SGEMM_VECTORS = 3 };
enum { MATE_KD_SGEMM_COLUMNS = MATE_KD_SGEMM_LANES * MATE_KD_SGEMM_VECTORS };

// Clang tunes x86-64-v4, and processors of Intel's, to vectors of 256 bits. It would cut ours in
// halves, for which there are too few registers.
#if defined(__AVX512F__) && MATE_KD_INTRINSICS
#define MATE_KD_WHOLE_VECTORS __attribute__((min_vector_width(512)))
#else
#define MATE_KD_WHOLE_VECTORS
#endif

typedef float mate_kd_sgemm_vector
    __attribute__((vector_size(4 * MATE_KD_SGEMM_LANES), aligned(4)));
typedef float mate_kd_sgemm_float8 __attribute__((vector_size(32), aligned(4)));

// Transposes 8 floats of each of `lines` <= 8 lines; the others are copies of the first.
static inline __attribute__((always_inline)) void mate_kd_sgemm_transpose(
    const float *from, long stride, long lines, float *to, long toStride) {
  mate_kd_sgemm_float8 r[8], s[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++)
    r[i] = *(const mate_kd_sgemm_float8 *)(from + (i < lines ? i : 0) * stride);
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i += 2) {
    s[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    s[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i += 4)
#pragma clang loop unroll(full)
    for (int k = 0; k < 2; k++) {
      r[i + 2 * k] = __builtin_shufflevector(s[i + k], s[i + 2 + k], 0, 1, 8, 9, 4, 5, 12, 13);
      r[i + 2 * k + 1] =
          __builtin_shufflevector(s[i + k], s[i + 2 + k], 2, 3, 10, 11, 6, 7, 14, 15);
    }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    *(mate_kd_sgemm_float8 *)(to + i * toStride) =
        __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    *(mate_kd_sgemm_float8 *)(to + (i + 4) * toStride) =
        __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

// The columns of a packed panel for `width` columns: whole vectors.
static inline long mate_kd_sgemm_panel_columns(long width) {
  enum { L = MATE_KD_SGEMM_LANES };
  return width <= L ? L : width <= 2 * L ? 2 * L : 3 * L;
}

// A panel of the right factor: count rows of mate_kd_sgemm_panel_columns(width), any numbers beyond
// `width`. Term p of column j is b[j * stride + p] if isAlongTerms is 1, b[p * stride + j] if not.
static inline void mate_kd_sgemm_pack_right(
    const float *b, long stride, int isAlongTerms, long width, long count, float *out) {
  long columns = mate_kd_sgemm_panel_columns(width);
  if (!isAlongTerms) {
    for (long p = 0; p < count; p++, b += stride, out += columns) {
      if (width == MATE_KD_SGEMM_COLUMNS) {
        memcpy(out, b, 4 * MATE_KD_SGEMM_COLUMNS);
      } else {
        memcpy(out, b, 4 * width);
        memset(out + width, 0, 4 * (columns - width));
      }
    }
    return;
  }
  for (long j = 0; j < columns; j += 8) {
    long lines = width - j < 8 ? width - j : 8, p = 0;
    // Vectors of four may leave half a block of columns.
    long block = columns - j < 8 ? columns - j : 8;
    if (lines <= 0) {
      for (; p < count; p++) memset(out + p * columns + j, 0, 4 * block);
      continue;
    }
    const float *from = b + j * stride;
    for (; block == 8 && p + 8 <= count; p += 8)
      mate_kd_sgemm_transpose(from + p, stride, lines, out + p * columns + j, columns);
    for (; p < count; p++)
      for (long q = 0; q < block; q++)
        out[p * columns + j + q] = q < lines ? from[q * stride + p] : 0;
  }
}

// A whole panel of the right factor that is packed in pieces while another one is multiplied: there
// the processor has instructions to spare, since all wait for the two units that multiply. Packed
// on its own, a panel takes as long as its product with ten rows, or longer if it comes from memory.
typedef struct {
  const float *from;
  long stride;
  int isAlongTerms;
  float *to;
  // Terms, in eights if along terms.
  long terms;
  // The next piece: a term, or eight terms of the eight columns from `column` on.
  long term, column;
  // Those that are left.
  long pieces;
} mate_kd_packing;

// Asks for what is packed when `term` and `column` are the next. Half of the pieces along terms lie
// in the same lines as those before them.
static inline __attribute__((always_inline)) void mate_kd_sgemm_fetch(
    const mate_kd_packing *next, long term, long column) {
  enum { C = MATE_KD_SGEMM_COLUMNS };
  if (next->isAlongTerms) {
    if (term % 2) return;
    if (term >= next->terms) {
      term -= next->terms;
      column += 8;
    }
    if (term >= next->terms || column >= C) return;
    const float *from = next->from + column * next->stride + 8 * term;
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) __builtin_prefetch(from + i * next->stride);
  } else if (term < next->terms) {
    const float *from = next->from + term * next->stride;
#pragma clang loop unroll(full)
    for (int i = 0; i < C; i += 16) __builtin_prefetch(from + i);
  }
}

// Whether panels are packed in pieces: vectors of four floats leave no room for it.
enum { MATE_KD_SGEMM_PIECES = MATE_KD_SGEMM_COLUMNS % 8 == 0 };

// How many pieces ahead memory is asked: it takes about as long as the multiplications between two
// pieces of a product of 200 rows, and less than the first-level cache keeps.
enum { MATE_KD_SGEMM_AHEAD = 8 };

static inline mate_kd_packing mate_kd_sgemm_begin(
    const float *b, long stride, int isAlongTerms, long width, long count, float *to) {
  enum { C = MATE_KD_SGEMM_COLUMNS };
  long terms = isAlongTerms ? count / 8 : count;
  mate_kd_packing next = {b, stride, isAlongTerms, to, terms, 0, 0, 0};
  if (MATE_KD_SGEMM_PIECES && width == C) next.pieces = isAlongTerms ? C / 8 * terms : terms;
  if (next.pieces > 0)
    for (long p = 0; p < MATE_KD_SGEMM_AHEAD; p++) mate_kd_sgemm_fetch(&next, p, 0);
  return next;
}

static inline __attribute__((always_inline)) void mate_kd_sgemm_pack_piece(mate_kd_packing *next) {
  enum { C = MATE_KD_SGEMM_COLUMNS };
  mate_kd_sgemm_fetch(next, next->term + MATE_KD_SGEMM_AHEAD, next->column);
  next->pieces--;
  if (next->isAlongTerms) {
    mate_kd_sgemm_transpose(
        next->from + next->column * next->stride + 8 * next->term, next->stride, 8,
        next->to + 8 * next->term * C + next->column, C);
    if (++next->term < next->terms) return;
    next->term = 0;
    next->column += 8;
  } else {
    memcpy(next->to + next->term * C, next->from + next->term * next->stride, 4 * C);
    next->term++;
  }
}

// Adds the terms from `from` to `to` of a product of `rows` rows and `vectors` vectors of columns.
static inline __attribute__((always_inline)) MATE_KD_WHOLE_VECTORS void mate_kd_sgemm_terms(
    const int rows, const int vectors, const float *a, long rowStride, const long termStride,
    const float *b, long from, long to,
    mate_kd_sgemm_vector sum[MATE_KD_SGEMM_ROWS][MATE_KD_SGEMM_VECTORS]) {
  enum { L = MATE_KD_SGEMM_LANES };
#pragma clang loop unroll_count(4)
  for (long p = from; p < to; p++) {
    mate_kd_sgemm_vector factor[MATE_KD_SGEMM_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++)
      factor[v] = *(const mate_kd_sgemm_vector *)(b + (p * vectors + v) * L);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      float x = a[i * rowStride + p * termStride];
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) {
#pragma clang fp contract(fast)
        sum[i][v] = sum[i][v] + x * factor[v];
      }
    }
  }
}

// c = alpha a b + beta c for `rows` rows and `vectors` vectors of columns of c, over `count` terms.
// Term p of row i is a[i * rowStride + p * termStride]; b is a packed panel of as many columns. c
// is not read if beta is 0. Meanwhile `pieces` of the next panel are packed, if that many rows and
// columns are computed that it pays.
static inline __attribute__((always_inline)) MATE_KD_WHOLE_VECTORS void mate_kd_sgemm_rows(
    const int rows, const int vectors, const float *a, long rowStride, const long termStride,
    const float *b, long count, float *c, long cStride, float alpha, float beta,
    mate_kd_packing *next, long pieces) {
  enum { L = MATE_KD_SGEMM_LANES, TERMS = 16 };
  mate_kd_sgemm_vector sum[MATE_KD_SGEMM_ROWS][MATE_KD_SGEMM_VECTORS];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      sum[i][v] = (mate_kd_sgemm_vector){0};
      __builtin_prefetch(c + i * cStride + v * L, 1);
    }
  const int packs = MATE_KD_SGEMM_PIECES && rows == MATE_KD_SGEMM_ROWS &&
                    vectors == MATE_KD_SGEMM_VECTORS;
  if (!packs) mate_kd_sgemm_terms(rows, vectors, a, rowStride, termStride, b, 0, count, sum);
  // Pieces of packing after every 16 terms.
  long each = packs ? (pieces * TERMS + count - 1) / count : 0;
  for (long p = 0; packs && p < count;) {
    long end = pieces > 0 && p + TERMS < count ? p + TERMS : count;
    mate_kd_sgemm_terms(rows, vectors, a, rowStride, termStride, b, p, end, sum);
    p = end;
    for (long i = 0; p < count && i < each && pieces > 0; i++, pieces--)
      mate_kd_sgemm_pack_piece(next);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      // Which of the two products were fused would be the compiler's choice, for each case anew.
#pragma clang fp contract(off)
      mate_kd_sgemm_vector *out = (mate_kd_sgemm_vector *)(c + i * cStride + v * L);
      *out = beta == 0 ? alpha * sum[i][v] : alpha * sum[i][v] + beta * *out;
    }
}

// The same with the number of rows known to the compiler.
#define MATE_KD_SGEMM_CASE(ROWS, VECTORS)                                                         \
  case ROWS:                                                                                      \
    if (termStride == 1)                                                                          \
      mate_kd_sgemm_rows(                                                                         \
          ROWS, VECTORS, a, rowStride, 1, b, count, c, cStride, alpha, beta, next, pieces);       \
    else                                                                                          \
      mate_kd_sgemm_rows(                                                                         \
          ROWS, VECTORS, a, 1, MATE_KD_SGEMM_ROWS, b, count, c, cStride, alpha, beta, next,       \
          pieces);                                                                                \
    break;
#if defined(__aarch64__) || (defined(__AVX512F__) && MATE_KD_INTRINSICS)
#define MATE_KD_SGEMM_MORE_CASES(VECTORS)                                    \
  MATE_KD_SGEMM_CASE(5, VECTORS)                                             \
  MATE_KD_SGEMM_CASE(6, VECTORS)                                             \
  MATE_KD_SGEMM_CASE(7, VECTORS)                                             \
  MATE_KD_SGEMM_CASE(8, VECTORS)
#else
#define MATE_KD_SGEMM_MORE_CASES(VECTORS)
#endif
#define MATE_KD_SGEMM_VECTOR_CASE(VECTORS)                                                        \
  static __attribute__((noinline)) MATE_KD_WHOLE_VECTORS void mate_kd_sgemm_rows_##VECTORS(       \
      long rows, const float *a, long rowStride, long termStride, const float *b, long count,     \
      float *c, long cStride, float alpha, float beta, mate_kd_packing *next, long pieces) {      \
    switch (rows) {                                                                               \
      MATE_KD_SGEMM_CASE(1, VECTORS)                                                              \
      MATE_KD_SGEMM_CASE(2, VECTORS)                                                              \
      MATE_KD_SGEMM_CASE(3, VECTORS)                                                              \
      MATE_KD_SGEMM_CASE(4, VECTORS)                                                              \
      MATE_KD_SGEMM_MORE_CASES(VECTORS)                                                           \
    }                                                                                             \
  }
MATE_KD_SGEMM_VECTOR_CASE(1)
MATE_KD_SGEMM_VECTOR_CASE(2)
MATE_KD_SGEMM_VECTOR_CASE(3)
#undef MATE_KD_SGEMM_CASE
#undef MATE_KD_SGEMM_MORE_CASES
#undef MATE_KD_SGEMM_VECTOR_CASE

// c = alpha a b + beta c for `height` rows and `width` <= COLUMNS columns of c.
//
// a is read where it lies if isPacked is 0 (rows of consecutive terms, `stride` apart), and as
// panels of mate_kd_sgemm_pack_left otherwise. Meanwhile the panel `next` of the right factor is
// packed to `nextPanel`; there is none if it has no rows.
static inline void mate_kd_sgemm_panel(
    const float *a, long stride, int isPacked, const float *b, long height, long width, long count,
    float *c, long cStride, float alpha, float beta, mate_kd_block next, int isAlongTerms,
    float *nextPanel) {
  enum { R = MATE_KD_SGEMM_ROWS, L = MATE_KD_SGEMM_LANES };
  long columns = mate_kd_sgemm_panel_columns(width);
  long termStride = isPacked ? R : 1;
  long nextWidth = isAlongTerms ? next.rows : next.columns;
  long nextCount = isAlongTerms ? next.columns : next.rows;
  mate_kd_packing packing = mate_kd_sgemm_begin(
      next.start, next.stride, isAlongTerms, nextWidth, nextCount, nextPanel);
  long packed = packing.pieces;
  for (long i = 0; i < height; i += R) {
    long rows = height - i < R ? height - i : R, strips = (height - i + R - 1) / R;
    long pieces = (packing.pieces + strips - 1) / strips, left = packing.pieces - pieces;
    const float *start = isPacked ? a + i * count : a + i * stride;
    float room[R * MATE_KD_SGEMM_COLUMNS];
    float *place = c + i * cStride, *out = place;
    long outStride = cStride;
    // Whole vectors would reach beyond the row.
    if (width < columns) {
      out = room;
      outStride = columns;
      if (beta != 0)
        for (long r = 0; r < rows; r++) {
          memcpy(room + r * columns, place + r * cStride, 4 * width);
          memset(room + r * columns + width, 0, 4 * (columns - width));
        }
    }
#define MATE_KD_SGEMM_ARGUMENTS                                                                   \
  rows, start, stride, termStride, b, count, out, outStride, alpha, beta, &packing, pieces
    if (columns == L)
      mate_kd_sgemm_rows_1(MATE_KD_SGEMM_ARGUMENTS);
    else if (columns == 2 * L)
      mate_kd_sgemm_rows_2(MATE_KD_SGEMM_ARGUMENTS);
    else
      mate_kd_sgemm_rows_3(MATE_KD_SGEMM_ARGUMENTS);
#undef MATE_KD_SGEMM_ARGUMENTS
    if (width < columns)
      for (long r = 0; r < rows; r++) memcpy(place + r * cStride, room + r * columns, 4 * width);
    while (packing.pieces > left) mate_kd_sgemm_pack_piece(&packing);
  }
  // What pieces leave out: narrow panels, and terms after the last eight.
  if (nextCount > 0 && packed == 0)
    mate_kd_sgemm_pack_right(
        next.start, next.stride, isAlongTerms, nextWidth, nextCount, nextPanel);
  else if (nextCount > 0 && isAlongTerms && nextCount % 8 > 0)
    mate_kd_sgemm_pack_right(
        next.start + nextCount / 8 * 8, next.stride, isAlongTerms, nextWidth, nextCount % 8,
        nextPanel + nextCount / 8 * 8 * mate_kd_sgemm_panel_columns(nextWidth));
}

// Panels of the left factor, ROWS rows each: [count][ROWS], zeros beyond `height`. Term p of row i
// is a[p * stride + i].
static inline void mate_kd_sgemm_pack_left(
    const float *a, long stride, long height, long count, float *out) {
  // Several panels at a time, so that whole cache lines are read.
  enum { R = MATE_KD_SGEMM_ROWS, PANELS = 32 / R };
  long i = 0;
  for (; i + R * PANELS <= height; i += R * PANELS)
    for (long p = 0; p < count; p++)
      for (long q = 0; q < PANELS; q++)
        memcpy(out + (i + q * R) * count + p * R, a + p * stride + i + q * R, 4 * R);
  for (; i < height; i += R)
    for (long p = 0; p < count; p++) {
      float *to = out + i * count + p * R;
      const float *from = a + p * stride + i;
      if (height - i >= R) {
        memcpy(to, from, 4 * R);
      } else {
        memcpy(to, from, 4 * (height - i));
        memset(to + (height - i), 0, 4 * (R - (height - i)));
      }
    }
}

#endif
