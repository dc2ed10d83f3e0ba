#define GRAINSPIN_TILES_AMX 1
#define GRAINSPIN_KERNELS kRecurrentAmx
#define GRAINSPIN_NAME "AMX bf16"
#include "recurrent_tiles.h"
