// Letters of names, and errors that answer a name which is nearly right with the right one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace yent {

// With the letters of ASCII in lower case, and nothing else changed.
std::string lower_case(std::string_view text);

// The name that was meant: one that begins so, or the one with the fewest letters changed, added,
// dropped or swapped, whatever the case. One letter in 3 to 5 may differ, two in more.
std::optional<std::string> nearest_name(std::string_view typed,
                                        const std::vector<std::string>& names);

// "one of euler, heun or lms; did you mean euler?", the end of an error's sentence.
std::string one_of(std::string_view typed, const std::vector<std::string>& names);

}  // namespace yent
