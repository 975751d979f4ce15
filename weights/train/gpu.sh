#!/bin/sh
# Ten minutes on a machine with one NVIDIA GPU: all stages of the painter, states to OUT (each under 15 MB).
#
#   OUT=/tmp/out weights/train/gpu.sh          # then copy OUT/*.npz, *.json, scaling.txt to weights/train/state
#
# Needs torch, transformers, numpy, pillow; diffusers and skia-python may come as wheels in ./.whl, fetched elsewhere with
#   pip download --no-deps --only-binary=:all: --python-version 3.12 --platform manylinux_2_28_x86_64 \
#       --platform manylinux2014_x86_64 -d .whl diffusers skia-python
set -eu
cd "$(dirname "$0")"
if [ -d ../../.whl ]; then
  python3 -m pip install -q --no-index --no-deps --no-compile --target /tmp/site ../../.whl/*.whl
  export PYTHONPATH=/tmp/site
fi
OMP_NUM_THREADS=1 python3 gpu.py --out "${OUT:?}" "$@"
