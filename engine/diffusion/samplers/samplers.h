// The samplers' functions, for the table. Formulas: DDIM (Song 2020), PNDM (Liu 2022), DDPM (Ho
// 2020), Euler, Heun, DPM2 and LMS (Karras 2022), DPM-Solver and DPM-Solver++ (Lu 2022), UniPC
// (Zhao 2023), LCM (Luo 2023), TCD (Zheng 2024), details as in diffusers; ancestral samplers, DPM++
// SDE and DPM++ 3M SDE as in k-diffusion.
#pragma once

#include "engine/diffusion/samplers/sampler_table.h"

namespace yent {

Schedule ddim(const SamplerRequest& request);
Schedule pndm(const SamplerRequest& request);
Schedule ddpm(const SamplerRequest& request);
Schedule euler(const SamplerRequest& request);
Schedule euler_ancestral(const SamplerRequest& request);
Schedule dpm2_ancestral(const SamplerRequest& request);
Schedule dpmpp_2s_ancestral(const SamplerRequest& request);
Schedule dpmpp_sde(const SamplerRequest& request);
Schedule dpmpp_2m(const SamplerRequest& request);
Schedule dpmpp_2m_sde(const SamplerRequest& request);
Schedule dpmpp_2m_sde_heun(const SamplerRequest& request);
Schedule dpmpp_3m_sde(const SamplerRequest& request);
Schedule heun(const SamplerRequest& request);
Schedule dpm2(const SamplerRequest& request);
Schedule lms(const SamplerRequest& request);
Schedule unipc(const SamplerRequest& request);
Schedule lcm(const SamplerRequest& request);
Schedule tcd(const SamplerRequest& request);

// Where the timesteps of a sampler lie: where the file says nothing, leading; of a sampler that
// walks noise levels linspace. The leading of a file for another kind of sampler is not for it.
SchedulerConfig::Spacing spacing(const SchedulerConfig& config, bool walks_levels);

// The fields of a class in scheduler_config.json that no other class has (class_fields.cpp).
void read_ddim(ClassReader& reader);
void read_pndm(ClassReader& reader);
void read_ddpm(ClassReader& reader);
void read_euler(ClassReader& reader);
void read_solver(ClassReader& reader);
void read_heun(ClassReader& reader);
void read_dpm2(ClassReader& reader);
void read_levels(ClassReader& reader);
void read_unipc(ClassReader& reader);
void read_lcm(ClassReader& reader);
void read_tcd(ClassReader& reader);

}  // namespace yent
