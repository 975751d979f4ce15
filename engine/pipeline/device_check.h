// Whether a GPU computes what the CPU computes: one step of a small UNet with random weights, in
// every precision. Its shapes are those that painting uses: heads of 40 and 80 columns, more
// keys than a tile has, seams, strides and upsampling.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace yent {

// Empty if they agree within the rounding of each precision; else which does not, and by how much
// ("f16 differs by 12 %"). Takes less than a second of the CPU.
std::string device_difference(Backend& device);

struct DeviceWish {  // see kernels/devices.h
  std::string device, isa;
  int threads = 0, max_backends = 1;
};

// As make_backends, but no GPU that differs. `difference` is device_difference or remembers it; it
// also gets the GPU's number. Where a GPU differs, a device that was asked for by name is a run
// error; else the CPU is taken and `warn` gets one sentence that says so.
std::vector<std::unique_ptr<Backend>> make_agreeing_backends(
    const DeviceWish& wish, const std::function<std::string(Backend&, int number)>& difference,
    const std::function<void(const std::string&)>& warn);

}  // namespace yent
