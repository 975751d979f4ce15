// The narrow waist: everything a model may ask of a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/activation_fn.h"
#include "kernels/integers.h"
#include "kernels/quantize/layer_grids.h"
#include "kernels/quantize/quant_error.h"
#include "kernels/tensor.h"

namespace yent {

// How a layer computes. f32: f32 weights and arithmetic. f16: weights stored as f16. bf16: weights
// and inputs rounded to bf16, f32 sums. int8: weights quantized per output channel and inputs per
// row (linear) or per image (convolution), symmetrically to [-127, 127], exact int32 sums.
enum class Precision : uint8_t { f32, f16, bf16, int8, last = int8 };

constexpr const char* precision_name(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::f16:
      return "f16";
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
  }
  return "";
}

// The op that reads an activation next, and how that layer computes: a hint for its layout.
enum class Consumer : uint8_t { any, linear, conv3x3, attention };
struct ConsumerHint {
  Consumer use = Consumer::any;
  Precision precision = Precision::f32;
  bool per_tensor = false;  // see LinearWeight
};

// How an activation lies in memory: a tensor whose data is null, and the bytes it needs.
struct Layout {
  Tensor tensor;
  size_t bytes = 0;
};

// Working memory of one forward: activations and the scratch of ops. Every run of a forward takes
// the same sizes in the same order, which is what makes a plan possible. One thread at a time.
class Arena {
 public:
  struct Block {
    std::byte* data = nullptr;  // 64-byte aligned; null while the arena measures
    size_t bytes = 0;
    int id = -1;
  };
  virtual ~Arena() = default;
  virtual Block take(size_t bytes) = 0;
  virtual void give(const Block& block) = 0;
  // A dry run that finds the sizes: an op takes its scratch, computes nothing and returns.
  virtual bool measuring() const = 0;
};

// Scratch of one op, given back when it returns.
class Scratch {
 public:
  Scratch(Arena& arena, size_t bytes) : arena_(arena), block_(arena.take(bytes)) {}
  ~Scratch() { arena_.give(block_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(block_.data);
  }

 private:
  Arena& arena_;
  Arena::Block block_;
};

// Device memory that outlives a forward (a norm's weights, a KV cache). Copies share it; the last
// one frees it.
struct PersistentTensor {
  Tensor tensor = {};
  std::shared_ptr<void> memory = {};

  operator Tensor() const { return tensor; }  // NOLINT: it is read as a tensor
  explicit operator bool() const { return static_cast<bool>(tensor); }
};

// A matrix as the file holds it, y = W x + bias. Several weights may share one input: their outputs
// are stacked or, when `paired`, alternate row by row (value, gate, value, gate, ...).
struct LinearSource {
  struct Part {
    std::string name;      // checkpoint path without `.weight`
    HostTensor weight;     // [out, in], trailing 1s allowed (a 1x1 convolution)
    HostTensor bias = {};  // [out], or empty
  };
  std::string name = {};  // checkpoint path; of a stack, that of its first part
  std::vector<Part> parts;
  bool paired = false;  // two parts of the same size
};

// A weight as a backend has packed it. Opaque to all but that backend; `kernel` and `bytes` are for
// reports.
struct Packed {
  virtual ~Packed() = default;
  std::string kernel;  // "f32 avx512", "int8 ref", ...
  size_t bytes = 0;
};

struct LinearWeight {
  struct Part {
    std::string name;
    int out = 0;
  };
  std::string name = {};
  int in = 0, out = 0;  // out counts the rows of all parts
  bool paired = false;
  Precision precision = Precision::f32;
  bool per_tensor = false;  // int8 inputs: one scale for all rows, coarser than one for each row
  std::vector<Part> parts = {};
  std::shared_ptr<const Packed> packed = {};
  std::shared_ptr<const LayerGrids> grids = {};    // for the caller of ops; null: none
  std::shared_ptr<const LayerErrors> errors = {};  // of its quantization, where it was measured
};

struct ConvWeight {  // 3x3, weight [out, in, 3, 3] in the file
  std::string name = {};
  int in = 0, out = 0;
  Precision precision = Precision::f32;
  bool per_tensor = false;  // int8 inputs: one scale for all images
  std::shared_ptr<const Packed> packed = {};
  std::shared_ptr<const LayerGrids> grids = {};    // as above
  std::shared_ptr<const LayerErrors> errors = {};  // as above
};

struct NormWeight {
  std::string name = {};
  PersistentTensor weight = {}, bias = {};  // f32 [c]; either may be absent
  float eps = 1e-5f;
  std::shared_ptr<const LayerGrids> grids = {};    // as above
  std::shared_ptr<const LayerErrors> errors = {};  // as above
};

// Where the 3x3 window stands. The size of the output is the output tensor's. A tap outside the
// image reads zero, so the bottom and right padding follow from the sizes. `upsample` reads the
// input as if it had first been enlarged to the output's size, nearest neighbour: source =
// floor(target * in / out).
struct ConvGeom {
  int stride = 1;
  int pad_top = 1, pad_left = 1;
  bool upsample = false;

