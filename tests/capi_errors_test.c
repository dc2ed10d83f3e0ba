/* Every error path of the C interface, through C: a program (C99) that links libgrainspin and nothing else. Arguments:
 * folder of the shipped models, an empty folder for files. */
#define _XOPEN_SOURCE 600
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "grainspin/grainspin.h"

static int failures = 0;

/* The call must give `status`, and a text that contains `part`. */
#define WANT(status, part, call) want(__LINE__, #call, status, part, call)
static void want(int line, const char* call, int status, const char* part, int got) {
  const char* text = grainspin_last_error();
  if (got == status && (status == GRAINSPIN_OK || strstr(text, part))) return;
  ++failures;
  printf("line %d: %s gave %s (%s), wanted %s (.. %s ..)\n", line, call, grainspin_status_name(got), text,
         grainspin_status_name(status), part);
}
#define TRUE(condition) \
  do \
    if (!(condition)) { \
      ++failures; \
      printf("line %d: not so: %s\n", __LINE__, #condition); \
    } \
  while (0)

enum { N = 4, VOXELS = N * N * N };
static float q[VOXELS * 9];
static grainspin_array good;
static const char* folder;

static char* joined(const char* a, const char* b) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", a, b);
  return path;
}

static grainspin_array of_floats(float* data, int64_t count) {
  grainspin_array a;
  memset(&a, 0, sizeof a);
  a.data = data;
  a.count = count;
  return a;
}

static grainspin_state_options cube(void) {
  grainspin_state_options o;
  WANT(GRAINSPIN_OK, "", grainspin_state_options_init(&o, sizeof o));
  o.extent[0] = o.extent[1] = o.extent[2] = N;
  o.orientation = &good;
  return o;
}

static grainspin_model* loaded(const char* path) {
  grainspin_model* m = NULL;
  grainspin_model_options o;
  WANT(GRAINSPIN_OK, "", grainspin_model_options_init(&o, sizeof o));
  o.device = GRAINSPIN_HOST, o.threads = 1;
  WANT(GRAINSPIN_OK, "", grainspin_model_load(path, &o, &m));
  return m;
}

