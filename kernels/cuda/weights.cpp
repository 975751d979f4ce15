#include "kernels/cuda/weights.h"

#include <algorithm>

#include "kernels/error.h"
#include "kernels/read_elements.h"

namespace yent::cuda {
namespace {

Format source_format(const HostTensor& t) {
  switch (t.dtype) {
    case DType::f32:
      return Format::f32;
    case DType::f16:
      return Format::f16;
    case DType::bf16:
      return Format::bf16;
    case DType::q8_0:
      return Format::q8_0;
    default:
      ENSURE(false, "{}: a backend was given {}", t.name, dtype_name(t.dtype));
  }
}

Format format_of(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return Format::f32;
    case Precision::f16:
      return Format::f16;
    case Precision::bf16:
      return Format::bf16;
    case Precision::int8:
      return Format::int8;
  }
  ENSURE(false, "precision {}", static_cast<int>(precision));
}

size_t element_bytes(Format format) {
  switch (format) {
    case Format::f32:
      return 4;
    case Format::f16:
    case Format::bf16:
      return 2;
    case Format::int8:
    case Format::q8_0:
      return 1;
  }
  ENSURE(false, "format {}", static_cast<int>(format));
}

const char* kernel_name(Format format) {
  switch (format) {
    case Format::f16:
      return "f16 mma";
    case Format::bf16:
      return "bf16 mma";
    case Format::int8:
      return "int8 mma";
    case Format::f32:
      return "f32 fma";
    case Format::q8_0:
      return "q8_0 fma";
  }
  ENSURE(false, "format {}", static_cast<int>(format));
}

template <class T>
std::shared_ptr<void> send_all(Queue& q, Stager& stager, const std::vector<T>& values) {
  const size_t bytes = values.size() * sizeof(T);
  auto memory = allocate(q, bytes);
  stager.write(memory.get(), bytes, values.data(), bytes, 1);
  return memory;
}

// Room for n outputs of `taps` times `inputs`.
std::shared_ptr<CudaWeight> make(Queue& q, Format format, int n, int inputs, int taps) {
  auto w = std::make_shared<CudaWeight>();
  w->format = format;
  w->n = n;
  w->k = inputs * taps;
  w->padded = format == Format::f32 ? inputs : round_up(inputs, w->granule());
  const size_t count = static_cast<size_t>(n) * taps * w->padded;
  w->data = allocate(q, count * element_bytes(format));
  w->bytes = count * element_bytes(format);
  if (format == Format::int8) w->scales = allocate(q, sizeof(float) * round_up(n, 4));
  w->kernel = kernel_name(format);
  return w;
}

// The rows of a packed matrix that a tensor fills: first, first + step, ...
struct PackedRows {
  int first = 0, step = 1;
};

// Packs `t`, [rows][channels][taps].
void pack_rows(Queue& q, Stager& stager, CudaWeight& w, const HostTensor& t, int taps,
               PackedRows to) {
  const size_t row = static_cast<size_t>(w.k);
  const size_t row_bytes = row / block_elements(t.dtype) * block_bytes(t.dtype);
  const int rows = static_cast<int>(t.dims[0]);
  ENSURE(row % block_elements(t.dtype) == 0 && row_bytes * rows <= t.bytes,
         "{}: {} rows of {} bytes in {}", t.name, rows, row_bytes, t.bytes);
  stager.send(t.data, row_bytes, rows, [&](const void* piece, int begin, int count) {
    launch_pack(q, {.from = piece,
                    .to = w.data.get(),
                    .column_scale = static_cast<float*>(w.scales.get()),
                    .ld = static_cast<int64_t>(taps) * w.padded,
                    .rows = count,
                    .channels = w.k / taps,
                    .taps = taps,
                    .padded = w.padded,
                    .first = to.first + begin * to.step,
                    .step = to.step,
                    .from_format = source_format(t),
                    .to_format = w.format});
  });
}

void split_rows(Queue& q, Stager& stager, CudaWeight& w, const HostTensor& t, PackedRows to) {
  const size_t row_bytes = static_cast<size_t>(w.k) / 32 * 34;
  const int rows = static_cast<int>(t.dims[0]);
  ENSURE(row_bytes * rows <= t.bytes, "{}: {} rows of {} bytes in {}", t.name, rows, row_bytes,
         t.bytes);
  stager.send(t.data, row_bytes, rows, [&](const void* piece, int begin, int count) {
    launch_split(q, {.blocks = piece,
                     .quants = static_cast<int8_t*>(w.data.get()),
                     .scales = w.scales.get(),
                     .rows = count,
                     .k = w.k,
                     .first = to.first + begin * to.step,
                     .step = to.step});
  });
}

void set_bias(Queue& q, Stager& stager, CudaWeight& w, const std::vector<float>& bias) {
  w.bias = send_all(q, stager, bias);
  w.bytes += bias.size() * sizeof(float);
  if (w.format != Format::f16) return;
  std::vector<uint16_t> halves(bias.size());
  std::transform(bias.begin(), bias.end(), halves.begin(), f32_to_f16);
  w.half_bias = send_all(q, stager, halves);
}

}  // namespace

