#include "kernels/cuda/runtime/graph.h"

#include "kernels/cuda/runtime/check.cuh"

namespace yent::cuda {

void Graphs::replay(const std::string& key, const std::function<void()>& forward) {
  q_.enter();
  if (recordings_.size() >= kMaxRecordings && !recordings_.contains(key)) clear();
  const auto [at, is_new] = recordings_.try_emplace(key);
  Recording& r = at->second;
  if (is_new || r.waits) {
    q_.begin_signature(false);
    forward();
    r.waits = r.waits || q_.waited();
    return;
  }
  q_.begin_signature(true);
  uint64_t signature = 0;
  try {
    forward();
    signature = q_.end_signature();
  } catch (...) {
    q_.end_signature();
    throw;
  }
  if (q_.waited()) {
    r.waits = true;
    forward();  // the comparison has read values that nothing had computed
    return;
  }
  if (!r.exec || r.signature != signature) record(r, forward);
  CUDA_CHECK(cudaGraphLaunch(r.exec, q_.stream()));
}

void Graphs::record(Recording& r, const std::function<void()>& forward) {
  cudaGraph_t graph = nullptr;
  q_.begin_signature(false);
  CUDA_CHECK(cudaStreamBeginCapture(q_.stream(), cudaStreamCaptureModeThreadLocal));
  try {
    forward();
  } catch (...) {
    cudaStreamEndCapture(q_.stream(), &graph);
    if (graph) cudaGraphDestroy(graph);
    throw;
  }
  CUDA_CHECK(cudaStreamEndCapture(q_.stream(), &graph));
  cudaGraphExecUpdateResultInfo info = {};
  if (r.exec && cudaGraphExecUpdate(r.exec, graph, &info) != cudaSuccess) {
    cudaGetLastError();
    cudaGraphExecDestroy(r.exec);
    r.exec = nullptr;
  }
  const cudaError_t made = r.exec ? cudaSuccess : cudaGraphInstantiate(&r.exec, graph, 0);
  cudaGraphDestroy(graph);
  CUDA_CHECK(made);
  r.signature = q_.end_signature();
}

void Graphs::clear() {
  for (auto& [key, r] : recordings_) {
    if (r.exec) cudaGraphExecDestroy(r.exec);
  }
  recordings_.clear();
}

}  // namespace yent::cuda
