// Preloaded by scripts/crash-test.sh and scripts/fault-test.sh: counts the operations by which a
// program changes files, and does something at one of them.
//
// Environment:
//   FAULT_PATH    only files whose path contains this are counted
//   FAULT_KIND    only these operations: any, open, write, fsync, rename, mkdir, unlink
//   FAULT_AT      the operation at which it happens, counted from 1; 0 only counts
//   FAULT_ACTION  kill, term, short (half of a write), ENOSPC, EIO, or truncate (cut a file in the
//                 middle of what is about to be read from it; needs no FAULT_KIND), or threads
//                 (none can be made)
//   FAULT_STAYS   if set, every later operation fails as well
//   FAULT_LOG     a file to which a line per operation is added
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { maximum_descriptors = 4096 };
static atomic_int count;
static atomic_bool watched[maximum_descriptors];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int matches(const char *path) {
  const char *part = getenv("FAULT_PATH");
  return part && path && strstr(path, part);
}

static int is_watched(int fd) { return fd >= 0 && fd < maximum_descriptors && watched[fd]; }

static void note(int number, const char *kind, const char *path) {
  const char *log = getenv("FAULT_LOG");
  if (!log) return;
  char line[4096];
  int length = snprintf(line, sizeof line, "%d %s %s\n", number, kind, path ? path : "");
  int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return;
  syscall(SYS_write, fd, line, (size_t)length);
  syscall(SYS_close, fd);
}

// What an operation must do: 0 go on, 1 fail with errno, 2 write half, 3 write half and die.
static int decide(const char *kind, const char *path) {
  const char *only = getenv("FAULT_KIND");
  if (only && strcmp(only, "any") && strcmp(only, kind)) return 0;
  int number = atomic_fetch_add(&count, 1) + 1;
  note(number, kind, path);
  const char *at = getenv("FAULT_AT"), *action = getenv("FAULT_ACTION");
  int wanted = at ? atoi(at) : 0;
  if (!wanted || !action || (getenv("FAULT_STAYS") ? number < wanted : number != wanted)) return 0;
  if (!strcmp(action, "term")) {
    kill(getpid(), SIGTERM);
    return 0;
  }
  if (!strcmp(action, "kill")) {
    if (!strcmp(kind, "write")) return 3;
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  if (!strcmp(action, "short")) return !strcmp(kind, "write") ? 2 : 0;
  errno = !strcmp(action, "EIO") ? EIO : ENOSPC;
  return 1;
}

static int opened(int fd, const char *path) {
  if (fd >= 0 && fd < maximum_descriptors) watched[fd] = matches(path);
  return fd;
}

static int changes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT); }

#define OPEN(name, parameters, arguments)                                   \
  int name parameters {                                                     \
    mode_t mode = 0;                                                        \
    if (flags & (O_CREAT | O_TMPFILE)) {                                    \
      va_list list;                                                         \
      va_start(list, flags);                                                \
      mode = va_arg(list, mode_t);                                          \
      va_end(list);                                                         \
    }                                                                       \
    if (matches(path) && changes(flags) && decide("open", path)) return -1; \
    return opened(REAL(name) arguments, path);                              \
  }
OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
OPEN(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))

int close(int fd) {
  if (fd >= 0 && fd < maximum_descriptors) watched[fd] = 0;
  return REAL(close)(fd);
}

ssize_t write(int fd, const void *bytes, size_t size) {
  if (is_watched(fd)) {
    switch (decide("write", NULL)) {
    case 1: return -1;
    case 2: size = size > 1 ? size / 2 : size; break;
    case 3:
      REAL(write)(fd, bytes, size / 2);
      kill(getpid(), SIGKILL);
      for (;;) pause();
    }
  }
  return REAL(write)(fd, bytes, size);
}

int fsync(int fd) {
  if (is_watched(fd) && decide("fsync", NULL)) return -1;
  return REAL(fsync)(fd);
}

int ftruncate(int fd, off_t size) {
  if (is_watched(fd)) {
    switch (decide("write", NULL)) {
    case 1: return -1;
    case 3:
      kill(getpid(), SIGKILL);
      for (;;) pause();
    }
  }
  return REAL(ftruncate)(fd, size);
}

int rename(const char *from, const char *to) {
  if (matches(to) && decide("rename", to)) return -1;
  return REAL(rename)(from, to);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
  if (matches(to) && decide("rename", to)) return -1;
  return REAL(renameat2)(a, from, b, to, flags);
}

int mkdir(const char *path, mode_t mode) {
  if (matches(path) && decide("mkdir", path)) return -1;
  return REAL(mkdir)(path, mode);
}

#define UNLINK(name, parameters, arguments)               \
  int name parameters {                                   \
    if (matches(path) && decide("unlink", path)) return -1; \
    return REAL(name) arguments;                          \
  }
UNLINK(unlink, (const char *path), (path))
UNLINK(rmdir, (const char *path), (path))
UNLINK(remove, (const char *path), (path))

// Names below a folder's descriptor do not show the path, so the descriptor decides.
int unlinkat(int folder, const char *path, int flags) {
  if ((is_watched(folder) || matches(path)) && decide("unlink", path)) return -1;
  return REAL(unlinkat)(folder, path, flags);
}

static void cut(int fd, off_t size) {
  const char *action = getenv("FAULT_ACTION");
  if (!is_watched(fd) || !action || strcmp(action, "truncate")) return;
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  truncate(name, size);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                   void *argument) {
  const char *action = getenv("FAULT_ACTION");
  if (action && !strcmp(action, "threads")) return EAGAIN;
  return REAL(pthread_create)(thread, attributes, body, argument);
}

#define PREAD(name)                                               \
  ssize_t name(int fd, void *bytes, size_t size, off_t offset) {  \
    cut(fd, offset + (off_t)size / 2);                            \
    return REAL(name)(fd, bytes, size, offset);                   \
  }
PREAD(pread)
PREAD(pread64)