static void options_and_models(const char* path) {
  grainspin_model* m = (grainspin_model*)&failures;
  grainspin_model_options o;
  grainspin_model_info info;
  grainspin_phase_info phase;
  struct { grainspin_model_options o; int64_t later; } newer;
  FILE* f;

  TRUE(grainspin_api_version() == GRAINSPIN_API_VERSION);
  TRUE(strlen(grainspin_version()) > 4 && strstr(grainspin_conventions(), "crystal to sample"));
  TRUE(strcmp(grainspin_status_name(77), "unknown") == 0 && strcmp(grainspin_status_name(-1), "unknown") == 0);
  TRUE(strcmp(grainspin_last_error(), "") == 0);
  WANT(GRAINSPIN_ERROR_ARGUMENT, "NULL", grainspin_model_options_init(NULL, sizeof o));
  WANT(GRAINSPIN_ERROR_ARGUMENT, ".size is 3", grainspin_model_options_init(&o, 3));
  WANT(GRAINSPIN_OK, "", grainspin_model_options_init(&o, sizeof o));
  TRUE(o.size == sizeof o && o.device == GRAINSPIN_AUTO && o.threads == 0);
  o.device = GRAINSPIN_HOST;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "path is NULL", grainspin_model_load(NULL, &o, &m));
  TRUE(m == NULL);
  WANT(GRAINSPIN_ERROR_ARGUMENT, "model is NULL", grainspin_model_load(path, &o, NULL));
  WANT(GRAINSPIN_ERROR_IO, "no such model", grainspin_model_load(joined(folder, "no such model"), &o, &m));
  f = fopen(joined(folder, "text"), "w");
  fputs("this is no model", f);
  fclose(f);
  WANT(GRAINSPIN_ERROR_FORMAT, "text", grainspin_model_load(joined(folder, "text"), &o, &m));
  o.device = 3;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "device 3", grainspin_model_load(path, &o, &m));
  o.device = GRAINSPIN_CUDA;
  setenv("GRAINSPIN_CUDA_LIBRARY", "/no such folder/library.so", 1);
  WANT(GRAINSPIN_ERROR_DEVICE, "/no such folder/library.so", grainspin_model_load(path, &o, &m));
  o.device = GRAINSPIN_HOST, o.gpu = -1;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "GPU", grainspin_model_load(path, &o, &m));
  o.gpu = 0, o.threads = -2;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "-2 threads", grainspin_model_load(path, &o, &m));
  o.threads = 1, o.precision = 9;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "precision 9", grainspin_model_load(path, &o, &m));
  o.precision = 0, o.size = 0;
  WANT(GRAINSPIN_ERROR_ARGUMENT, ".size is 0", grainspin_model_load(path, &o, &m));
  o.size = (size_t)-1;
  WANT(GRAINSPIN_ERROR_ARGUMENT, ".size is", grainspin_model_load(path, &o, &m));
  /* a later version's struct: what it does not use passes, what it asks for is refused */
  memset(&newer, 0, sizeof newer);
  WANT(GRAINSPIN_OK, "", grainspin_model_options_init(&newer.o, sizeof newer));
  newer.o.device = GRAINSPIN_HOST;
  newer.later = 1;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "does not know", grainspin_model_load(path, &newer.o, &m));
  TRUE(m == NULL);
  newer.later = 0;
  WANT(GRAINSPIN_OK, "", grainspin_model_load(path, &newer.o, &m));

  info.size = sizeof info;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "model is NULL", grainspin_model_query(NULL, &info));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "info is NULL", grainspin_model_query(m, NULL));
  info.size = 1;
  WANT(GRAINSPIN_ERROR_ARGUMENT, ".size is 1", grainspin_model_query(m, &info));
  phase.size = sizeof phase;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "model is NULL", grainspin_model_phase(NULL, 0, &phase));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "phase 1", grainspin_model_phase(m, 1, &phase));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "phase -1", grainspin_model_phase(m, -1, &phase));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "info is NULL", grainspin_model_phase(m, 0, NULL));
  WANT(GRAINSPIN_OK, "", grainspin_model_phase(m, 0, &phase));
  TRUE(strcmp(phase.point_group, "432") == 0 && strstr(phase.slip_families, "fcc"));
  grainspin_model_free(m), grainspin_model_free(NULL), grainspin_state_free(NULL);
}

static void loads(grainspin_model* m) {
  grainspin_load some[20];
  int64_t count = -1;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "model is NULL", grainspin_model_loads(NULL, 0, NULL, &count));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "count is NULL", grainspin_model_loads(m, 20, some, NULL));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "loads is NULL", grainspin_model_loads(m, 20, NULL, &count));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "capacity is -1", grainspin_model_loads(m, -1, some, &count));
  TRUE(count == -1);
  WANT(GRAINSPIN_OK, "", grainspin_model_loads(m, 2, some, &count));
  TRUE(count == 13 && fabs(some[1].L[8] - 0.01) < 1e-5 && some[1].prescribed[8] == 1 && some[1].prescribed[0] == 0);
  WANT(GRAINSPIN_ERROR_ARGUMENT, "model is NULL", grainspin_named_loads(NULL, "uniaxial:z", 20, some, &count));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "text is NULL", grainspin_named_loads(m, NULL, 20, some, &count));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "sideways", grainspin_named_loads(m, "sideways:z", 20, some, &count));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "count is NULL", grainspin_named_loads(m, "uniaxial:z", 20, some, NULL));
}

