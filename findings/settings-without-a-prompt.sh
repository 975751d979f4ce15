#!/usr/bin/env bash
# A picture that was made without a prompt has no settings for SD Prompt Reader.
#
# Expected: AUTOMATIC1111 leaves an empty prompt out, so that the text of the picture begins with
# "Steps: 20, ..." or "Negative prompt: ...". A reader shows an empty prompt and the settings.
# Happens: the reader looks for a line break before "Steps:" and before "Negative prompt:". Without a
# prompt, the whole line of settings is shown as the prompt, and every setting is None. With a
# negative prompt alone, the settings are found, and the prompt is the whole text without its last
# letter. The status is READ_SUCCESS. With a line break in front everything is right.
# Versions: sd-prompt-reader 1.3.5.
# Why it matters: such pictures are usual in comparisons and in img2img. A program that wants to be
# understood by every reader may start its text with a line break.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
# Its other dependencies are for the window, which is not opened here.
"$work/venv/bin/pip" install --quiet --no-deps sd-prompt-reader==1.3.5 pillow==10.3.0 piexif==1.1.3
cd "$work"
venv/bin/python - <<'PY'
from importlib.metadata import version

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sd_prompt_reader.image_data_reader import ImageDataReader

print(*(f"{p} {version(p)}" for p in ("sd-prompt-reader", "pillow")), sep=", ")
SETTINGS = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 3, Size: 8x8"
answers = {}
for start in ("a cat\n", "", "\n", "Negative prompt: dog\n", "\nNegative prompt: dog\n"):
    info = PngInfo()
    info.add_text("parameters", start + SETTINGS)
    Image.new("RGB", (8, 8)).save("picture.png", pnginfo=info)
    with open("picture.png", "rb") as file:
        read = ImageDataReader(file)
    answers[start] = (read.positive, read.negative, read.parameter["steps"])
    print(f"{start!r} before the settings: {read.status.name}\n"
          f"    prompt {read.positive!r}\n    negative {read.negative!r}, "
          f"steps {read.parameter['steps']}, seed {read.parameter['seed']}")

if answers["a cat\n"] != ("a cat", "", "20") or answers["\n"] != ("", "", "20"):
    raise SystemExit("changed: texts that were read are read otherwise")
if answers[""] != (SETTINGS, "", None):
    raise SystemExit("changed: a text without a prompt is read otherwise")
if answers["Negative prompt: dog\n"] != ("Negative prompt: dog\n" + SETTINGS[:-1], "dog", "20"):
    raise SystemExit("changed: a negative prompt alone is read otherwise")
PY
