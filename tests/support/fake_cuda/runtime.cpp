#include "tests/support/fake_cuda/runtime.h"

#include <cuda_runtime_api.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "tests/support/fake_cuda/tensor_map.h"

namespace {

// Arguments may hold tensor maps.
struct alignas(128) Aligned {
  std::byte bytes[128];
};

// What a stream does when its turn comes: a launch, or zeros.
struct Work {
  const void* kernel = nullptr;
  dim3 grid = {}, block = {};
  size_t shared_bytes = 0;
  std::vector<Aligned> arguments = {};
  void* cleared = nullptr;
  size_t bytes = 0;
  int value = 0;
};

}  // namespace

// Opaque in CUDA's header.
struct CUstream_st {
  int device;
  bool capturing;
  int nodes;
  std::vector<Work> recorded;
};
struct CUevent_st {
  int device;
};
struct CUgraph_st {
  int nodes;
  std::vector<Work> recorded;
};
struct CUgraphExec_st {
  int device, nodes;
  std::vector<Work> recorded;
};

namespace {

using yent::cuda::fake::Counts;

struct Memory {
  size_t bytes;
  int device;  // -1: pinned on the host
  void* room;  // of calloc: large ones cost nothing before they are touched; or null: in the room
};

std::recursive_mutex mutex;
std::map<const std::byte*, Memory> memory;
std::map<const void*, int> shared_limits;  // of kernels, on any device
Counts counted;
int devices = 0, failing = -1;
size_t bytes_each = 0;
yent::cuda::fake::Executor executor = {};
std::string fault;  // of the last launch that had one
thread_local int current = 0;
thread_local const CUstream_st* capture = nullptr;

// The allocation that holds `at`, and the bytes from there to its end.
const Memory* find(const void* at, size_t* left) {
  const auto* p = static_cast<const std::byte*>(at);
  auto behind = memory.upper_bound(p);
  if (behind == memory.begin()) return nullptr;
  const auto& [start, m] = *--behind;
  if (p >= start + m.bytes) return nullptr;
  *left = m.bytes - static_cast<size_t>(p - start);
  return &m;
}

bool on_device(const void* at, size_t bytes, int device) {
  size_t left = 0;
  const Memory* m = find(at, &left);
  return m && m->device == device && bytes <= left;
}

bool fails() { return failing >= 0 && failing-- == 0; }

template <class T, class... Values>
cudaError_t make(T** made, Values... values) {
  if (fails()) return cudaErrorMemoryAllocation;
  *made = new T{values...};
  ++counted.live;
  return cudaSuccess;
}
template <class T>
cudaError_t unmake(T* made) {
  if (!made) return cudaErrorInvalidResourceHandle;
  delete made;
  --counted.live;
  return cudaSuccess;
}

// One range of addresses, so that whether an address is the device's is one comparison.
constexpr size_t kRoom = size_t{1} << 40;
std::byte *room_begin = nullptr, *room_next = nullptr;

constexpr size_t room_of(size_t bytes) { return (bytes + 4096 + 255) / 4096 * 4096; }

std::byte* take_room(size_t bytes) { return std::exchange(room_next, room_next + room_of(bytes)); }

cudaError_t take(void** data, size_t bytes, int device) {
  if (capture) return cudaErrorStreamCaptureUnsupported;
  size_t used = 0;
  for (const auto& [start, m] : memory) used += m.device == device ? m.bytes : 0;
  if (fails() || (device >= 0 && bytes > bytes_each - used)) return cudaErrorMemoryAllocation;
  void* room = nullptr;
  std::byte* start = nullptr;
  if (room_begin && device >= 0) {
    start = take_room(bytes);
  } else {
    room = std::calloc(bytes + 256, 1);
    start = static_cast<std::byte*>(room);
    start += 256 - reinterpret_cast<uintptr_t>(room) % 256;
  }
  memory[start] = {bytes, device, room};
  (device < 0 ? counted.pinned_bytes : counted.device_bytes) += bytes;
  counted.most_device_bytes = std::max(counted.most_device_bytes, counted.device_bytes);
  *data = start;
  return cudaSuccess;
}

cudaError_t give(void* data, bool pinned) {
  if (!data) return cudaSuccess;
  if (capture) return cudaErrorStreamCaptureUnsupported;
  const auto at = memory.find(static_cast<std::byte*>(data));
  if (at == memory.end() || (at->second.device < 0) != pinned) return cudaErrorInvalidValue;
  if (!pinned && at->second.device != current) return cudaErrorInvalidDevice;
  (pinned ? counted.pinned_bytes : counted.device_bytes) -= at->second.bytes;
  if (!at->second.room) madvise(data, room_of(at->second.bytes), MADV_DONTNEED);
  std::free(at->second.room);
  memory.erase(at);
  return cudaSuccess;
}

cudaError_t wait() {
  if (capture) return cudaErrorStreamCaptureUnsupported;
  ++counted.waits;
  return cudaSuccess;
}

// Whether this thread may put work onto the stream now.
cudaError_t enters(cudaStream_t stream) {
  if (!stream || stream->device != current) return cudaErrorInvalidResourceHandle;
  if (capture && capture != stream) return cudaErrorStreamCaptureImplicit;
  if (stream->capturing) ++stream->nodes;
  return cudaSuccess;
}

cudaError_t perform(const Work& work) {
  if (work.cleared) {
    std::memset(work.cleared, work.value, work.bytes);
    return cudaSuccess;
  }
  const dim3 &g = work.grid, &b = work.block;
  fault = executor.execute(
      {work.kernel, {g.x, g.y, g.z}, {b.x, b.y, b.z}, work.shared_bytes, work.arguments.data()});
  return fault.empty() ? cudaSuccess : cudaErrorLaunchFailure;
}

// Now, or when the recording is played.
cudaError_t add(cudaStream_t stream, Work work) {
  if (!stream->capturing) return perform(work);
  stream->recorded.push_back(std::move(work));
  return cudaSuccess;
}

}  // namespace