static void states(grainspin_model* m) {
  grainspin_state* s = NULL;
  grainspin_state_options o = cube();
  grainspin_array a = good;
  uint8_t mask[VOXELS];
  int32_t phase[VOXELS];
  double matrix[VOXELS * 9];
  static float line[160000];
  grainspin_memory memory;
  grainspin_state_info info;
  int i;
#define REFUSED(status, part) WANT(status, part, grainspin_state_create(m, &o, &s)); TRUE(s == NULL)
  WANT(GRAINSPIN_ERROR_ARGUMENT, "NULL", grainspin_state_options_init(NULL, sizeof o));
  WANT(GRAINSPIN_ERROR_ARGUMENT, ".size is 8", grainspin_state_options_init(&o, 8));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "model is NULL", grainspin_state_create(NULL, &o, &s));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "options is NULL", grainspin_state_create(m, NULL, &s));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_state_create(m, &o, NULL));
  o.size = 8;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, ".size is 8");
  o = cube();
  o.extent[1] = 0;
  REFUSED(GRAINSPIN_ERROR_SHAPE, "extent along y is 0");
  o.extent[1] = -5;
  REFUSED(GRAINSPIN_ERROR_SHAPE, "extent along y is -5");
  o.extent[1] = INT64_MAX;
  REFUSED(GRAINSPIN_ERROR_SHAPE, "extent along y");
  o.extent[0] = o.extent[1] = o.extent[2] = 100000000;
  REFUSED(GRAINSPIN_ERROR_SHAPE, "2^40 voxels");
  for (i = 0; i < 40000; ++i) line[4 * i] = 1;
  a = of_floats(line, 160000), o.orientation = &a;
  o.extent[0] = 40000, o.extent[1] = o.extent[2] = 1;
  REFUSED(GRAINSPIN_ERROR_SHAPE, "40000");
  o = cube(), a = good;
  o.boundary[2] = 2;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "boundary along z");
  o = cube(), o.spacing[0] = NAN;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "spacing of the voxels along x");
  o = cube(), o.padding = -1;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "padding is -1");
  o = cube(), o.stream = &o;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "stream");
  o = cube(), o.convention.representation = 7;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "representation 7");
  o = cube(), o.convention.direction = 2;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "direction 2");
  o = cube(), o.orientation = NULL;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "orientation is NULL");
  o.orientation = &a;
