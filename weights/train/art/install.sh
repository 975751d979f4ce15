#!/usr/bin/env bash
# From a training of the ASCII transformer to the model that ships, weights/ascii-transformer.
#   weights/train/art/install.sh FROM [BUILD]
# FROM: the folder of a training (art.pt), or one with model.safetensors and config.json, as
# training.py export and ascii-train write them. BUILD is build. PYTHON: python3 with PyTorch.
# What is installed is int8, at most 2.4 MB, and is drawn with before and after.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../../.." && pwd)
from=$(readlink -f "${1:?a folder with art.pt or model.safetensors}")
bin=$(readlink -f "${2:-$root/build}")/bin
target=${TARGET:-$root/weights/ascii-transformer}
most=2400000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "install.sh: $*" >&2 && exit 1; }
for program in ascii-gen ascii-export; do
  [ -x "$bin/$program" ] || fail "$bin/$program is missing: cmake --build build --target ascii_gen ascii_export"
done

if [ -e "$from/art.pt" ]; then
  "${PYTHON:-python3}" "$root/weights/train/art/training.py" export --run "$from" --out "$work/whole" >&2
  from=$work/whole
fi
[ -e "$from/model.safetensors" ] || fail "$from has neither art.pt nor model.safetensors"
"$bin/ascii-export" --checkpoint "$from" --output-dir "$work/model" --quantize int8
rm "$work/model/model.safetensors"
bytes=$(stat -c %s "$work/model/model_int8.safetensors")
[ "$bytes" -le $most ] || fail "model_int8.safetensors has $bytes bytes, expected at most $most"

# draws SIZE ARGUMENT...: as many rows and columns as were asked for.
draws() {
  local size=$1 found
  shift
  "$bin/ascii-gen" --device cpu -q --seed 1 --pad "$@" cat >"$work/drawing.txt"
  found=$(awk '{ if (length($0) > w) w = length($0) } END { print w "x" NR }' "$work/drawing.txt")
  [ "$found" = "$size" ] || fail "the drawing is $found, expected $size"
}
export LC_ALL=C.UTF-8
draws 40x12 --model "$work/model" --width 40 --height 12 --charset ascii

mkdir -p "$target"
for file in config.json quant_config.json model_int8.safetensors; do
  cp "$work/model/$file" "$target/$file.new"
done
for file in config.json quant_config.json model_int8.safetensors; do
  mv "$target/$file.new" "$target/$file"
done
echo "installed: $target, $bytes bytes"

# The same program finds it by itself, where it was built from this tree.
[ "$target" = "$root/weights/ascii-transformer" ] || exit 0
found=$("$bin/ascii-gen" --info --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["path"])')
echo "ascii-gen draws with $found"
draws 64x32 --charset ascii
cat "$work/drawing.txt"
if [ -x "$bin/yent-run" ]; then
  script -qec "stty cols 100; $bin/yent-run --prompt-only --seed 1 --sign 'draw me a cat'" "$work/signed.txt" </dev/null
  lines=$(wc -l <"$work/signed.txt")
  [ "$lines" -ge 10 ] || fail "--sign wrote $lines lines, expected a drawing of 10"
fi
cat <<END
Judge it with one command, in weights/train/judge (README.md says how the judge is made):
  python3 art.py judge --run RUN --gen "$bin/ascii-gen --device cpu" --corpus corpus.jsonl
END
