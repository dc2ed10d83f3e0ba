#define GRAINSPIN_LANES 16
#define GRAINSPIN_UNITS 2
#define GRAINSPIN_COLUMNS 2
#define GRAINSPIN_KERNELS kRecurrentAvx512
#define GRAINSPIN_NAME "AVX-512"
#include "recurrent_body.h"