#define ARRAY(change, status, part) a = good; change; REFUSED(status, part)
  ARRAY(a.data = NULL, GRAINSPIN_ERROR_ARGUMENT, "data is NULL");
  ARRAY(a.count = VOXELS * 4 - 1, GRAINSPIN_ERROR_SHAPE, "has 255 elements");
  ARRAY(a.count = -1, GRAINSPIN_ERROR_SHAPE, "has -1 elements");
  ARRAY(a.type = GRAINSPIN_INT32, GRAINSPIN_ERROR_ARGUMENT, "wanted float or double");
  ARRAY(a.type = 40, GRAINSPIN_ERROR_ARGUMENT, "of no known type");
  ARRAY(a.type = -1, GRAINSPIN_ERROR_ARGUMENT, "of no known type");
  ARRAY(a.place = GRAINSPIN_CUDA, GRAINSPIN_ERROR_DEVICE, "GPU memory");
  ARRAY(a.place = 5, GRAINSPIN_ERROR_ARGUMENT, "neither HOST nor CUDA");
  ARRAY(a.reserved = 1, GRAINSPIN_ERROR_ARGUMENT, "reserved");
  ARRAY(a.layout = 3, GRAINSPIN_ERROR_ARGUMENT, "layout 3");
  ARRAY(a.data = (char*)q + 1, GRAINSPIN_ERROR_ARGUMENT, "aligned");
  ARRAY(a.layout = GRAINSPIN_LAYOUT_STRIDES, GRAINSPIN_ERROR_ARGUMENT, "stride is not above 0");
  ARRAY((a.layout = GRAINSPIN_LAYOUT_STRIDES, a.stride[0] = a.stride[1] = a.stride[2] = 4, a.stride[3] = INT64_MAX),
        GRAINSPIN_ERROR_SHAPE, "stride is too large");
  a = good;
  o = cube();
  q[4 * 5 + 2] = NAN;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "voxel (1, 1, 0), counted from 0, is not finite");
  q[4 * 5 + 2] = 0, q[4 * 5] = 1.25f;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "length 1.250, not 1");
  q[4 * 5] = 1;
  a = of_floats(q, VOXELS * 4);
  o.orientation = &a, o.convention.representation = GRAINSPIN_AXIS_ANGLE; /* (1,0,0,0) is no turn about x */
  q[4 * 7] = 2, q[4 * 7 + 3] = 1;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "axis of length 2.000");
  q[4 * 7] = 1, q[4 * 7 + 3] = 0;
  memset(matrix, 0, sizeof matrix);
  for (i = 0; i < VOXELS; ++i) matrix[9 * i] = matrix[9 * i + 4] = matrix[9 * i + 8] = 1;
  matrix[8] = -1; /* a reflection */
  a.data = matrix, a.type = GRAINSPIN_DOUBLE, a.count = VOXELS * 9;
  o.convention.representation = GRAINSPIN_MATRIX;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "no rotation");
  memset(mask, 1, sizeof mask);
  memset(phase, 0, sizeof phase);
  o = cube(), o.mask = &a;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "mask: its elements are double, wanted uint8");
  a.data = mask, a.type = GRAINSPIN_UINT8, a.count = 3;
  REFUSED(GRAINSPIN_ERROR_SHAPE, "mask: has 3 elements");
  o.mask = NULL, o.phase = &a;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "phase: its elements are uint8, wanted int32");
  a.data = phase, a.type = GRAINSPIN_INT32, a.count = VOXELS, phase[9] = 1;
  REFUSED(GRAINSPIN_ERROR_ARGUMENT, "voxel 9 is of phase 1");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which reserve more than that */
  { /* more than there is room for */
    struct rlimit before, little;
    getrlimit(RLIMIT_AS, &before);
    little = before;
    little.rlim_cur = (rlim_t)2 << 30;
    setrlimit(RLIMIT_AS, &little);
    a = good, o = cube();
    o.extent[0] = o.extent[1] = o.extent[2] = 1024;
    a.count = (int64_t)1 << 32;
    o.orientation = &a;
    REFUSED(GRAINSPIN_ERROR_MEMORY, "memory");
    setrlimit(RLIMIT_AS, &before);
  }
#endif
  memory.size = sizeof memory;
  o = cube();
  WANT(GRAINSPIN_ERROR_ARGUMENT, "model is NULL", grainspin_estimate_memory(NULL, &o, &memory));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "options is NULL", grainspin_estimate_memory(m, NULL, &memory));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "memory is NULL", grainspin_estimate_memory(m, &o, NULL));
  o.orientation = NULL;
  WANT(GRAINSPIN_OK, "", grainspin_estimate_memory(m, &o, &memory));
  TRUE(memory.host > VOXELS * 16 && memory.device == 0 && memory.accept >= VOXELS * 16 && memory.saved > memory.accept);
  info.size = sizeof info;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_state_query(NULL, &info));
}

static int stop_at_half(void* user, double fraction, const char* what) {
  ++*(int*)user;
  return what && fraction >= 0.5;
}