  // A piece of the image with the lines above and below is then enough for a piece of the result.
  bool keeps_size() const { return stride == 1 && pad_top == 1 && pad_left == 1 && !upsample; }
};

// What is applied to a convolution's input first: group norm, then fn.
struct Prologue {
  const NormWeight& norm;
  int groups;
  Fn fn = Fn::none;
};

// What a linear or a convolution applies to its result before storing it, in this order.
struct Epilogue {
  Fn fn = Fn::none;
  bool gated = false;    // columns come in (value, gate) pairs: value * fn(gate)
  Tensor row_bias = {};  // {1, n, 1, c}: one vector per image; ld 0 gives all the same
  Tensor residual = {};  // added last, shape of the output
  // A linear's `out` is the first columns of x, see Backend::writes_over_input().
  bool over_input = false;
};

// Heads are equal slices of the columns of q, k and v. Query head h reads key/value head h / (heads
// / kv_heads). Query row i sees the keys 0 .. positions[i], or all keys when there are no
// positions. Keys and values may be f16, both, as a cache keeps them. With int8 a device may
// quantize bf16 inputs.
struct AttnSpec {
  int heads = 1, kv_heads = 1;
  float scale = 1;
  Tensor positions = {};  // i32 {1, query rows of one image, 1, 1}
  Precision precision = Precision::f32;
  std::string_view name = {};  // checkpoint path of the module, borrowed for the call; for reports
};

// What rope() rotates: heads of `head_width` columns, each of `axes` equal slices. Pairs of a slice
// are (i, i + half the table's columns) or, interleaved, (2i, 2i + 1).
struct RopeSpec {
  int head_width = 0;
  bool interleaved = false;
  int axes = 1;

  int slice_width() const { return head_width / axes; }
};

// Whose values quantize() rounds: of what the layer reads or, the last time, of what it gives.
// For reports; borrowed for the call.
struct QuantSite {
  std::string_view layer = {};
  bool last_of_output = false;
};

// What quantize() makes of the values q on the grid: residual + share q + (1 - share) other, each
// product and sum rounded. Without `other` that is x, without `residual` nothing is added.
struct QuantMix {
  float share = 1;
  Tensor other = {}, residual = {};
  QuantSite site = {};
};

// Rows of a table, chosen by i32 ids. An id below 0 chooses none.
struct Lookup {
  Tensor table, ids;
};

// A device.
//
// Ops write `out`, read everything else, take scratch from the arena, do not wait for the device
// and know no model. `out` may not overlap an input unless the op says so, but a residual may be
// `out` itself. Activations are f32 or of a layout that layout() gave; all other tensors are f32
// unless said otherwise. `ld` may exceed the columns. Shapes are the caller's promise: a wrong one
// aborts.
//
// Threads: one thread at a time per backend (the CUDA backend has one stream). Different backends
// may be used by different threads at once, also two CPU backends: their threads are the caller's
// own. Lifetimes: what a backend has made (packed weights, device memory) must not outlive it.
// Tensors and weights that an op was given must live until wait(), read() or write() returns.
class Backend {
 public:
  virtual ~Backend() = default;

  // The kind of device, "cpu" or "cuda", and the instruction set in force: "avx512", "ref",
  // "sm_90".
  virtual std::string device() const = 0;
  virtual std::string isa() const = 0;
  virtual int threads() const = 0;
  // Bytes that can still be allocated on this device. A run compares its needs with it before it
  // starts.
  virtual size_t available_bytes() const = 0;
  // Whether results have the same bits with every instruction set and any number of threads:
  // products in int8 or, in one order, in f32, and nothing in bf16.
  virtual bool exact() const { return false; }
  // A backend of the same device that is exact. Throws a usage error where there is none. It shares
  // nothing with this one.
  virtual std::unique_ptr<Backend> exact_twin() const;

  // The layout in which an op should write an activation, so that its consumer need not convert it:
  // row-major f32, unless the device has a better one for this consumer. Norms write any layout;
  // other ops write those of Consumer::any and Consumer::attention. Every op reads any layout that
  // was given for it.
  virtual Layout layout(Shape shape, ConsumerHint hint) const;

  // Load time. Weights of these types may be used in place: the bytes of their source must outlive
  // the result of pack_linear() or upload(). All other sources are read completely and may be
  // freed. Of types with blocks, only those may be given to a backend unconverted.
  virtual bool stores_natively(DType type) const { return type == DType::q8_0; }
  virtual LinearWeight pack_linear(const LinearSource& source, Precision precision) = 0;
  // A device may pack a layer that `upsamples` a second time, for exact doubling.
  virtual ConvWeight pack_conv3x3(const std::string& name, const HostTensor& weight,
                                  const HostTensor& bias, Precision precision, bool upsamples) = 0;
  // A copy as f32, shape {1, rows, 1, last dim}; a table of a type that is stored natively keeps
  // its type.
  virtual PersistentTensor upload(const HostTensor& tensor) = 0;
  virtual PersistentTensor allocate(Shape shape, DType dtype) = 0;  // zeroed
  // At least `bytes` of memory with undefined contents, in exchange for `old`: empty, or memory
  // from an earlier call of which no copy exists. A backend may reuse the pages of `old`.
  virtual PersistentTensor working_memory(size_t bytes, PersistentTensor old);

