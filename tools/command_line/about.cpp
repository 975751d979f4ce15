#include "tools/command_line/about.h"

namespace yent {
namespace {

constexpr const char* kDescription =
    R"(The words go to a small language model, which does not obey but reacts.
A small diffusion model paints the reaction.
The picture is written as a PNG and printed as ASCII art, in colour if standard output is a terminal.
With
.BR \-p ,
the text goes to the diffusion model unchanged.
With
.BR \-\-complete ,
the language model continues the text, and nothing is painted.
Without words, and with a standard input that is no terminal, its text is the words, 64 KiB at most.
.PP
The settings are kept in the picture as AUTOMATIC1111 keeps them: in the text chunk
.B parameters
of a PNG, in EXIF's UserComment of a JPEG, which has quality 95.
)";

constexpr const char* kEnvironment =
    R"(.TP
.B YENT_ISA
the instruction set when
.B \-\-isa
is not given
.TP
.BR COLORTERM ", " TERM ", " NO_COLOR
decide which colours the terminal gets
.PP
OMP_NUM_THREADS does not matter: threads follow the affinity mask and the control group's quota.
)";

constexpr const char* kFiles =
    R"(The default models and the policies are searched in this order: inside the executable, if it was
built so; beside it; in
.IR prefix /share/yent;
in the source tree.
An output file appears by renaming, so it is never half written.
.PP
.I $XDG_STATE_HOME/yent/history
.RI ( ~/.local/state/yent/history )
has the last 1000 lines that were typed with
.BR \-I .
)";

}  // namespace

About about_yent_run() {
  return {.name = "yent-run",
          .purpose = "Say something. Yent reacts, and paints the reaction.",
          .usages = {"[options] [words ...]", "-p TEXT [options]", "--complete TEXT [options]"},
          .examples = {{R"(yent-run "who are you")", "a reaction, in words and as a picture"},
                       {R"(yent-run -I --dual)", "a talk with two Yents, of whom one paints"},
                       {R"(yent-run -s 7 --steps 10 "the meaning of life")",
                        "the same reaction each time, painted in fewer steps"},
                       {R"(yent-run -p "a cat with glowing eyes" --raw -o cat.png)",
                        "the painter alone, without the ASCII filter"},
                       {R"(yent-run -i photo.jpg --strength 0.6 -p "a cat" --sampler "DPM++ 2M")",
                        "from a photo on, with another sampler"}},
          .sections = {{"DESCRIPTION", kDescription},
                       {"EXIT STATUS", exit_status_section()},
                       {"ENVIRONMENT", kEnvironment},
                       {"FILES", kFiles}}};
}

}  // namespace yent