static void steps(grainspin_model* m, grainspin_model* local) {
  grainspin_state *s = NULL, *l = NULL;
  grainspin_state_options o = cube();
  grainspin_state_info info;
  grainspin_verdict verdict;
  grainspin_load load[2];
  grainspin_array a = good;
  grainspin_convention c = {8, 0};
  int64_t count;
  int calls = 0;
  o.progress = stop_at_half, o.user = &calls;
  WANT(GRAINSPIN_OK, "", grainspin_state_create(m, &o, &s));
  o = cube();
  WANT(GRAINSPIN_OK, "", grainspin_state_create(local, &o, &l));
  WANT(GRAINSPIN_OK, "", grainspin_model_loads(m, 2, load, &count));
  verdict.size = sizeof verdict;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_advance(NULL, 1, NULL, NULL, NULL));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "0 steps", grainspin_advance(s, 0, NULL, NULL, &verdict));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "-3 steps", grainspin_advance(s, -3, load, NULL, NULL));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "has 13 steps, 0 are done and 14", grainspin_advance(s, 14, NULL, NULL, NULL));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "has 13 steps, 0 are done and 14", grainspin_advance(l, 14, NULL, NULL, NULL));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "local family", grainspin_advance(l, 1, load, NULL, NULL));
  load[1].L[8] = INFINITY;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "load of step 1 of the call: component 8", grainspin_advance(s, 2, load, NULL, NULL));
  load[1].L[8] = 0.01, load[1].prescribed[3] = 2;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "mark of component 3 is 2", grainspin_advance(s, 2, load, NULL, NULL));
  load[1].prescribed[3] = 1, load[1].reserved[6] = 1;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "reserved", grainspin_advance(s, 2, load, NULL, NULL));
  load[1].reserved[6] = 0;
  verdict.size = 2;
  WANT(GRAINSPIN_ERROR_ARGUMENT, ".size is 2", grainspin_advance(s, 1, load, NULL, &verdict));
  info.size = sizeof info;
  WANT(GRAINSPIN_OK, "", grainspin_state_query(s, &info));
  TRUE(info.step == 0 && info.total_strain == 0 && calls == 0); /* nothing of that has changed anything */
  WANT(GRAINSPIN_ERROR_ARGUMENT, "info is NULL", grainspin_state_query(s, NULL));

  WANT(GRAINSPIN_ERROR_ARGUMENT, "no step was taken", grainspin_get_increments(s, &good));
  WANT(GRAINSPIN_ERROR_SHAPE, "stress: has 256 elements", grainspin_get_stress(s, &good));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "trained without it", grainspin_get_stress(l, &good));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "trained without it", grainspin_get_log_variance(s, &good));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "wanted uint8", grainspin_get_verdicts(s, &good));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_get_orientations(NULL, &good, NULL));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_get_increments(NULL, &good));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_get_stress(NULL, &good));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_get_log_variance(NULL, &good));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_get_verdicts(NULL, &good));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "orientations is NULL", grainspin_get_orientations(s, NULL, NULL));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "representation 8", grainspin_get_orientations(s, &good, &c));
  a.layout = GRAINSPIN_LAYOUT_STRIDES, a.stride[0] = 4, a.stride[1] = 15, a.stride[2] = 64, a.stride[3] = 1;
  WANT(GRAINSPIN_ERROR_ARGUMENT, "two elements in one place", grainspin_get_orientations(s, &a, NULL));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_set_orientations(NULL, &good, NULL));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "orientation is NULL", grainspin_set_orientations(s, NULL, NULL));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "representation 8", grainspin_set_orientations(s, &good, &c));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_accept(NULL));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_revert(NULL));

  WANT(GRAINSPIN_INTERRUPTED, "after 2 of 4 steps", grainspin_advance(s, 4, NULL, NULL, (verdict.size = sizeof verdict, &verdict)));
  TRUE(verdict.steps == 2 && calls == 2);
  WANT(GRAINSPIN_OK, "", grainspin_state_query(s, &info));
  TRUE(info.step == 2 && info.accepted == 0);
  WANT(GRAINSPIN_OK, "", grainspin_get_increments(s, &good)); /* finished steps are kept */
  grainspin_state_free(s);
  grainspin_state_free(l);
}

