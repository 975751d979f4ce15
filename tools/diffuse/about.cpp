#include "tools/diffuse/about.h"

namespace yent::diffuse {
namespace {

constexpr const char* kDescription =
    R"(A transformer that was trained to guess masked characters starts from a block of masks and
reveals them step by step, the surest first.
.TP
.B sample
writes blocks of text, each continuing the one before.
Words, or the text on standard input if that is a file or a pipe, are continued; with
.B \-\-infill
their masked places are filled in.
A terminal gets control characters escaped, everything else gets them raw.
.TP
.BR "animate process" ", " "animate life"
show how the masks of ten blocks vanish; or Conway's game of life on a text, whose living cells are
masked and written anew in every generation.
In a terminal they are drawn in place until q or Ctrl-C; a pipe gets the last frame as text.
.TP
.BI convert " IN OUT"
rewrites a model's file; the endings (.pt, .safetensors, .gguf) say how.
.TP
.B info
prints what a model's file holds.
.TP
.B train
trains a model on a text; it has options of its own:
.BR "yent\-diffuse train \-\-help" .
)";

constexpr const char* kFiles =
    R"(The default model and its text are
.I tiny\-diffusion/model.gguf
(or
.IR model.safetensors )
and
.IR tiny\-diffusion/text.txt ,
searched in this order: inside the executable, if it was built so; beside it; in
.IR prefix /share/yent;
in the source tree.
An output file appears by renaming, so it is never half written.
)";

}  // namespace

About about() {
  return {.name = "yent-diffuse",
          .purpose = "Character diffusion: text that appears all over at once.",
          .usages = {"sample [options] [words ...]", "animate process|life [options]",
                     "convert IN OUT [options]", "info [options] [FILE]",
                     "train --text FILE [options]"},
          .examples = {{"yent-diffuse sample --blocks 4", "four blocks of text"},
                       {R"(yent-diffuse sample --rule entropy "And the king said, ")",
                        "a text continued, in as few steps as a bound on the error allows"},
                       {R"(echo "In the ____ning God" | yent-diffuse sample --infill)",
                        "the masked places filled in"},
                       {"yent-diffuse animate life --apng life.png", "an animated PNG"},
                       {"yent-diffuse convert model.pt model.gguf --type q8_0",
                        "a quarter of the size"}},
          .sections = {{"DESCRIPTION", kDescription},
                       {"EXIT STATUS", exit_status_section()},
                       {"FILES", kFiles}}};
}

}  // namespace yent::diffuse