  // Whether linear() can write its result over the first columns of x, which need not be kept then
  // (Epilogue::over_input). The result has the same bits.
  virtual bool writes_over_input(const Tensor& /*x*/, const LinearWeight&) const { return false; }
  // out {n, h, w, out} = W x. With `gated`, paired weights give out / 2 columns.
  virtual void linear(Arena&, Tensor out, ConcatView x, const LinearWeight&, const Epilogue&) = 0;
  virtual void conv3x3(Arena&, Tensor out, Tensor x, const ConvWeight&, const ConvGeom&,
                       const Epilogue&) = 0;
  // out = conv3x3 of group_norm of x. A device may do so without storing the normalized image; the
  // result has the same bits as the two ops.
  // NOLINTNEXTLINE(readability-function-size): the arguments of a norm and of a convolution
  virtual void norm_conv3x3(Arena&, Tensor out, ConcatView x, const Prologue&, const ConvWeight&,
                            const ConvGeom&, const Epilogue&);
  // For each image and group of channels: (x - mean) / sqrt(var + eps) * weight + bias, then fn.
  virtual void group_norm(Arena&, Tensor out, ConcatView x, const NormWeight&, int groups,
                          Fn fn) = 0;
  virtual void layer_norm(Arena&, Tensor out, Tensor x, const NormWeight&) = 0;
  // For every `width` columns: x / sqrt(mean(x^2) + eps) * weight. f32; `out` may be x.
  virtual void rms_norm(Arena&, Tensor out, Tensor x, const NormWeight&, int width) = 0;
  virtual void attention(Arena&, Tensor out, Tensor q, Tensor k, Tensor v, const AttnSpec&) = 0;
  // Rotates every head of x in place: of row r, slice a by positions[r][a], i32 {1, rows, 1, axes}.
  // Row p of the table holds the cosines, then the sines of position p, table.c / 2 of each.
  virtual void rope(Arena&, Tensor x, Tensor table, Tensor positions, const RopeSpec&) = 0;
  // cache[positions[r]] = x[r] for every row r of x. The cache is f32 or f16.
  virtual void store_rows(Arena&, Tensor cache, Tensor x, Tensor positions) = 0;
  // out[r] = the sum of the rows that the lookups choose for r, added in their order; 0 where there
  // is none.
  virtual void embed(Arena&, Tensor out, std::span<const Lookup> lookups) = 0;
  // out = sum of coefficients[i] * terms[i], summed in that order; `out` may be one of the terms.
  // The coefficients lie in memory, f32 {1, 1, 1, terms}, so that a recorded forward can be given
  // others. `rectified`: sums below 0 become 0 (ReLU).
  virtual void linear_combination(Arena&, Tensor out, std::span<const Tensor> terms,
                                  Tensor coefficients, bool rectified = false) = 0;

  // out = x rounded to a grid, both of one shape, out in f32.
  virtual void quantize(Arena&, Tensor out, ConcatView x, const QuantGrid&, const QuantMix&) = 0;

  // Runs `forward`. A device may record it under `key` and replay the recording later. `forward`
  // may be called twice, but takes effect once, and the results are those of running it.
  virtual void replay(const std::string& key, const std::function<void()>& forward);
  // Returns when all ops so far are done, for code that measures time.
  virtual void wait() {}

  // Copies between the host and a tensor; the only other calls that may wait. `src` may be freed
  // when write() returns. The host side is dense and of the tensor's type; activations of another
  // type than f32 are read as f32.
  virtual void write(Tensor dst, const void* src) = 0;
  virtual void read(void* dst, Tensor src) = 0;
};

// NOLINTNEXTLINE(readability-function-size): the arguments of a norm and of a convolution
inline void Backend::norm_conv3x3(Arena& arena, Tensor out, ConcatView x, const Prologue& p,
                                  const ConvWeight& w, const ConvGeom& g, const Epilogue& e) {
  Layout normalized = layout(x.shape(), {Consumer::conv3x3, w.precision, w.per_tensor});
  const Scratch room(arena, normalized.bytes);
  normalized.tensor.data = room.as<std::byte>();
  group_norm(arena, normalized.tensor, x, p.norm, p.groups, p.fn);
  conv3x3(arena, out, normalized.tensor, w, g, e);
}

inline void Backend::replay(const std::string&, const std::function<void()>& forward) { forward(); }

inline PersistentTensor Backend::working_memory(size_t bytes, PersistentTensor old) {
  old = {};
  constexpr int page = 4096;  // so that the size fits a Shape
  return allocate({1, static_cast<int>(ceil_div(bytes, page)), 1, page}, DType::u8);
}

inline Layout Backend::layout(Shape shape, ConsumerHint) const {
  return {{nullptr, shape, shape.c, DType::f32}, shape.count() * sizeof(float)};
}

}  // namespace yent
