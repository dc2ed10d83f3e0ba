/* A state goes on in another process, through C (C99): `save` makes one, writes it, carries it on and writes where it comes
 * to; `restore`, another process, carries the written one on and must come to the same bits, for one model of each family.
 * Arguments: save | restore, folder of the shipped models, a folder for files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grainspin/grainspin.h"

enum { N = 6, VOXELS = N * N * N, BEFORE = 3, AFTER = 4 };

static const char* const models[] = {"cu_uniaxial", "cu_uniaxial_local"};
static char text[4096];

static const char* path(const char* folder, const char* name, const char* end) {
  snprintf(text, sizeof text, "%s/%s%s", folder, name, end);
  return text;
}

static void ok(int status, const char* what) {
  if (status == GRAINSPIN_OK) return;
  printf("%s: %s (%s)\n", what, grainspin_last_error(), grainspin_status_name(status));
  exit(1);
}
static void must(int condition, const char* what) {
  if (condition) return;
  printf("not so: %s\n", what);
  exit(1);
}

/* Rodrigues vectors, any three numbers: a congruential generator (Knuth, MMIX), the same in every process. */
static void fill(float* v) {
  uint64_t x = 1;
  int i;
  for (i = 0; i < VOXELS * 3; ++i) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    v[i] = (float)((double)(x >> 33) / 2147483648.0 - 0.5);
  }
}

/* Everything that a state shows after its last step. */
typedef struct seen {
  float q[VOXELS * 4], w[VOXELS * 3];
  grainspin_state_info info;
} seen;

static void look(const grainspin_state* state, seen* s) {
  grainspin_array q = {0}, w = {0};
  memset(s, 0, sizeof *s);
  q.data = s->q, q.count = VOXELS * 4;
  w.data = s->w, w.count = VOXELS * 3;
  s->info.size = sizeof s->info;
  ok(grainspin_get_orientations(state, &q, NULL), "orientations");
  ok(grainspin_get_increments(state, &w), "increments");
  ok(grainspin_state_query(state, &s->info), "query");
}

static grainspin_model* load(const char* folder, const char* name, int threads) {
  grainspin_model_options o;
  grainspin_model* model = NULL;
  ok(grainspin_model_options_init(&o, sizeof o), "options");
  o.device = GRAINSPIN_HOST, o.threads = threads;
  ok(grainspin_model_load(path(folder, name, ".safetensors"), &o, &model), "model");
  return model;
}

static void save(const char* shipped, const char* name, const char* folder) {
  static float v[VOXELS * 3];
  static seen end;
  uint8_t mask[VOXELS];
  grainspin_array q = {0}, m = {0};
  grainspin_state_options o;
  grainspin_state* state = NULL;
  grainspin_model* model = load(shipped, name, 2);
  FILE* file;
  int i;
  fill(v);
  for (i = 0; i < VOXELS; ++i) mask[i] = (uint8_t)(i % 7 != 0);
  q.data = v, q.count = VOXELS * 3;
  m.data = mask, m.count = VOXELS, m.type = GRAINSPIN_UINT8;
  ok(grainspin_state_options_init(&o, sizeof o), "options");
  o.extent[0] = o.extent[1] = o.extent[2] = N;
  o.boundary[2] = GRAINSPIN_CLAMPED, o.padding = 2;
  o.orientation = &q, o.mask = &m, o.convention.representation = GRAINSPIN_RODRIGUES;
  ok(grainspin_state_create(model, &o, &state), "state");
  ok(grainspin_advance(state, BEFORE, NULL, NULL, NULL), "steps");
  ok(grainspin_state_save(state, path(folder, name, ".state")), "save");
  ok(grainspin_advance(state, AFTER, NULL, NULL, NULL), "steps");
  look(state, &end);
  must(end.info.step == BEFORE + AFTER, "the step");
  file = fopen(path(folder, name, ".end"), "wb");
  must(file && fwrite(&end, sizeof end, 1, file) == 1 && fclose(file) == 0, "the end is written");
  grainspin_state_free(state);
  grainspin_model_free(model);
}

static void restore(const char* shipped, const char* name, const char* folder) {
  static seen end, want;
  grainspin_state* state = NULL;
  grainspin_model* model = load(shipped, name, 1);
  FILE* file = fopen(path(folder, name, ".end"), "rb");
  must(file && fread(&want, sizeof want, 1, file) == 1, "the end is read");
  fclose(file);
  ok(grainspin_state_restore(model, path(folder, name, ".state"), NULL, &state), "restore");
  ok(grainspin_advance(state, AFTER, NULL, NULL, NULL), "steps");
  look(state, &end);
  must(memcmp(end.q, want.q, sizeof end.q) == 0, "the same orientations");
  must(memcmp(end.w, want.w, sizeof end.w) == 0, "the same increments");
  must(end.info.step == want.info.step && end.info.total_strain == want.info.total_strain, "the same step");
  grainspin_state_free(state);
  grainspin_model_free(model);
  remove(path(folder, name, ".end"));
  remove(path(folder, name, ".state"));
}

int main(int argc, char** argv) {
  size_t m;
  must(argc == 4, "arguments: save | restore, models, folder");
  for (m = 0; m < sizeof models / sizeof *models; ++m)
    if (strcmp(argv[1], "save") == 0) save(argv[2], models[m], argv[3]);
    else restore(argv[2], models[m], argv[3]);
  return 0;
}
