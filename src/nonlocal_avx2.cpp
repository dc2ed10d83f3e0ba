#include <immintrin.h>

#define GRAINSPIN_LANES 8
#define GRAINSPIN_ROWS 6
#define GRAINSPIN_RECIPROCAL(x) (Vec) _mm256_rcp_ps((__m256)(x))
#define GRAINSPIN_KERNELS kNonlocalAvx2
#define GRAINSPIN_NAME "AVX2"
#include "nonlocal_body.h"