namespace yent::cuda::fake {

void execute_with(const Executor& with) { executor = with; }

Room device_room() {
  if (!room_begin) {
    void* all = mmap(nullptr, kRoom, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) return {};
    room_begin = room_next = static_cast<std::byte*>(all);
  }
  return {room_begin, kRoom};
}

Room device_memory_at(const void* at) {
  size_t left = 0;
  const Memory* m = find(at, &left);
  if (!m || m->device != current) return {};
  return {static_cast<const std::byte*>(at) + left - m->bytes, m->bytes};
}

void begin(int count, size_t bytes) {
  const std::lock_guard lock(mutex);
  devices = count, bytes_each = bytes, failing = -1;
  Counts fresh = {};
  fresh.device_bytes = counted.device_bytes, fresh.pinned_bytes = counted.pinned_bytes;
  fresh.live = counted.live;
  counted = fresh;
}
void fail_after(int calls) {
  const std::lock_guard lock(mutex);
  failing = calls;
}
Counts counts() {
  const std::lock_guard lock(mutex);
  return counted;
}

}  // namespace yent::cuda::fake

// The names below are CUDA's.
#define LOCKED const std::lock_guard lock(mutex)

extern "C" {

// ---- Devices and errors

cudaError_t cudaGetDeviceCount(int* count) {
  *count = devices;
  return devices ? cudaSuccess : cudaErrorNoDevice;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= devices) return cudaErrorInvalidDevice;
  current = device;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  std::strcpy(properties->name, "a GPU that is not there");
  properties->major = 9;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = 132;
  return cudaSuccess;
}
const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorStreamCaptureUnsupported:
      return "not while a stream is captured";
    case cudaErrorInvalidResourceHandle:
      return "another device's stream";
    case cudaErrorLaunchFailure:
      return fault.c_str();
    default:
      return "invalid";
  }
}
cudaError_t cudaGetLastError() { return cudaSuccess; }

// ---- Memory

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  LOCKED;
  *free = *total = bytes_each;
  for (const auto& [start, m] : memory) *free -= m.device == current ? m.bytes : 0;
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** data, size_t bytes) {
  LOCKED;
  return take(data, bytes, current);
}
cudaError_t cudaMallocHost(void** data, size_t bytes) {
  LOCKED;
  return take(data, bytes, -1);
}
cudaError_t cudaFree(void* data) {
  LOCKED;
  return give(data, false);
}
cudaError_t cudaFreeHost(void* data) {
  LOCKED;
  return give(data, true);
}
cudaError_t cudaMemsetAsync(void* data, int value, size_t bytes, cudaStream_t stream) {
  LOCKED;
  if (const cudaError_t error = enters(stream)) return error;
  if (!on_device(data, bytes, current)) return cudaErrorInvalidValue;
  if (executor.execute) return add(stream, {.cleared = data, .bytes = bytes, .value = value});
  if (!stream->capturing && bytes <= 4096) std::memset(data, value, bytes);  // all is fresh anyway
  return cudaSuccess;
}
// NOLINTNEXTLINE(readability-function-size): CUDA declares it
cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch,
                              size_t row, size_t rows, cudaMemcpyKind kind, cudaStream_t stream) {
  LOCKED;
  if (capture) return cudaErrorStreamCaptureUnsupported;  // the host may change pageable memory
  if (const cudaError_t error = enters(stream)) return error;
  const bool up = kind == cudaMemcpyHostToDevice;
  const void *host = up ? from : to, *device = up ? to : from;
  const size_t pitch = up ? to_pitch : from_pitch;
  if (pitch < row || !on_device(device, pitch * (rows - 1) + row, current)) {
    return cudaErrorInvalidValue;
  }
  size_t left = 0;
  if (!find(host, &left)) ++counted.pageable_copies;
  for (size_t r = 0; r < rows; ++r) {
    std::memcpy(static_cast<std::byte*>(to) + r * to_pitch,
                static_cast<const std::byte*>(from) + r * from_pitch, row);
  }
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return cudaMemcpy2DAsync(to, bytes, from, bytes, bytes, 1, kind, stream);
}

