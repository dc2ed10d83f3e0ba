#include <immintrin.h>

#define GRAINSPIN_LANES 16
#define GRAINSPIN_ROWS 12
#define GRAINSPIN_RECIPROCAL(x) (Vec) _mm512_maskz_rcp14_ps(0xffff, (__m512)(x))
#define GRAINSPIN_KERNELS kNonlocalAvx512
#define GRAINSPIN_NAME "AVX-512"
#include "nonlocal_body.h"
