#define GRAINSPIN_LANES 8
#define GRAINSPIN_UNITS 1
#define GRAINSPIN_COLUMNS 2
#define GRAINSPIN_KERNELS kRecurrentAvx2
#define GRAINSPIN_NAME "AVX2"
#include "recurrent_body.h"
