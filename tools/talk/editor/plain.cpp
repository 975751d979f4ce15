// The line editor of a program that was built without libedit.
#include "tools/talk/line_editor.h"

namespace yent {

std::unique_ptr<LineEditor> make_line_editor(bool json) { return make_plain_line_editor(json); }

}  // namespace yent
