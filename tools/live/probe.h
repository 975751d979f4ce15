// What the terminal of this process can show, found by asking it.
#pragma once

#include <utility>

#include "tools/live/replies.h"
#include "tools/live/tty.h"

namespace yent {

// Asks who it is first: graphics are asked only of terminals that would not take the question for
// a title, as tmux and GNU screen do. It takes 150 ms at most; what is not answered by then is not
// there, and late answers are swallowed at the end.
// `through` says that kitty's terminal may be around tmux, and that it is to be asked there.
TerminalReplies probe(Tty& tty, bool through);

// Row and column of the cursor, from 1; 0 where the terminal does not tell.
std::pair<int, int> cursor_of(Tty& tty);

}  // namespace yent
