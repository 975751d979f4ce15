// Writes GGUF version 3, alignment 32, one tensor after the other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/tensor.h"

namespace yent {

// Metadata and declarations first, in any order; then the data of the tensors in the order of
// their declaration, in pieces of any size; then finish(). Nothing but the declarations is
// kept in memory. The file appears under its name only in finish(); a writer that is
// destroyed before leaves nothing behind. A failed write is a run error; a wrong order or amount of
// data is a bug.
class GgufWriter {
 public:
  explicit GgufWriter(std::filesystem::path path);
  GgufWriter(const GgufWriter&) = delete;
  GgufWriter& operator=(const GgufWriter&) = delete;
  ~GgufWriter();

  void set_u32(std::string_view key, uint32_t value);
  void set_f32(std::string_view key, float value);
  void set_bool(std::string_view key, bool value);
  void set_text(std::string_view key, std::string_view value);
  void set_i32s(std::string_view key, std::span<const int32_t> values);
  void set_f32s(std::string_view key, std::span<const float> values);
  void set_texts(std::string_view key, std::span<const std::string> values);

  // `dims` outermost first, 1 to 4 of them, the last a whole number of blocks. The dtype must
  // be one that GGUF files hold (gguf_tensor_type).
  void declare(std::string_view name, DType dtype, const std::vector<int64_t>& dims);

  void write(std::span<const std::byte> data);
  void finish();

 private:
  void begin_key(std::string_view key, uint32_t type);
  void write_header();
  void pad();
  void check_stream();

  std::filesystem::path path_, partial_;
  std::ofstream out_;
  std::string keys_, infos_;  // as they will stand in the file
  uint64_t key_count_ = 0;
  std::vector<uint64_t> sizes_;  // bytes of each declared tensor
  uint64_t data_size_ = 0;       // of all of them, padded
  bool begun_ = false;           // the header is written
  size_t tensor_ = 0;            // the one that write() is in
  uint64_t written_ = 0;         // bytes of it
};

}  // namespace yent