std::shared_ptr<CudaWeight> pack_linear_weight(Queue& q, Stager& stager, const LinearSource& source,
                                               Precision precision) {
  const auto& parts = source.parts;
  const int k = static_cast<int>(parts[0].weight.dims[1]);
  int n = 0;
  for (const auto& part : parts) n += static_cast<int>(part.weight.dims[0]);
  const bool blocks = (precision == Precision::f32 || precision == Precision::f16) && k % 32 == 0 &&
                      std::all_of(parts.begin(), parts.end(),
                                  [](auto& part) { return part.weight.dtype == DType::q8_0; });
  auto w = make(q, blocks ? Format::q8_0 : format_of(precision), n, k, 1);
  if (blocks) w->scales = allocate(q, static_cast<size_t>(n) * (k / 32) * 2);
  if (blocks) w->bytes += static_cast<size_t>(n) * (k / 32) * 2;

  std::vector<float> bias(round_up(n, 4), 0.0f);
  bool biased = false;
  int first = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto& part = parts[i];
    const int rows = static_cast<int>(part.weight.dims[0]);
    const int begin = source.paired ? static_cast<int>(i) : first, step = source.paired ? 2 : 1;
    if (blocks) {
      split_rows(q, stager, *w, part.weight, {begin, step});
    } else {
      pack_rows(q, stager, *w, part.weight, 1, {begin, step});
    }
    if (!part.bias.dims.empty()) {
      biased = true;
      std::vector<float> values(rows);
      read_elements(part.bias, 0, rows, values.data());
      for (int r = 0; r < rows; ++r) bias[begin + r * step] = values[r];
    }
    first += rows;
  }
  if (biased) set_bias(q, stager, *w, bias);
  return w;
}

std::shared_ptr<CudaWeight> pack_conv_weight(Queue& q, Stager& stager, const HostTensor& weight,
                                             const HostTensor& bias, Precision precision) {
  const int n = static_cast<int>(weight.dims[0]), in = static_cast<int>(weight.dims[1]);
  auto w = make(q, format_of(precision), n, in, 9);
  pack_rows(q, stager, *w, weight, 9, {});
  if (!bias.dims.empty()) {
    std::vector<float> values(round_up(n, 4), 0.0f);
    read_elements(bias, 0, n, values.data());
    set_bias(q, stager, *w, values);
  }
  return w;
}

std::shared_ptr<void> pack_table(Queue& q, Stager& stager, const HostTensor& t, int rows,
                                 int columns) {
  CudaWeight w;
  w.format = Format::f32;
  w.k = w.padded = columns;
  HostTensor matrix = t;
  matrix.dims = {rows, columns};
  const size_t count = static_cast<size_t>(rows) * columns;
  if (t.dtype == DType::q8_0) {
    w.data = allocate(q, count + count / 32 * 2);
    w.scales = {w.data, static_cast<char*>(w.data.get()) + count};
    split_rows(q, stager, w, matrix, {});
  } else {
    w.data = allocate(q, count * sizeof(float));
    pack_rows(q, stager, w, matrix, 1, {});
  }
  return w.data;
}

}  // namespace yent::cuda