// ---- Streams and events

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  LOCKED;
  return make(stream, current, false, 0, std::vector<Work>());
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  LOCKED;
  return unmake(stream);
}
cudaError_t cudaStreamSynchronize(cudaStream_t) {
  LOCKED;
  return wait();
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  LOCKED;
  return make(event, current);
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  LOCKED;
  return unmake(event);
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  LOCKED;
  if (!event || !stream || event->device != stream->device) return cudaErrorInvalidResourceHandle;
  return enters(stream);
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  LOCKED;
  return event ? wait() : cudaErrorInvalidResourceHandle;
}

// ---- Kernels

cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned,
                                             unsigned long long,
                                             cudaDriverEntryPointQueryResult* found) {
  *function = yent::cuda::fake::driver_entry(name);
  *found = *function ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
  *attributes = {};
  return cudaSuccess;
}
cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute, int value) {
  LOCKED;
  constexpr int most = 227 << 10;  // of sm_90; kernels for others limit themselves
  if (value > most) return cudaErrorInvalidValue;
  shared_limits[kernel] = value;
  return cudaSuccess;
}
// NOLINTNEXTLINE(readability-function-size): CUDA declares it
cudaError_t cudaLaunchKernel(const void* kernel, dim3 grid, dim3 block, void** arguments,
                             size_t shared, cudaStream_t stream) {
  LOCKED;
  if (const cudaError_t error = enters(stream)) return error;
  const auto limit = shared_limits.find(kernel);
  const size_t allowed =
      limit == shared_limits.end() ? 48 << 10 : static_cast<size_t>(limit->second);
  const size_t threads = static_cast<size_t>(block.x) * block.y * block.z;
  if (grid.x - 1 >= 0x7fffffff || grid.y - 1 >= 65535 || grid.z - 1 >= 65535 ||
      threads - 1 >= 1024 || shared > allowed) {
    return cudaErrorInvalidConfiguration;
  }
  counted.launches += !stream->capturing;
  if (!executor.execute) return cudaSuccess;
  const size_t bytes = executor.argument_bytes(kernel), each = sizeof(Aligned);
  Work work{.kernel = kernel, .grid = grid, .block = block, .shared_bytes = shared};
  work.arguments.resize((bytes + each - 1) / each);
  if (bytes) std::memcpy(work.arguments.data(), arguments[0], bytes);
  return add(stream, std::move(work));
}

// ---- Recordings

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  LOCKED;
  if (capture || mode != cudaStreamCaptureModeThreadLocal) return cudaErrorIllegalState;
  stream->capturing = true;
  stream->nodes = 0;
  stream->recorded.clear();
  capture = stream;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  LOCKED;
  if (capture != stream) return cudaErrorIllegalState;
  stream->capturing = false;
  capture = nullptr;
  return make(graph, stream->nodes, std::exchange(stream->recorded, {}));
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  LOCKED;
  return unmake(graph);
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  LOCKED;
  ++counted.recordings;
  return make(exec, current, graph->nodes, graph->recorded);
}
cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph,
                                cudaGraphExecUpdateResultInfo*) {
  LOCKED;
  if (exec->nodes != graph->nodes) return cudaErrorGraphExecUpdateFailure;
  exec->recorded = graph->recorded;
  ++counted.recordings;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  LOCKED;
  return unmake(exec);
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  LOCKED;
  if (exec->device != stream->device) return cudaErrorInvalidResourceHandle;
  if (const cudaError_t error = enters(stream)) return error;
  ++counted.replays;
  for (const Work& work : exec->recorded) {
    if (const cudaError_t error = add(stream, work)) return error;
  }
  return cudaSuccess;
}

// ---- Calls from objects that nvcc made: they register their kernels, which nobody runs

void** __cudaRegisterFatBinary(void*) {
  static void* handle = nullptr;
  return &handle;
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
// NOLINTNEXTLINE(readability-function-size): CUDA declares it
void __cudaRegisterFunction(void**, const char*, char*, const char*, int, void*, void*, void*,
                            void*, int*) {}
cudaError_t __cudaGetKernel(void** kernel, const void* entry) {
  *kernel = const_cast<void*>(entry);
  return cudaSuccess;
}
cudaError_t __cudaLaunchKernel(void*, dim3, dim3, void**, size_t, cudaStream_t) {
  return cudaErrorNotSupported;  // Queue launches otherwise
}
unsigned __cudaPopCallConfiguration(dim3*, dim3*, size_t*, void*) { return 0; }

}  // extern "C"
