/* consumer MODEL FOLDER NX NY NZ STEPS: carries FOLDER/initial.f32 through STEPS steps of the model's own load, two in
 * one call and the rest one by one, and compares with what the program wrote: orientation.f32, stress.f32, bit for bit. */
#include <grainspin/grainspin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int must(grainspin_status status, const char* what) {
  if (status) fprintf(stderr, "%s: %s: %s\n", what, grainspin_status_name((int)status), grainspin_last_error());
  return status == GRAINSPIN_OK;
}

/* n floats of a file; NULL where it has not exactly these. */
static float* field(const char* folder, const char* name, size_t n) {
  char path[4096];
  float* values = malloc((n + 1) * sizeof *values);
  size_t found = 0;
  FILE* file;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  file = fopen(path, "rb");
  if (file && values) found = fread(values, sizeof *values, n + 1, file);
  if (file) fclose(file);
  if (found == n) return values;
  fprintf(stderr, "%s has not %lu numbers\n", path, (unsigned long)n);
  free(values);
  return NULL;
}

static int same(const char* what, const float* a, const float* b, size_t n) {
  if (!memcmp(a, b, n * sizeof *a)) return 1;
  fprintf(stderr, "%s is not that of the program\n", what);
  return 0;
}

/* A file that is not there: the status, the name in the text, no handle, nothing ended. */
static int refuses(void) {
  grainspin_model* model = (grainspin_model*)&model;
  const grainspin_status status = grainspin_model_load("no such model.safetensors", NULL, &model);
  if (status == GRAINSPIN_ERROR_IO && !model && strstr(grainspin_last_error(), "no such model.safetensors")) return 1;
  fprintf(stderr, "a missing file: status %d, \"%s\"\n", (int)status, grainspin_last_error());
  return 0;
}

int main(int argc, char** argv) {
  grainspin_model* model = NULL;
  grainspin_state* state = NULL;
  grainspin_model_options with;
  grainspin_state_options options;
  grainspin_array q = {0}, s = {0};
  grainspin_verdict verdict = {sizeof verdict, 0, 0, 0, 0, 0, NULL};
  float *initial, *orientation, *stress;
  size_t n;
  long step, steps;
  int good;
  if (argc != 7) return 2;
  n = (size_t)(atol(argv[3]) * atol(argv[4]) * atol(argv[5]));
  steps = atol(argv[6]);
  initial = field(argv[2], "initial.f32", 4 * n);
  orientation = field(argv[2], "orientation.f32", 4 * n);
  stress = field(argv[2], "stress.f32", 6 * n);
  if (!initial || !orientation || !stress || !refuses()) return 1;
  if (grainspin_api_version() != GRAINSPIN_API_VERSION) return 1;

  good = must(grainspin_model_options_init(&with, sizeof with), "model options");
  with.device = GRAINSPIN_HOST;
  good = good && must(grainspin_model_load(argv[1], &with, &model), "load") &&
         must(grainspin_state_options_init(&options, sizeof options), "state options");
  options.extent[0] = atol(argv[3]);
  options.extent[1] = atol(argv[4]);
  options.extent[2] = atol(argv[5]);
  q.data = initial;
  q.count = (int64_t)(4 * n);
  s.data = malloc(6 * n * sizeof(float));
  s.count = (int64_t)(6 * n);
  options.orientation = &q;
  good = good && must(grainspin_state_create(model, &options, &state), "create") &&
         must(grainspin_advance(state, 2, NULL, NULL, &verdict), "two steps");
  for (step = 2; good && step < steps; ++step) good = must(grainspin_advance(state, 1, NULL, NULL, &verdict), "a step");
  good = good && verdict.verdict != GRAINSPIN_OUTSIDE && must(grainspin_get_orientations(state, &q, NULL), "orientations") &&
         must(grainspin_get_stress(state, &s), "stress") && same("orientation", initial, orientation, 4 * n) &&
         same("stress", s.data, stress, 6 * n);
  grainspin_state_free(state);
  grainspin_model_free(model);
  free(s.data);
  free(stress);
  free(orientation);
  free(initial);
  if (good) printf("%s: %ld steps, %lu voxels, bit for bit\n", grainspin_version(), steps, (unsigned long)n);
  return good ? 0 : 1;
}
