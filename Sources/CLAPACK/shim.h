#ifndef MATE_KD_CLAPACK_SHIM_H
#define MATE_KD_CLAPACK_SHIM_H

#include <lapacke.h>

#endif
