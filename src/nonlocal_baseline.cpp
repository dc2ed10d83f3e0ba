#define GRAINSPIN_LANES 4
#define GRAINSPIN_ROWS 6
#define GRAINSPIN_RECIPROCAL(x) (1.0f / (x))
#define GRAINSPIN_KERNELS kNonlocalBaseline
#define GRAINSPIN_NAME "baseline"
#include "nonlocal_body.h"
