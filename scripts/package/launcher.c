// The program mate-kd of a package: runs the build that fits the processor, which lies beside it in
// ../lib/mate-kd/LEVEL/mate-kd. Compiled for any x86-64, since it has to say what is missing.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The test of the package puts something else here.
#ifndef SUPPORTS
#define SUPPORTS(level) __builtin_cpu_supports(level)
#endif

enum { UNAVAILABLE = 69, USAGE = 64 };

int main(int count, char **arguments) {
  (void)count;
  const char *level = SUPPORTS("x86-64-v4") ? "x86-64-v4" : SUPPORTS("x86-64-v3") ? "x86-64-v3" : 0;
  if (!level) {
    fputs("error: mate-kd needs a processor with AVX2 and FMA (x86-64-v3), which this one lacks\n",
          stderr);
    return UNAVAILABLE;
  }

  // To compare the builds. One that the processor cannot run says so itself.
  const char *wanted = getenv("MATE_KD_BUILD");
  if (wanted && *wanted) {
    if (strcmp(wanted, "x86-64-v3") && strcmp(wanted, "x86-64-v4")) {
      fprintf(stderr, "error: MATE_KD_BUILD is x86-64-v3 or x86-64-v4, not \"%s\"\n", wanted);
      return USAGE;
    }
    level = wanted;
  }

  // The kernel's path of this file: neither a link to it nor a PATH misleads it.
  char path[4096];
  const char *const rest = "lib/mate-kd/";
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 64);
  if (length < 0 || length >= (ssize_t)sizeof path - 64) {
    strcpy(path, "/usr/bin/mate-kd");  // without /proc, where the Debian package has it
  } else {
    path[length] = 0;
  }
  for (int i = 0; i < 2; i++) {  // without its name and the folder bin
    char *slash = strrchr(path, '/');
    if (slash) *slash = 0;
  }
  sprintf(path + strlen(path), "/%s%s/mate-kd", rest, level);

  execv(path, arguments);
  fprintf(stderr, "error: cannot run %s: %s; install mate-kd again\n", path, strerror(errno));
  return UNAVAILABLE;
}
