// Containers of tensors, and what is found by their names.
#include <string>

#include "engine/models/llama.h"
#include "loaders/io/mapped_file.h"
#include "loaders/io/zip.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/gguf.h"
#include "loaders/tensors/pickle.h"
#include "loaders/tensors/safetensors.h"
#include "loaders/tensors/torch_file.h"
#include "tests/fuzz/parsers.h"

namespace yent::fuzz {
namespace {

// Converts small tensors and reads the ends of large ones.
void look_at(std::span<const HostTensor> tensors) {
  constexpr int64_t small = 4096;
  std::vector<float> values(small);
  volatile std::byte seen{};
  for (const HostTensor& tensor : tensors) {
    if (tensor.count() <= small) to_f32(tensor, values.data());
    if (tensor.bytes == 0) continue;
    seen = tensor.data[0];
    seen = tensor.data[tensor.bytes - 1];
  }
  (void)seen;
}

void safetensors(Bytes bytes) {
  look_at(read_safetensors(MappedFile::borrow(bytes, "fuzz.safetensors")).tensors);
}

void torch(Bytes bytes) { look_at(read_torch(MappedFile::borrow(bytes, "fuzz.pt")).tensors); }

void zip(Bytes bytes) { read_zip(bytes, "fuzz.zip"); }

void pickle(Bytes bytes) {
  const auto some = [](std::string_view module, std::string_view) {
    return module == "torch"         ? PickleUse::any
           : module == "collections" ? PickleUse::dictionary
                                     : PickleUse::none;
  };
  read_pickle(bytes, some, "fuzz.pkl");
}

void gguf(Bytes bytes) {
  const GgufFile file = GgufFile::parse(MappedFile::borrow(bytes, "fuzz.gguf"));
  look_at(file.tensors());
  LlamaConfig::from_gguf(file);
}

}  // namespace

std::vector<Parser> container_parsers() {
  return {{"safetensors", safetensors},
          {"torch", torch},
          {"zip", zip},
          {"pickle", pickle},
          {"gguf", gguf}};
}

}  // namespace yent::fuzz
