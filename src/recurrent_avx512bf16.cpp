#define GRAINSPIN_TILES_AMX 0
#define GRAINSPIN_KERNELS kRecurrentAvx512Bf16
#define GRAINSPIN_NAME "AVX-512 bf16"
#include "recurrent_tiles.h"
