// Launches recorded once and sent to the GPU as one graph, and streams beside each other.
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

void on_stream(Context* context, int stream) {
  GRAINSPIN_CUDA(cudaSetDevice(context->gpu));
  cudaStream_t& wanted = context->streams[stream];
  if (!wanted) GRAINSPIN_CUDA(cudaStreamCreateWithFlags(&wanted, cudaStreamNonBlocking));
  context->stream = wanted;
}

void follow(Context* context, int stream) {
  GRAINSPIN_CUDA(cudaSetDevice(context->gpu));
  if (!context->streams[stream]) return;  // nothing was ever given to it
  GRAINSPIN_CUDA(cudaEventRecord(context->order, context->streams[stream]));
  GRAINSPIN_CUDA(cudaStreamWaitEvent(context->stream, context->order, 0));
}

void launch(Context* context, Graph* graph) { GRAINSPIN_CUDA(cudaGraphLaunch(graph->exec, context->stream)); }

void forget(Context* context, Graph* graph) noexcept {
  if (!graph) return;
  cudaSetDevice(context->gpu);
  cudaStreamSynchronize(context->streams[0]);  // it may still run
  cudaGraphExecDestroy(graph->exec);
  delete graph;
}

}  // namespace grainspin::cuda
