// The networks of BK-SDM-Tiny at full size, once, over weights that are zeros: for what does not
// depend on values. `loaded` is called between loading and the run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/models/clip.h"
#include "engine/models/unet.h"
#include "engine/models/vae.h"
#include "tests/support/empty_checkpoint.h"
#include "tests/support/full_size.h"

namespace yent {

struct FullSizeRun {
  const char* name;
  const char* key;  // of the recorded run in the workspace
  void (*run)(Backend&, Workspace&, Precision, const std::function<void()>& loaded);
};

inline void run_full_size_text(Backend& backend, Workspace& ws, Precision precision,
                               const std::function<void()>& loaded) {
  const Policy policy(precision);
  const ClipText clip(WeightBinder(empty_checkpoint("text_encoder"), backend, policy),
                      ClipConfig::from_json(full_size_clip(), "text"));
  Ctx c{backend, ws, Precision::f32};
  loaded();
  clip(c, std::vector<int32_t>(2 * 77));
}

inline void run_full_size_step(Backend& backend, Workspace& ws, Precision precision,
                               const std::function<void()>& loaded) {
  const Policy policy(precision);
  const UNet unet(WeightBinder(empty_checkpoint("unet"), backend, policy),
                  UNetConfig::from_json(full_size_unet(), "unet"));
  Ctx c{backend, ws, precision};
  const PersistentTensor text = backend.allocate({2, 77, 1, 768}, DType::f32);
  const PersistentTensor latent = backend.allocate({2, 64, 64, 4}, DType::f32);
  const Conditioning cond = unet.condition(c, text, std::vector<double>{681});
  loaded();
  ws.run("stage", [&] { const Activation out = unet(c, latent, cond, 0); });
}

inline void run_full_size_decoder(Backend& backend, Workspace& ws, Precision precision,
                                  const std::function<void()>& loaded) {
  const Policy policy(precision);
  const VaeDecoder decoder(WeightBinder(empty_checkpoint("vae"), backend, policy),
                           VaeConfig::from_json(full_size_vae(), "vae"));
  Ctx c{backend, ws, precision};
  const PersistentTensor in = backend.allocate({1, 64, 64, 4}, DType::f32);
  loaded();
  ws.run("stage", [&] { const Activation out = decoder(c, in); });
}

inline constexpr FullSizeRun kFullSizeRuns[] = {{"text encoder", "text 2 12 0", run_full_size_text},
                                                {"guided step", "stage", run_full_size_step},
                                                {"decoder", "stage", run_full_size_decoder}};

}  // namespace yent
