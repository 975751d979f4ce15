// A network gives the same bytes wherever its memory lies and however many threads compute it.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "engine/models/clip.h"
#include "engine/models/unet.h"
#include "engine/models/vae.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/isa_table.h"
#include "tests/support/empty_checkpoint.h"
#include "tests/support/full_size.h"
#include "tests/support/golden.h"

using namespace yent;

namespace {

UNetConfig small_unet() {
  UNetConfig c;
  c.block_out_channels = {32, 64, 96};
  c.down_attention = c.up_attention = {true, true, true};
  c.mid_block = false;
  c.layers_per_block = 1;
  c.cross_attention_dim = 48;
  c.heads = {2, 4, 4};
  return c;
}

std::vector<float> ramp(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = std::sin(0.37f * static_cast<float>(i));
  return values;
}

struct Setup {
  int threads;
  Workspace::Mode mode;
};

// Runs the same forward twice, at two times of a schedule, and then the VAE.
std::vector<float> paint(const Setup& setup) {
  const auto backend = make_cpu_backend({.threads = setup.threads});
  Workspace ws(*backend, setup.mode);
  Ctx c{*backend, ws};
  const Policy policy;
  SeededCheckpoint unet_weights("unet", 5), vae_weights("vae", 5);
  const UNetConfig config = small_unet();
  const UNet unet(WeightBinder(unet_weights.checkpoint, *backend, policy), config);
  VaeConfig vae_config;
  vae_config.block_out_channels = {32, 64};
  const VaeDecoder vae(WeightBinder(vae_weights.checkpoint, *backend, policy), vae_config);

  const Shape shape{2, 9, 14, 4};
  const PersistentTensor latent = backend->allocate(shape, DType::f32);
  backend->write(latent, ramp(shape.count()).data());
  const PersistentTensor text = backend->allocate({2, 7, 1, 48}, DType::f32);
  backend->write(text, ramp(text.tensor.shape.count()).data());
  const std::vector<double> times{961, 1};
  const Conditioning cond = unet.condition(c, text, times);
  std::vector<float> results;
  const auto keep = [&](const Activation& act) {
    if (ws.measuring()) return;
    std::vector<float> values(act->shape.count());
    backend->read(values.data(), act);
    results.insert(results.end(), values.begin(), values.end());
  };
  for (int call = 0; call < 2; ++call) {
    ws.run("unet", [&] { keep(unet(c, latent, cond, call)); });
  }
  ws.run("vae", [&] { keep(vae(c, latent)); });
  return results;
}

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("plan: planned, poisoned and malloc'd memory give the same bytes") {
  const auto fresh = paint({1, Workspace::Mode::fresh});
  REQUIRE(fresh.size() == 2 * 2 * 9 * 14 * 4 + 2 * 18 * 28 * 3);
  for (const float value : fresh) REQUIRE(std::isfinite(value));
  CHECK(same_bytes(fresh, paint({1, Workspace::Mode::planned})));
  CHECK(same_bytes(fresh, paint({1, Workspace::Mode::poisoned})));
}

TEST_CASE("plan: any number of threads gives the same bytes") {
  const auto one = paint({1, Workspace::Mode::planned});
  for (const int threads : {2, 3, 5, 16})
    CHECK(same_bytes(one, paint({threads, Workspace::Mode::planned})));
}

TEST_CASE("plan: a block adds to its input in place, unless somebody else holds it") {
  const auto backend = make_cpu_backend({.threads = 1});
  Workspace ws(*backend);
  Ctx c{*backend, ws};
  SeededCheckpoint weights("unet", 5);
  const Policy policy;
  const ResBlock block(WeightBinder(weights.checkpoint, *backend, policy), 32, 32, 8, 1e-5f);
  const std::vector<float> values = ramp(6 * 7 * 32);
  ws.run("block", [&] {
    Activation held = ws.make({1, 6, 7, 32}), x = ws.make({1, 6, 7, 32});
    const void* at = x->data;
    if (!ws.measuring()) backend->write(held, values.data());
    if (!ws.measuring()) backend->write(x, values.data());
    x = block(c, std::move(x));
    const Activation other = block(c, held);
    if (ws.measuring()) return;
    CHECK(x->data == at);
    CHECK(other->data != held->data);
    std::vector<float> kept(values.size()), one(values.size()), two(values.size());
    backend->read(kept.data(), held);
    backend->read(one.data(), x);
    backend->read(two.data(), other);
    CHECK(same_bytes(kept, values));
    CHECK(same_bytes(one, two));
  });
}

TEST_CASE("plan: the UNet's memory meets the lower bound") {
  const auto backend = make_cpu_backend({.threads = 1});
  Workspace ws(*backend);
  Ctx c{*backend, ws};
  const Policy policy;
  SeededCheckpoint weights("unet", 5);
  const UNet unet(WeightBinder(weights.checkpoint, *backend, policy), small_unet());
  const PersistentTensor latent = backend->allocate({2, 16, 16, 4}, DType::f32);
  const PersistentTensor text = backend->allocate({2, 7, 1, 48}, DType::f32);
  const std::vector<double> times{1};
  const Conditioning cond = unet.condition(c, text, times);
  ws.run("unet", [&] { unet(c, latent, cond, 0); });
  CHECK(ws.plan("unet").bytes == ws.plan("unet").lower_bound);
}

// The last block's input, which its group norm needs whole, takes 134 MB, what comes after it 67.
TEST_CASE(
    "plan: BK-SDM-Tiny's decoder takes 220 MB beside its weights, and four times that at 1024") {
  const auto planned = [](Isa isa, int side) {
    const auto backend = make_table_backend(isa, 2);
    Workspace ws(*backend);
    Ctx c{*backend, ws, Precision::int8};
    const Policy policy(Precision::int8);
    const VaeDecoder decoder(WeightBinder(empty_checkpoint("vae"), *backend, policy),
                             VaeConfig::from_json(full_size_vae(), "vae"));
    const PersistentTensor in = backend->allocate({1, side, side, 4}, DType::f32);
    struct Planned {};  // ends the forward after the dry run: nothing needs to be computed
    try {
      ws.run("decoder", [&] {
        if (!ws.measuring()) throw Planned();
        decoder(c, in);
      });
    } catch (const Planned&) {
    }
    return ws.plan("decoder").bytes;
  };
  for (int i = 0; i < isa_count; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (isa == Isa::ref || !supports(detect_features(), isa)) continue;
    const size_t small = planned(isa, 64), large = planned(isa, 128);
    MESSAGE(std::string(isa_name(isa)) << ": " << small / 1e6 << " MB, " << large / 1e6);
    CHECK(small <= 221'000'000);
    CHECK(large <= 4 * small);
  }
}
