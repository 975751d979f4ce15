// The parts of AUTOMATIC1111's grammar that change a prompt between steps or compose several. They
// are not built: they are refused, so that they are never read as text.
#pragma once

#include <string_view>

namespace yent {

// Throws a usage error where the text has [from:to:when], [to:when] or [a|b].
void refuse_schedules(std::u32string_view text);

// Throws a usage error where the text has the word AND.
void refuse_compositions(std::u32string_view text);

}  // namespace yent
