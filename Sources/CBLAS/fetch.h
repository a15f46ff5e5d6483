#ifndef MATE_KD_FETCH_H
#define MATE_KD_FETCH_H

// A block of a matrix that will be needed soon: `rows` rows of `columns` floats.
typedef struct {
  const float *start;
  long stride, rows, columns;
} mate_kd_block;

// Asks for part `part` of `parts` of a block, so that it is in the second-level cache when it is
// packed. Weights come from memory, which would take a tenth of the time of a product of 200 rows.
static inline __attribute__((always_inline)) void mate_kd_fetch(
    mate_kd_block next, long part, long parts) {
  enum { LINE = 16 };
  long lines = (next.columns + LINE - 1) / LINE, total = lines * next.rows;
  long at = total * part / parts, end = total * (part + 1) / parts;
  if (at == end) return;
  for (long row = at / lines; at < end; row++)
    for (long line = at - row * lines; line < lines && at < end; line++, at++)
      __builtin_prefetch(next.start + row * next.stride + line * LINE, 0, 2);
}

#endif
