// How the calls of a schedule ask the denoising network: with guidance or without, through all its
// layers or with the deep features that an earlier call left.
#pragma once

#include <string>
#include <vector>

#include "engine/diffusion/samplers/schedule.h"

namespace yent {

// A part of the noise schedule that a model was trained with: 0 is its last timestep, nearly all
// noise, 1 its first, nearly the picture.
struct ScheduleShare {
  double begin = 0, end = 1;

  bool whole() const { return begin <= 0 && end >= 1; }
  bool contains(double share) const { return begin <= share && share <= end; }
};

struct CallWish {
  bool guided = false;
  ScheduleShare guided_in = {};
  int timesteps = 1000;  // of the training
  int cache = 1;         // calls that share the deep features of their first
};

struct PlannedCall {
  bool guided = false;  // for two images: without and with the prompt; else for the second alone
  bool takes_deep = false;  // deep features come from the last call that does not take them
};

// One for each call. The first of a picture takes nothing, and no guided call takes features of one
// that was not: they are of one image.
std::vector<PlannedCall> plan_calls(const Schedule& schedule, const CallWish& wish);

// "25 calls: 9 through all layers, 12 guided, at noise levels (sigma) 5.42 to 0.31"; empty where
// all calls are alike.
std::string calls_text(const Schedule& schedule, const std::vector<PlannedCall>& plan);

}  // namespace yent
