#ifndef MATE_KD_ZLIB_SHIM_H
#define MATE_KD_ZLIB_SHIM_H

#include <zlib.h>

// Begins to unpack members of gzip and nothing else. `inflateInit2` is a macro, which Swift does
// not see; 16 beside the bits of the largest window stands for gzip.
static inline int mate_kd_begin_gunzip(z_stream *stream) {
  return inflateInit2(stream, 16 + MAX_WBITS);
}

#endif
