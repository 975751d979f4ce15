// The samplers' functions, for the table. Formulas: DDIM (Song 2020), PNDM (Liu 2022), DDPM (Ho
// 2020), Euler and ancestral Euler (Karras 2022, as in k-diffusion), DPM-Solver++ 2M (Lu 2022);
// details follow diffusers.
#pragma once

#include "engine/diffusion/samplers/sampler_table.h"

namespace yent {

Schedule ddim(const SamplerRequest& request);
Schedule pndm(const SamplerRequest& request);
Schedule ddpm(const SamplerRequest& request);
Schedule euler(const SamplerRequest& request);
Schedule euler_ancestral(const SamplerRequest& request);
Schedule dpmpp_2m(const SamplerRequest& request);

}  // namespace yent
