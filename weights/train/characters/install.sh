#!/usr/bin/env bash
# From a training of character diffusion to the model that ships, weights/tiny-diffusion/model.gguf.
#   weights/train/characters/install.sh FROM [BUILD]
# FROM: the folder of a training (characters.pt; without one, ../state), or a model.safetensors.
# BUILD is build. PYTHON: python3 with PyTorch. Installed is Q8_0, at most 3 MB; then the share of
# real words in ten blocks is printed.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../../.." && pwd)
from=$(readlink -m "${1:?a folder with characters.pt, or model.safetensors}")
bin=$(readlink -f "${2:-$root/build}")/bin
target=${TARGET:-$root/weights/tiny-diffusion}
most=3000000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "install.sh: $*" >&2 && exit 1; }
[ -x "$bin/yent-diffuse" ] || fail "$bin/yent-diffuse is missing: cmake --build build --target yent_diffuse"
if [ ! -f "$from" ]; then
  "${PYTHON:-python3}" "$root/weights/train/characters/train.py" export --run "$from" --out "$work/model.safetensors" >&2
  from=$work/model.safetensors
fi
"$bin/yent-diffuse" convert "$from" "$work/model.gguf" --type q8_0
bytes=$(stat -c %s "$work/model.gguf")
[ "$bytes" -le $most ] || fail "model.gguf has $bytes bytes, expected at most $most"
"$bin/yent-diffuse" sample -m "$work/model.gguf" --device cpu --blocks 1 --seed 1
mkdir -p "$target"
cp "$work/model.gguf" "$target/model.gguf.new"
mv "$target/model.gguf.new" "$target/model.gguf"
echo "installed: $target/model.gguf, $bytes bytes"
python3 "$root/weights/train/judge/words.py" --program "$bin/yent-diffuse sample --device cpu -m $target/model.gguf" \
  --known /usr/share/dict/american-english "$root/weights/tiny-diffusion/text.txt"
