#include "BuildFacts.h"

const char *mate_kd_build_commit(void) { return MATE_KD_COMMIT; }
const char *mate_kd_build_march(void) { return MATE_KD_MARCH; }
const char *mate_kd_build_clang(void) {
  // Not __clang_version__, which goes on with the address and commit of Clang's sources.
#define TEXT_OF(a, b, c) #a "." #b "." #c
#define TEXT(a, b, c) TEXT_OF(a, b, c)
  return TEXT(__clang_major__, __clang_minor__, __clang_patchlevel__);
}
