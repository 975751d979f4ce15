// The routes that programs for AUTOMATIC1111's API call.
#pragma once

#include <memory>
#include <vector>

#include "tools/server/routes/a1111/caller_options.h"
#include "tools/server/routes/route.h"

namespace yent::server {

// Shared by the handlers of one table.
using SharedOptions = std::shared_ptr<OptionsOfCallers>;

std::vector<Route> a1111_painting_routes(const RequestLimits& limits, const SharedOptions& options);
std::vector<Route> a1111_progress_routes();
std::vector<Route> a1111_option_routes(const RequestLimits& limits, const SharedOptions& options);
std::vector<Route> a1111_list_routes();

// A route under /sdapi/v1, with errors in AUTOMATIC1111's shape.
Route a1111_route(const char* method, const char* name, const char* summary, Handler handle);

// The infotext of a picture in parts: Prompt, Negative prompt, and the settings by their names.
Json parsed_infotext(const std::string& text);
// The infotext in a file of PNG or JPEG; empty where there is none. Throws for what is no picture.
std::string infotext_of(const std::string& file);

}  // namespace yent::server
