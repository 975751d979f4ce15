#include "loaders/tensors/write/torch_writer.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/error.h"
#include "loaders/io/crc32.h"
#include "loaders/io/output_file.h"

namespace yent {
namespace {

// Little-endian fields, one after the other.
template <class... Fields>
std::string fields(Fields... values) {
  std::string out;
  (out.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
  return out;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

const char* storage_class(DType dtype) {
  if (dtype == DType::f16) return "HalfStorage";
  if (dtype == DType::bf16) return "BFloat16Storage";
  if (dtype == DType::f64) return "DoubleStorage";
  ENSURE(dtype == DType::f32, "torch: tensors of {} are not written", dtype_name(dtype));
  return "FloatStorage";
}

// Opcodes of protocol 2, as Python's pickletools names them.
namespace pickle {

std::string text(std::string_view s) {
  return "X" + fields(static_cast<uint32_t>(s.size())).append(s);
}
std::string global(std::string_view module, std::string_view name) {
  return fmt::format("c{}\n{}\n", module, name);
}
std::string integer(int64_t value) {  // BININT, else LONG1 of eight bytes
  if (value <= std::numeric_limits<int32_t>::max())
    return "J" + fields(static_cast<int32_t>(value));
  return "\x8a\x08" + fields(value);
}
std::string tuple(const std::string& items) { return "(" + items + "t"; }
const std::string kEmptyDict = global("collections", "OrderedDict") + ")R";

std::string tensor(const HostTensor& t, size_t storage) {
  std::string dims, strides;
  int64_t stride = t.count();
  for (const int64_t dim : t.dims) {
    dims += integer(dim);
    strides += integer(stride = dim > 0 ? stride / dim : 1);
  }
  const std::string id = tuple(text("storage") + global("torch", storage_class(t.dtype)) +
                               text(std::to_string(storage)) + text("cpu") + integer(t.count()));
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple(id + "Q" + integer(0) + tuple(dims) + tuple(strides) + "\x89" + kEmptyDict) + "R";
}

std::string dictionary(std::span<const HostTensor> tensors) {
  std::string all = "\x80\x02" + kEmptyDict + "(";
  for (size_t i = 0; i < tensors.size(); ++i) all += text(tensors[i].name) + tensor(tensors[i], i);
  return all + "u.";
}

}  // namespace pickle

// An archive of stored entries.
class ZipWriter {
 public:
  explicit ZipWriter(const std::filesystem::path& path) : file_(path) {}

  void add(const std::string& name, std::span<const std::byte> data) {
    constexpr uint16_t version = 20, none = 0, midnight = 0, first_of_1980 = 0x21;
    constexpr size_t alignment = 64, local = 30, extra_head = 4;
    // An extra field of nothing moves the data to the alignment.
    const size_t begin = position_ + local + name.size() + extra_head;
    const auto gap = static_cast<uint16_t>((alignment - begin % alignment) % alignment);
    const auto size = static_cast<uint32_t>(data.size());
    const auto names = static_cast<uint16_t>(name.size());
    const std::string common =
        fields(version, none, none, midnight, first_of_1980, crc32(data), size, size, names);
    directory_ += fields(uint32_t{0x02014b50}, version) + common +
                  fields(none, none, none, none, uint32_t{0}, static_cast<uint32_t>(position_)) +
                  name;
    put(bytes_of(fields(uint32_t{0x04034b50}) + common +
                 fields(static_cast<uint16_t>(extra_head + gap)) + name + "FB" + fields(gap) +
                 std::string(gap, 'Z')));
    put(data);
    ++entries_;
  }

  void finish() {
    const auto begin = static_cast<uint32_t>(position_);
    put(bytes_of(directory_));
    constexpr uint16_t disk = 0, comment = 0;
    put(bytes_of(fields(uint32_t{0x06054b50}, disk, disk, entries_, entries_,
                        static_cast<uint32_t>(directory_.size()), begin, comment)));
    file_.finish();
  }

 private:
  void put(std::span<const std::byte> bytes) {
    file_.write(bytes);
    position_ += bytes.size();
  }

  OutputFile file_;
  std::string directory_;
  size_t position_ = 0;
  uint16_t entries_ = 0;
};

}  // namespace

void write_torch(const std::filesystem::path& path, std::span<const HostTensor> tensors,
                 const FillTensor& fill) {
  constexpr size_t most_bytes = (size_t{4} << 30) - (size_t{16} << 20), most_tensors = 60000;
  size_t bytes = 0;
  for (const HostTensor& t : tensors) bytes += t.bytes;
  if (bytes > most_bytes || tensors.size() > most_tensors) {
    throw run_error("{}: {} tensors of {} bytes, torch's files are written up to {} of {}",
                    path.string(), tensors.size(), bytes, most_tensors, most_bytes);
  }
  const std::string folder = "archive/";
  ZipWriter zip(path);
  zip.add(folder + "data.pkl", bytes_of(pickle::dictionary(tensors)));
  zip.add(folder + "byteorder", bytes_of("little"));
  std::vector<std::byte> made;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const HostTensor& t = tensors[i];
    std::span<const std::byte> data(t.data, t.bytes);
    if (!t.data && t.bytes > 0) {
      made.resize(t.bytes);
      fill(t, made);
      data = made;
    }
    zip.add(fmt::format("{}data/{}", folder, i), data);
  }
  zip.add(folder + "version", bytes_of("3\n"));
  zip.finish();
}

}  // namespace yent
