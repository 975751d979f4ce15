// The first run of a GPU on a machine checks a step against the CPU, and its verdict is kept in a
// file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/pipeline/device_check.h"

namespace yent {

// make_agreeing_backends with that memory.
std::vector<std::unique_ptr<Backend>> checked_backends(
    const DeviceWish& wish, const std::function<void(const std::string&)>& warn);

// What the file says of a device, or what check() says, which is kept. Without a file that can be
// written, every run checks.
std::string remembered_difference(const std::string& file, const std::string& device,
                                  const std::function<std::string()>& check);

}  // namespace yent