static void saved(grainspin_model* m, grainspin_model* local) {
  static unsigned char buffer[1 << 20];
  grainspin_state *s = NULL, *r = NULL;
  grainspin_state_options o;
  int64_t bytes = 0, i, other;
  memset(q, 0, sizeof q); /* steps() has read into it */
  for (i = 0; i < VOXELS; ++i) q[4 * i] = 1;
  o = cube();
  WANT(GRAINSPIN_OK, "", grainspin_state_create(m, &o, &s));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_state_save(NULL, joined(folder, "s")));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "path is NULL", grainspin_state_save(s, NULL));
  WANT(GRAINSPIN_ERROR_IO, "no folder/s", grainspin_state_save(s, joined(folder, "no folder/s")));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_state_save_memory(NULL, buffer, 1, &bytes));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "bytes is NULL", grainspin_state_save_memory(s, buffer, 1, NULL));
  WANT(GRAINSPIN_ERROR_SHAPE, "the buffer has 10 bytes", grainspin_state_save_memory(s, buffer, 10, &bytes));
  TRUE(bytes > 0 && bytes < (int64_t)sizeof buffer);
  WANT(GRAINSPIN_OK, "", grainspin_state_save_memory(s, buffer, sizeof buffer, &other));
  TRUE(bytes == other);

  WANT(GRAINSPIN_ERROR_ARGUMENT, "model is NULL", grainspin_state_restore(NULL, "s", NULL, &r));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "path is NULL", grainspin_state_restore(m, NULL, NULL, &r));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_state_restore(m, "s", NULL, NULL));
  WANT(GRAINSPIN_ERROR_IO, "nothing", grainspin_state_restore(m, joined(folder, "nothing"), NULL, &r));
  WANT(GRAINSPIN_ERROR_IO, "no regular file", grainspin_state_restore(m, folder, NULL, &r));
  WANT(GRAINSPIN_ERROR_FORMAT, "text", grainspin_state_restore(m, joined(folder, "text"), NULL, &r));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "model is NULL", grainspin_state_restore_memory(NULL, buffer, bytes, NULL, &r));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "buffer is NULL", grainspin_state_restore_memory(m, NULL, bytes, NULL, &r));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "state is NULL", grainspin_state_restore_memory(m, buffer, bytes, NULL, NULL));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "-1 bytes", grainspin_state_restore_memory(m, buffer, -1, NULL, &r));
  WANT(GRAINSPIN_ERROR_ARGUMENT, "come", grainspin_state_restore_memory(m, buffer, bytes, &o, &r));
  WANT(GRAINSPIN_ERROR_FORMAT, "another model file", grainspin_state_restore_memory(local, buffer, bytes, NULL, &r));
  for (i = 0; i < bytes; i += i < 300 ? 1 : 997) { /* cut off anywhere */
    WANT(GRAINSPIN_ERROR_FORMAT, "not a sound saved state", grainspin_state_restore_memory(m, buffer, i, NULL, &r));
    TRUE(r == NULL);
  }
  for (i = 0; i < bytes; i += i < 200 ? 1 : 499) { /* a bit flipped anywhere */
    buffer[i] ^= (unsigned char)(1u << (i % 8));
    WANT(GRAINSPIN_ERROR_FORMAT, "not a sound saved state", grainspin_state_restore_memory(m, buffer, bytes, NULL, &r));
    buffer[i] ^= (unsigned char)(1u << (i % 8));
  }
  WANT(GRAINSPIN_OK, "", grainspin_state_restore_memory(m, buffer, bytes, NULL, &r));
  grainspin_state_free(r);
  grainspin_state_free(s);
}

int main(int argc, char** argv) {
  static char nonlocal[4096], local[4096];
  grainspin_model *m, *l;
  int i;
  if (argc != 3) return 2;
  folder = argv[2];
  snprintf(nonlocal, sizeof nonlocal, "%s/cu_uniaxial.safetensors", argv[1]);
  snprintf(local, sizeof local, "%s/cu_uniaxial_local.safetensors", argv[1]);
  for (i = 0; i < VOXELS; ++i) q[4 * i] = 1;
  good = of_floats(q, VOXELS * 4);
  options_and_models(nonlocal);
  m = loaded(nonlocal);
  l = loaded(local);
  if (m && l) loads(m), states(m), steps(m, l), saved(m, l);
  grainspin_model_free(m);
  grainspin_model_free(l);
  printf("%d failures\n", failures);
  return failures ? 1 : 0;
}
