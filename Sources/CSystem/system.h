#ifndef MATE_KD_SYSTEM_H
#define MATE_KD_SYSTEM_H

#include <sys/statfs.h>

// Calls of the system that its headers hide without _GNU_SOURCE, which a module header cannot set
// for others, those with variable arguments, which Swift cannot call, and those of headers that
// Glibc's module leaves out.

extern int renameat2(int, const char *, int, const char *, unsigned);

// Exchanges two names in one step.
static inline int mate_kd_exchange(const char *a, const char *b) {
  const int here = -100 /* AT_FDCWD */;
  const unsigned exchange = 2 /* RENAME_EXCHANGE */;
  return renameat2(here, a, here, b, exchange);
}

// Whether a pipe has no name, as those between commands of a shell.
static inline int mate_kd_is_nameless_pipe(int pipe) {
  struct statfs system;
  return fstatfs(pipe, &system) == 0 && system.f_type == 0x50495045 /* PIPEFS_MAGIC */;
}

extern long tee(int, int, unsigned long, unsigned);

// Looks for a byte in a pipe and leaves it there: 0 if there is none and nobody to write one.
// `room` is the writing end of another pipe.
static inline long mate_kd_peek(int pipe, int room) {
  return tee(pipe, room, 1, 2 /* SPLICE_F_NONBLOCK */);
}

#endif
