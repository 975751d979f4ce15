// The narrow waist: everything a model may ask of a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/fn.h"
#include "kernels/tensor.h"

namespace yent {

// How a layer computes. f32: f32 weights and arithmetic. f16: weights stored as f16. bf16:
// weights and inputs rounded to bf16, f32 sums. int8: weights per output channel and inputs
// per row (linear) or per image (convolution) as codes in [-127, 127], exact int32 sums.
enum class Precision : uint8_t { f32, f16, bf16, int8 };

// Who reads an activation next, and how that layer computes.
enum class Consumer : uint8_t { any, linear, conv3x3, attention };
struct ConsumerHint {
  Consumer use = Consumer::any;
  Precision precision = Precision::f32;
  bool per_tensor = false;  // see LinearW
};

// How an activation lies in memory: a tensor without memory, and the bytes it needs.
struct Layout {
  Tensor tensor;
  size_t bytes = 0;
};

// Working memory of one forward: activations and the ops' own scratch. Every run of one
// forward takes the same sizes in the same order, which is what makes a plan possible.
class Arena {
 public:
  struct Block {
    std::byte* data = nullptr;  // 64-byte aligned; null while measuring
    size_t bytes = 0;
    int id = -1;
  };
  virtual ~Arena() = default;
  virtual Block take(size_t bytes) = 0;
  virtual void give(const Block& block) = 0;
  virtual bool measuring() const = 0;  // a dry run: an op takes its scratch and returns
};

// Memory of one op, given back when it returns.
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

// Device memory that outlives a forward (a norm's weights, a KV cache). Copies share it.
struct PersistentTensor {
  Tensor tensor = {};
  std::shared_ptr<void> memory = {};

  operator Tensor() const { return tensor; }  // NOLINT: a Stored is read as a tensor
  explicit operator bool() const { return static_cast<bool>(tensor); }
};

// A matrix as the file holds it, y = W x + bias. Several weights share one input: their
// outputs are stacked, or alternate row by row (value, gate, value, gate, ...) when `paired`.
struct LinearSource {
  struct Part {
    std::string name;      // checkpoint path without `.weight`
    HostTensor weight;     // [out, in], trailing 1s allowed (a 1x1 convolution)
    HostTensor bias = {};  // [out], or empty
  };
  std::string name = {};  // checkpoint path, of a stack its first part's
  std::vector<Part> parts;
  bool paired = false;  // two parts of one size
};

// What a backend made of a weight. Opaque to everyone but that backend; `kernel` and
// `bytes` are for people.
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
  bool per_tensor = false;  // int8 inputs: one scale for all rows, rougher than one for each
  std::vector<Part> parts = {};
  std::shared_ptr<const Packed> packed = {};
};

struct ConvWeight {  // 3x3, weight [out, in, 3, 3] in the file
  std::string name = {};
  int in = 0, out = 0;
  Precision precision = Precision::f32;
  bool per_tensor = false;  // int8 inputs: one scale for all images
  std::shared_ptr<const Packed> packed = {};
};

struct NormWeight {
  std::string name = {};
  PersistentTensor weight = {}, bias = {};  // f32 [c]; either may be absent
  float eps = 1e-5f;
};

// Where a 3x3 window stands. The output's size is the output tensor's. A tap outside the
// image reads zero, so the bottom and right padding follow from the sizes. `upsample` reads
// the input as if it had first been enlarged to the output's size, nearest neighbour:
// source = floor(target * in / out).
struct ConvGeom {
  int stride = 1;
  int pad_top = 1, pad_left = 1;
  bool upsample = false;
};

// What a convolution's input goes through first: group norm, then fn.
struct Prologue {
  const NormWeight& norm;
  int groups;
  Fn fn = Fn::none;
};

// What a linear or a convolution does to its result before storing it, in this order.
struct Epilogue {
  Fn fn = Fn::none;
  bool gated = false;    // columns come in (value, gate) pairs: value * fn(gate)
  Tensor row_bias = {};  // {1, n, 1, c}: one vector per image; ld 0 gives all the same
  Tensor residual = {};  // added last, shape of the output
};

// Heads are equal slices of the columns of q, k and v. Query head h reads key/value head
// h / (heads / kv_heads). Query row i sees the keys 0 .. positions[i], or all keys when
// there are no positions. With int8 a device may multiply codes of what is bf16.
struct AttnSpec {
  int heads = 1, kv_heads = 1;
  float scale = 1;
  Tensor positions = {};  // i32 {1, query rows of one image, 1, 1}
  Precision precision = Precision::f32;
};

// Every op writes `out`, reads the rest, takes its scratch from the arena, never waits and
// knows no model. `out` may not overlap an input unless the op says so; a residual may be
// the very tensor written. Activations are f32 or of the backend's own form(); the rest is f32
// unless said otherwise. An `ld` may exceed the columns. Sizes are the caller's promise: a wrong
// one aborts.
class Backend {
 public:
  virtual ~Backend() = default;

  // Who computes: "cpu", "cuda"; and the instruction set in force: "avx512", "ref".
  virtual std::string device() const = 0;
  virtual std::string isa() const = 0;
  virtual int threads() const = 0;
  // Bytes this device can still give; what a run needs is compared with it before work.
  virtual size_t available_bytes() const = 0;

