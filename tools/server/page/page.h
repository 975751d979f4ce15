// The page of yent-server: one HTML file without outside resources, joined from the sources in this
// folder when the program is built (join.cmake).
#pragma once

#include <string_view>

namespace yent {

extern const std::string_view page_html;
// The value of the header Content-Security-Policy that goes with it: style and script by their
// hashes.
extern const std::string_view page_csp;

}  // namespace yent
