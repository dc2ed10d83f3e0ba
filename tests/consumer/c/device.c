/* device MODEL: loads a model on the GPU; the exit status is the call's, its text is printed. */
#include <grainspin/grainspin.h>
#include <stdio.h>

int main(int argc, char** argv) {
  grainspin_model* model = NULL;
  grainspin_model_options options;
  grainspin_status status;
  if (argc != 2 || grainspin_model_options_init(&options, sizeof options)) return 100;
  options.device = GRAINSPIN_CUDA;
  status = grainspin_model_load(argv[1], &options, &model);
  if (status) puts(grainspin_last_error());
  grainspin_model_free(model);
  return (int)status;
}