  // The form in which an op writes an activation so that its reader need not convert it: plain
  // f32 rows, unless the device has a better one. Norms write any form, linears, convolutions
  // and attention those of Use::any and Use::attention; every op reads what it may be given.
  virtual Layout layout(Shape shape, ConsumerHint hint) const;

  // Load time. Packing reads the sources completely, with one exception: q8_0 weights of a
  // linear are computed with as they lie in the file, so their bytes must outlive the result.
  // Of block types, matrices of those that the device keeps are handed over as they are.
  virtual bool stores_natively(DType type) const { return type == DType::q8_0; }
  virtual LinearWeight pack_linear(const LinearSource& source, Precision precision) = 0;
  // One that `upsamples` may be laid out for exact doubling, too.
  virtual ConvWeight pack_conv3x3(const std::string& name, const HostTensor& weight,
                                  const HostTensor& bias, Precision precision, bool upsamples) = 0;
  // As f32, shape {1, rows, 1, last dim}; a matrix of blocks that are kept stays in place.
  virtual PersistentTensor upload(const HostTensor& tensor) = 0;
  virtual PersistentTensor allocate(Shape shape, DType dtype) = 0;  // zeroed
  // Working memory, contents undefined. Gives back `old`, which came from here and which nobody
  // else may hold, or makes use of it.
  virtual PersistentTensor working_memory(size_t bytes, PersistentTensor old);

  // out {n, h, w, out} = W x. Paired weights with `gated` give out/2 columns.
  virtual void linear(Arena&, Tensor out, ConcatView x, const LinearWeight&, const Epilogue&) = 0;
  virtual void conv3x3(Arena&, Tensor out, Tensor x, const ConvWeight&, const ConvGeom&,
                       const Epilogue&) = 0;
  // out = conv3x3 of group norm of x. A device may do it without storing what is in between; a
  // convolution of that, in two ops, gives the same bits.
  virtual void norm_conv3x3(Arena&, Tensor out, ConcatView x, const Prologue&, const ConvWeight&,
                            const ConvGeom&, const Epilogue&);
  // Per image and group of channels: (x - mean) / sqrt(var + eps) * weight + bias, then fn.
  virtual void group_norm(Arena&, Tensor out, ConcatView x, const NormWeight&, int groups,
                          Fn fn) = 0;
  virtual void layer_norm(Arena&, Tensor out, Tensor x, const NormWeight&) = 0;
  // Every `width` columns on their own: x / sqrt(mean(x^2) + eps) * weight. In place allowed.
  virtual void rms_norm(Arena&, Tensor out, Tensor x, const NormWeight&, int width) = 0;
  virtual void attention(Arena&, Tensor out, Tensor q, Tensor k, Tensor v, const AttnSpec&) = 0;
  // Rotates every head of x in place. Row p of the table holds cos then sin of position p,
  // table.c / 2 of each; pairs are (i, i + table.c / 2) or, interleaved, (2i, 2i + 1).
  virtual void rope(Arena&, Tensor x, Tensor table, Tensor positions, int head_width,
                    bool interleaved) = 0;
  // cache[positions[r]] = x[r]
  virtual void store_rows(Arena&, Tensor cache, Tensor x, Tensor positions) = 0;
  // out[r] = table[ids[r]] (+ position_table[positions[r]] when given). ids are i32.
  virtual void embed(Arena&, Tensor out, Tensor table, Tensor ids, Tensor position_table,
                     Tensor positions) = 0;
  // out = sum of coefficients[i] * terms[i], summed in that order; out may be one of the terms.
  // The coefficients lie in memory, f32 {1, 1, 1, terms}, so that a captured step can change them.
  virtual void linear_combination(Arena&, Tensor out, std::span<const Tensor> terms,
                                  Tensor coefficients) = 0;

  // Runs a forward that has run before under this key, or is to be repeated under it. A device may
  // play a recording of its launches instead, so the forward is called once or twice, at most once
  // with effect; its results are then what they would have been.
  virtual void replay(const std::string& key, const std::function<void()>& forward);
  // Until everything asked for is done: for who measures.
  virtual void wait() {}

  // The only two other calls that may wait; `src` is free for the caller afterwards. The host side
  // is dense, of the tensor's dtype; activations in another form than f32 are read as f32.
  virtual void write(Tensor dst, const void* src) = 0;
  virtual void read(void* dst, Tensor src) = 0;
};

inline void Backend::norm_conv3x3(Arena& arena, Tensor out, ConcatView x, const Prologue& p,
                                  const ConvWeight& w, const ConvGeom& g, const Epilogue& e) {
  Layout between = layout(x.shape(), {Consumer::conv3x3, w.precision, w.per_tensor});
  const Scratch room(arena, between.bytes);
  between.tensor.data = room.as<std::byte>();
  group_norm(arena, between.tensor, x, p.norm, p.groups, p.fn);
  conv3x3(arena, out, between.tensor, w, g, e);
}

inline void Backend::replay(const std::string&, const std::function<void()>& forward) { forward(); }

inline PersistentTensor Backend::working_memory(size_t bytes, PersistentTensor old) {
  old = {};
  constexpr int page = 4096;  // so that the size fits a Shape
  return allocate({1, static_cast<int>((bytes + page - 1) / page), 1, page}, DType::u8);
}

inline Layout Backend::layout(Shape shape, ConsumerHint) const {
  return {{nullptr, shape, shape.c, DType::f32}, shape.count() * sizeof(float)};
}

}  // namespace yent
