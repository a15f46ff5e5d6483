#ifndef MATE_KD_CBLAS_SHIM_H
#define MATE_KD_CBLAS_SHIM_H

#include <cblas.h>

#endif
