// The painter's handle, which a session looks into for the length of a prompt.
#pragma once

#include "engine/api/api.h"
#include "engine/pipeline/infotext.h"
#include "engine/pipeline/pipeline.h"

struct yent_painter {
  std::shared_ptr<yent::Devices> devices;  // outlive the pipeline
  std::unique_ptr<yent::Pipeline> pipeline;
  yent::InfotextFacts facts;
  bool measures_layers = false;
};
