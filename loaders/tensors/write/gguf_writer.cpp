#include "loaders/tensors/write/gguf_writer.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "kernels/error.h"
#include "loaders/tensors/gguf.h"

namespace yent {
namespace {

constexpr uint64_t alignment = 32;

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_text(std::string& out, std::string_view text) {
  append(out, static_cast<uint64_t>(text.size()));
  out.append(text);
}

void append_array(std::string& out, GgufType element, size_t count) {
  append(out, static_cast<uint32_t>(element));
  append(out, static_cast<uint64_t>(count));
}

uint64_t padded(uint64_t size) { return (size + alignment - 1) / alignment * alignment; }

}  // namespace

GgufWriter::GgufWriter(std::filesystem::path path)
    : path_(std::move(path)),
      partial_(path_.string() + ".part"),
      out_(partial_, std::ios::binary | std::ios::trunc) {
  check_stream();
}

GgufWriter::~GgufWriter() {
  if (!out_.is_open()) return;
  out_.close();
  std::error_code ignored;
  std::filesystem::remove(partial_, ignored);
}

void GgufWriter::check_stream() {
  if (!out_) throw run_error("{}: cannot be written", path_.string());
}

void GgufWriter::begin_key(std::string_view key, uint32_t type) {
  ENSURE(!begun_, "{}: key {} after data", path_.string(), key);
  append_text(keys_, key);
  append(keys_, type);
  ++key_count_;
}

void GgufWriter::set_u32(std::string_view key, uint32_t value) {
  begin_key(key, static_cast<uint32_t>(GgufType::u32));
  append(keys_, value);
}

void GgufWriter::set_f32(std::string_view key, float value) {
  begin_key(key, static_cast<uint32_t>(GgufType::f32));
  append(keys_, value);
}

void GgufWriter::set_bool(std::string_view key, bool value) {
  begin_key(key, static_cast<uint32_t>(GgufType::boolean));
  append(keys_, static_cast<uint8_t>(value));
}

void GgufWriter::set_text(std::string_view key, std::string_view value) {
  begin_key(key, static_cast<uint32_t>(GgufType::string));
  append_text(keys_, value);
}

void GgufWriter::set_i32s(std::string_view key, std::span<const int32_t> values) {
  begin_key(key, static_cast<uint32_t>(GgufType::array));
  append_array(keys_, GgufType::i32, values.size());
  for (const int32_t value : values) append(keys_, value);
}

void GgufWriter::set_f32s(std::string_view key, std::span<const float> values) {
  begin_key(key, static_cast<uint32_t>(GgufType::array));
  append_array(keys_, GgufType::f32, values.size());
  for (const float value : values) append(keys_, value);
}

void GgufWriter::set_texts(std::string_view key, std::span<const std::string> values) {
  begin_key(key, static_cast<uint32_t>(GgufType::array));
  append_array(keys_, GgufType::string, values.size());
  for (const std::string& value : values) append_text(keys_, value);
}

void GgufWriter::declare(std::string_view name, DType dtype, const std::vector<int64_t>& dims) {
  ENSURE(!begun_, "{}: tensor {} after data", path_.string(), name);
  const std::optional<uint32_t> type = gguf_tensor_type(dtype);
  ENSURE(type, "{}: GGUF has no {}", name, dtype_name(dtype));
  ENSURE(!dims.empty() && dims.size() <= 4, "{}: {} dims", name, dims.size());
  ENSURE(dims.back() % block_elements(dtype) == 0, "{}: rows of {}", name, dims.back());

  append_text(infos_, name);
  append(infos_, static_cast<uint32_t>(dims.size()));
  uint64_t count = 1;
  for (auto dim = dims.rbegin(); dim != dims.rend(); ++dim) {  // innermost first
    append(infos_, *dim);
    count *= static_cast<uint64_t>(*dim);
  }
  append(infos_, *type);
  append(infos_, data_size_);
  sizes_.push_back(count / block_elements(dtype) * block_bytes(dtype));
  data_size_ += padded(sizes_.back());
}

void GgufWriter::write_header() {
  begun_ = true;
  std::string header = "GGUF";
  append(header, uint32_t{3});
  append(header, static_cast<uint64_t>(sizes_.size()));
  append(header, key_count_);
  header += keys_ + infos_;
  header.resize(padded(header.size()));
  out_.write(header.data(), static_cast<std::streamsize>(header.size()));
}

// The zeros behind a complete tensor.
void GgufWriter::pad() {
  constexpr std::array<char, alignment> zeros = {};
  const uint64_t size = sizes_[tensor_];
  out_.write(zeros.data(), static_cast<std::streamsize>(padded(size) - size));
}

void GgufWriter::write(std::span<const std::byte> data) {
  if (!begun_) write_header();
  while (!data.empty()) {
    ENSURE(tensor_ < sizes_.size(), "{}: {} bytes too many", path_.string(), data.size());
    const size_t piece = std::min<uint64_t>(data.size(), sizes_[tensor_] - written_);
    out_.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(piece));
    data = data.subspan(piece);
    written_ += piece;
    if (written_ < sizes_[tensor_]) break;
    pad();
    ++tensor_;
    written_ = 0;
  }
  check_stream();
}

void GgufWriter::finish() {
  if (!begun_) write_header();
  ENSURE(tensor_ == sizes_.size(), "{}: {} of {} tensors written", path_.string(), tensor_,
         sizes_.size());
  out_.flush();
  check_stream();
  out_.close();
  std::error_code failure;
  std::filesystem::rename(partial_, path_, failure);
  if (failure) throw run_error("{}: {}", path_.string(), failure.message());
}

}  // namespace yent
