#define GRAINSPIN_LANES 4
#define GRAINSPIN_UNITS 1
#define GRAINSPIN_COLUMNS 2
#define GRAINSPIN_KERNELS kRecurrentBaseline
#define GRAINSPIN_NAME "baseline"
#include "recurrent_body.h"
