#!/usr/bin/env bash
# Builds, tests and measures the CUDA backend on a machine with a GPU.
#
#   bench/gpu.sh deps                  where there is a package registry: headers into .deps
#   bench/gpu.sh [build|test|bench|all]   on the GPU; every stage stays below nine minutes
#
# The machine needs nvcc, CMake and a host compiler; Google Benchmark, compute-sanitizer and PyTorch
# are used where they are. Results go to $OUT, else build-gpu/results.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit
build="build-gpu"
out=${OUT:-$build/results}
export PATH=$PATH:/usr/local/cuda/bin
stage=${1:-all}
failed=""

say() { printf '\n== %s\n' "$*"; }
# step NAME SECONDS COMMAND...: runs, keeps the output, remembers a failure.
step() {
  local name=$1 limit=$2 start=$SECONDS
  shift 2
  say "$name"
  timeout "$limit" "$@" 2>&1 | tee "$out/$name.log" | tail -n 25
  if [ "${PIPESTATUS[0]}" -ne 0 ]; then failed="$failed $name"; echo "FAILED: $name"; fi
  echo "($((SECONDS - start)) s)"
}

deps() {
  mkdir -p .deps && cd .deps || return
  apt-get download -q libfmt-dev nlohmann-json3-dev libcli11-dev libstb-dev libeigen3-dev doctest-dev &&
    for package in *.deb; do dpkg-deb -x "$package" . && rm "$package"; done
  # Headers only, so that the folder is small.
  find . -type f ! -path './usr/include/*' -delete
  du -sh .
}

build() {
  local deps=() start=$SECONDS
  [ ! -d .deps/usr/include ] || deps=(-DYENT_DEPS_DIR="$PWD/.deps")
  cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DYENT_CUDA=ON -DYENT_WERROR=OFF \
    -DCMAKE_CUDA_ARCHITECTURES="${ARCH:-$(architecture)}" "${deps[@]}" >"$out/configure.log" 2>&1 ||
    { tail -n 20 "$out/configure.log"; return 1; }
  cmake --build "$build" --parallel "$(nproc)" --target yent_run bench yent_tests >"$out/build.log" 2>&1 ||
    { grep -m 20 -E 'error|Error' "$out/build.log"; return 1; }
  echo "built for sm_$(architecture) in $((SECONDS - start)) s"
}

architecture() { nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -1 | tr -d .; }

same_bytes() {
  local program=$build/bin/yent-run run
  for run in 1 2; do
    "$program" --device cuda -q -p "a cat" -s 3 --raw -o "$out/same_$run.png" || return
  done
  cmp "$out/same_1.png" "$out/same_2.png" && echo "the same bytes twice"
}

# The whole run against the CPU in f32: 25 guided steps, and greedy tokens.
against_cpu() {
  local program=$build/bin/yent-run
  "$program" --device cpu --precision f32 -q -p "a cat" -s 3 --raw -o "$out/cpu.png" --dump "$out/cpu.safetensors" &&
    "$program" --device cuda -q -p "a cat" -s 3 --raw -o "$out/cuda.png" --dump "$out/cuda.safetensors" &&
    python3 bench/peers/compare_dumps.py "$out/cpu.safetensors" "$out/cuda.safetensors" || return
  for device in cpu cuda; do
    "$program" --device $device -q --precision f32 --complete "who are you" --temp 0 --tokens 32 >"$out/said.$device" || return
  done
  cmp "$out/said.cpu" "$out/said.cuda" && echo "the same greedy tokens"
}

run_tests() {
  step ops 200 "$build/bin/yent_tests" -tc="cuda*"
  step determinism 60 same_bytes
  step against_cpu 120 against_cpu
  if command -v compute-sanitizer >/dev/null; then
    step memcheck 80 compute-sanitizer --tool memcheck --error-exitcode 9 "$build/bin/yent_tests" -tc="cuda: conv3x3*,cuda: attention*,cuda: group_norm*"
    step racecheck 80 compute-sanitizer --tool racecheck --error-exitcode 9 "$build/bin/yent_tests" -tc="cuda: attention*,cuda: linear on q8_0*"
  else
    echo "skipped: compute-sanitizer is not here"
  fi
}

run_bench() {
  nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,memory.total --format=csv,noheader | tee "$out/gpu.txt"
  local models=$build/models
  for kind in bk-sdm-tiny micro-yent; do
    [ -e "$models/$kind" ] || step "synthesize_$kind" 150 "$build/bin/bench" --synthesize $kind "$models/$kind"
  done
  local llm
  llm=$(find "$models/micro-yent" -name '*.gguf' | head -1)
  step bench 200 "$build/bin/bench" --device cuda --model "$models/bk-sdm-tiny" --llm "$llm" --steps 25 --json "$out/bench.json"
  if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
    step torch_peer 240 python3 bench/peers/torch_peer.py "$models/bk-sdm-tiny"
  else
    echo "skipped: PyTorch with CUDA is not here"
  fi
}

mkdir -p "$out"
case $stage in
  deps) deps ;;
  build) build ;;
  test) run_tests ;;
  bench) run_bench ;;
  all) build && run_tests && run_bench ;;
  *) echo "usage: bench/gpu.sh [deps|build|test|bench|all]" >&2; exit 2 ;;
esac || failed="$failed $stage"
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
