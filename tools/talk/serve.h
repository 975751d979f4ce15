// yent-run --serve [PORT]: another program takes over.
#pragma once

namespace yent {

// Whether --serve is the first word of the command line.
bool asks_to_serve(int argc, char** argv);

// Becomes the yent-server beside this program, with the port and the options that follow. Returns
// never; throws a run error where there is none.
void serve_instead(int argc, char** argv);

}  // namespace yent
