#ifndef MATE_KD_CBLAS_SHIM_H
#define MATE_KD_CBLAS_SHIM_H

#include <cblas.h>
#include <limits.h>
#include <sys/resource.h>

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

// Limits of this process in bytes, negative for none. Whether the names of resources are integers
// for Swift depends on the system's headers.
static inline long mate_kd_limit(int resource) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) < 0 || limit.rlim_cur > LONG_MAX) return -1;
  return (long)limit.rlim_cur;
}
static inline long mate_kd_address_space_limit(void) { return mate_kd_limit(RLIMIT_AS); }
static inline long mate_kd_stack_limit(void) { return mate_kd_limit(RLIMIT_STACK); }
static inline long mate_kd_data_limit(void) { return mate_kd_limit(RLIMIT_DATA); }

#endif
