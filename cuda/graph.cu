// Launches recorded once and sent to the GPU as one graph.
#include <memory>

#include "cuda/runtime.h"

namespace grainspin::cuda {

struct Graph {
  cudaGraphExec_t exec = nullptr;
};

Graph* record(Context* context, void (*work)(void*), void* with) {
  GRAINSPIN_CUDA(cudaSetDevice(context->gpu));
  // Thread-local: what other threads do with their GPUs is none of this recording's business.
  GRAINSPIN_CUDA(cudaStreamBeginCapture(context->stream, cudaStreamCaptureModeThreadLocal));
  cudaGraph_t graph = nullptr;
  try {
    work(with);
  } catch (...) {  // the stream must leave its recording, whatever happened
    if (cudaStreamEndCapture(context->stream, &graph) == cudaSuccess && graph) cudaGraphDestroy(graph);
    cudaGetLastError();
    throw;
  }
  GRAINSPIN_CUDA(cudaStreamEndCapture(context->stream, &graph));
  auto result = std::make_unique<Graph>();
  const cudaError_t status = cudaGraphInstantiate(&result->exec, graph, 0);
  cudaGraphDestroy(graph);
  check(status, "cudaGraphInstantiate");
  return result.release();
}

void launch(Context* context, Graph* graph) { GRAINSPIN_CUDA(cudaGraphLaunch(graph->exec, context->stream)); }

void forget(Context* context, Graph* graph) noexcept {
  if (!graph) return;
  cudaSetDevice(context->gpu);
  cudaStreamSynchronize(context->stream);  // it may still run
  cudaGraphExecDestroy(graph->exec);
  delete graph;
}

}  // namespace grainspin::cuda
