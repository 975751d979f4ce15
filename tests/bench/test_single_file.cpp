// A single file as bench writes it: what is read back under diffusers' names are the seeded values.
#include <doctest/doctest.h>

#include <cstring>

#include "bench/synthesize/seeded_weights.h"
#include "kernels/half.h"
#include "loaders/checkpoint/diffusion_checkpoint.h"
#include "tests/bench/toy_single_file.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

void check_seeded(const TensorSet& set, uint64_t seed) {
  for (const HostTensor& t : set.tensors) {
    CAPTURE(t.name);
    REQUIRE(t.dtype == DType::f16);
    std::vector<float> values(t.count());
    seeded_values(t.name, t.dims, seed, values.data());
    std::vector<uint16_t> halves;
    for (const float value : values) halves.push_back(f32_to_f16(value));
    CHECK(std::memcmp(t.data, halves.data(), t.bytes) == 0);
    CHECK(reinterpret_cast<uintptr_t>(t.data) % 64 == 0);
  }
}

}  // namespace

TEST_CASE("synthesize: a single file has every tensor under LDM's name") {
  const test::TemporaryFolder folder;
  const auto file = folder / "toy.ckpt";
  write_single_file(file, test::toy_sd15(256), 3);
  const auto checkpoint = DiffusionCheckpoint::open(file, false, {});
  CHECK(checkpoint.unet().tensors.size() == 684);
  CHECK(checkpoint.vae().tensors.size() == 240);
  CHECK(checkpoint.text_encoder().tensors.size() == 36);
  check_seeded(checkpoint.unet(), 3);
  check_seeded(checkpoint.vae(), 3);
  check_seeded(checkpoint.text_encoder(), 3);
}
