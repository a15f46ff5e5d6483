#ifndef MATE_KD_BUILD_FACTS_H
#define MATE_KD_BUILD_FACTS_H

// What Package.swift knew about this build. Functions, not macros: when the commit changes, this
// target's one file is compiled again and nothing that imports it.

// The commit, 12 digits, with "-dirty" behind it if files had changes; "unknown" without git.
const char *mate_kd_build_commit(void);

// The value of -march, such as "native" or "x86-64-v3".
const char *mate_kd_build_march(void);

// The version of Clang that came with the Swift compiler.
const char *mate_kd_build_clang(void);

#endif
