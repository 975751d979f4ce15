#!/usr/bin/env bash
# Builds, tests and measures the CUDA backend on a machine with a GPU.
#
#   bench/gpu.sh deps                              where there is a package registry: headers into .deps
#   bench/gpu.sh [build|test|sanitize|bench|ncu|all]   on the GPU; every stage stays below nine minutes
#   REHEARSE=BUILD bench/gpu.sh all                without one: the target yent_cuda_rehearsal of BUILD has
#                                                  programs with emulated GPUs, and models are toys
#
# The machine needs nvcc, CMake and a host compiler; compute-sanitizer, Nsight Compute and PyTorch are
# used where they are. Results lie in build-gpu/results; where $OUT names a folder, it gets them as one archive.
# shellcheck disable=SC2086,SC2206
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit
export build=build-gpu
export programs=$build/bin results=$build/results models=$build/models
# What runs read: the models that ship, and models of full size.
export painter="" voice="" full_painter="--model $models/bk-sdm-tiny"
export full_voice="--llm $models/micro-yent/micro-yent.gguf" tokens=64 steps=25 batch=5
timed="voice painter characters ascii"  # what bench times, a model after the other
tests="$programs/yent_tests" sanitizer=compute-sanitizer cases="cuda*" patience=1
export ncu=ncu python=${PYTHON:-python3}
export PATH=$PATH:/usr/local/cuda/bin
if [ -n "${REHEARSE-}" ]; then
  build=$(realpath "$REHEARSE") programs=$build/rehearsal results=$build/rehearsal/results
  painter="--model tests/golden/toy_painter --steps 1" full_painter=$painter
  voice="--llm tests/golden/toy_voice.gguf" full_voice=$voice tokens=4 steps=1 batch=2
  timed="voice painter"  # the others have no toys
  export XDG_CACHE_HOME=$results/cache  # no verdict on a GPU that is not there stays
  tests="$build/bin/yent_cuda_emulated_tests" sanitizer="" cases="cuda: conv3x3*" patience=200
  ncu=tests/cuda/fake_ncu
fi
stage=${1:-all}
failed=""

# step NAME SECONDS COMMAND...: runs a program or an exported function, keeps the output, remembers
# a failure.
step() {
  local name=$1 limit=$2 start=$SECONDS
  shift 2
  printf '\n== %s\n' "$name"
  timeout $((limit * patience)) bash -c '"$@"' step "$@" 2>&1 | tee "$results/$name.log" | tail -n 25
  if [ "${PIPESTATUS[0]}" -ne 0 ]; then failed="$failed $name"; echo "FAILED: $name"; fi
  echo "($((SECONDS - start)) s)"
}

deps() {
  mkdir -p .deps && cd .deps || return
  apt-get download -q libfmt-dev nlohmann-json3-dev libcli11-dev libstb-dev libeigen3-dev doctest-dev &&
    for package in *.deb; do dpkg-deb -x "$package" . && rm "$package"; done || return
  # Headers only, so that the folder is small.
  find . -type f ! -path './usr/include/*' -delete
  du -sh .
}

architecture() {
  local sm
  sm=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -1 | tr -d .)
  [ "$sm" != 90 ] || sm=90a
  echo "${ARCH:-${sm:-native}}"
}

build() {
  if [ -n "${REHEARSE-}" ]; then echo "rehearsal: $programs is built"; return; fi
  local deps=() start=$SECONDS
  [ ! -d .deps/usr/include ] || deps=(-DYENT_DEPS_DIR="$PWD/.deps")
  cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DYENT_CUDA=ON -DYENT_WERROR=OFF \
    -DCMAKE_CUDA_ARCHITECTURES="$(architecture)" "${deps[@]}" >"$results/configure.log" 2>&1 ||
    { tail -n 20 "$results/configure.log"; return 1; }
  cmake --build "$build" --parallel "$(nproc)" --target yent_run bench yent_tests yent_cuda_host_tests \
    >"$results/build.log" 2>&1 ||
    { grep -m 20 -E 'error|Error' "$results/build.log"; return 1; }
  # Only where Google Benchmark is.
  cmake --build "$build" --parallel "$(nproc)" --target bench_kernels >>"$results/build.log" 2>&1
  echo "built for $(architecture) in $((SECONDS - start)) s"
}

synthesize() {
  local kind
  if [ -n "${REHEARSE-}" ]; then echo "rehearsal: toys are there"; return; fi
  for kind in bk-sdm-tiny micro-yent; do
    [ -e "$models/$kind" ] || "$programs/bench" --synthesize $kind "$models/$kind" || return
  done
}

same_bytes() {
  local run
  for run in 1 2; do
    "$programs/yent-run" --device cuda -q -p "a cat" -s 3 --raw $painter -o "$results/same_$run.png" || return
  done
  cmp "$results/same_1.png" "$results/same_2.png" && echo "the same bytes twice"
}

# against_cpu NAME OPTION...: 25 guided steps in halves against the CPU in f32, stage by stage. Steps of which
# a layer is kept are not recorded; those that are recorded and replayed paint the same bytes.
against_cpu() {
  local name=$1 device
  local options=(-q -p "a cat" -s 3 --raw --cfg-scale 7.5 "${@:2}")
  for device in cpu cuda; do
    local precision=(--precision "$([ $device = cpu ] && echo f32 || echo f16)")
    "$programs/yent-run" --device $device "${precision[@]}" "${options[@]}" -o "$results/$name.$device.png" \
      --dump "$results/$name.$device.safetensors" --dump-layers unet.conv_out.0 || return
  done
  "$programs/yent-run" --device cuda --precision f16 "${options[@]}" -o "$results/$name.recorded.png" || return
  cmp "$results/$name.cuda.png" "$results/$name.recorded.png" || return
  if ! "$python" -c 'import numpy'; then echo "skipped: the comparison, as $python has no numpy"; return; fi
  "$python" bench/peers/compare_dumps.py "$results/$name.cpu.safetensors" "$results/$name.cuda.safetensors"
}

# same_tokens NAME OPTION...: greedy tokens, exact arithmetic on both sides.
same_tokens() {
  local name=$1 device
  for device in cpu cuda; do
    "$programs/yent-run" --device $device -q --precision f32 --complete "who are you" --temp 0 --tokens $tokens \
      "${@:2}" >"$results/$name.$device.txt" || return
  done
  cmp "$results/$name.cpu.txt" "$results/$name.cuda.txt" && echo "the same greedy tokens"
}

# Every GPU paints its share of a batch, in the bytes of one.
all_devices() {
  local device
  for device in cuda cuda:all; do
    "$programs/yent-run" --device $device -q -p "a cat" -s 3 -b $batch --raw $painter -o "$results/$device.png" || return
  done
  cmp "$results/cuda.png" "$results/cuda:all.png" || return
  local k
  for k in $(seq 2 $batch); do cmp "$results/cuda_$k.png" "$results/cuda:all_$k.png" || return; done
  echo "a batch over all GPUs is the batch of one"
}

gpu_name() {
  local name known
  name=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -1)
  for known in A100 H100 H200 4090; do [[ $name != *$known* ]] || echo $known; done
}

# model_error COMMAND...: what Nsight Compute measures of the command's launches, and by how much the
# emulator's counts and the estimated times of the same launches are off.
model_error() {
  local name
  case $(gpu_name) in A100) name="A100 SXM 80 GB" ;; H100) name="H100 SXM" ;; 4090) name="RTX 4090" ;; *) name=H200 ;; esac
  $ncu --csv --print-units base --launch-count 400 --kernel-name 'regex:gemm_kernel|flash_kernel|whole_kernel' \
    --metrics "$(tools/cuda-report --metrics)" "$@" >"$results/ncu.csv" || return
  tools/cuda-report --counts bench/results/cuda_counts.json --measured "$results/ncu.csv" --gpu "$name"
}
export -f synthesize same_bytes against_cpu same_tokens all_devices gpu_name model_error

run_tests() {
  [ ! -x "$build/bin/yent_cuda_host_tests" ] || step host 30 "$build/bin/yent_cuda_host_tests"
  step ops 150 "$tests" -tc="$cases"
  step determinism 20 same_bytes
  step all_devices 30 all_devices
  step default_model 30 against_cpu default $painter
  step default_voice 20 same_tokens default_voice $voice
  step synthesize 60 synthesize
  step full_size 100 against_cpu full $full_painter
  step full_size_voice 30 same_tokens full_voice $full_voice
}

# Races and wrong addresses, on small shapes: slow under the tool.
run_sanitizers() {
  local cases="cuda: conv3x3*,cuda: every epilogue*,cuda: attention*,cuda: group_norm*,cuda: linear on q8_0*"
  if [ -z "$sanitizer" ]; then
    step sanitized_cases 220 "$tests" -tc="$cases"
  elif command -v $sanitizer >/dev/null; then
    step memcheck 220 $sanitizer --tool memcheck --error-exitcode 9 "$tests" -tc="$cases"
    step racecheck 220 $sanitizer --tool racecheck --error-exitcode 9 "$tests" -tc="$cases"
  else
    echo "skipped: compute-sanitizer is not here"
  fi
}

run_bench() {
  ! command -v nvidia-smi >/dev/null || nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,memory.total --format=csv,noheader | tee "$results/gpu.txt"
  local program=("$programs/bench" --device cuda ${full_painter/ --steps*/} $full_voice)
  local run=("$programs/yent-run" --device cuda $full_painter -p "a cat" -s 3 --raw --timings -o "$results/run.png")
  step synthesize 60 synthesize
  local part
  for part in $timed; do
    step bench_$part 30 "${program[@]}" --only $part --steps $steps --json "$results/bench_$part.json"
    step roofline_$part 15 "${program[@]}" --only $part --steps 1 --roofline
  done
  if [ -x "$programs/bench_kernels" ]; then
    step kernels 90 "$programs/bench_kernels" --benchmark_filter=cuda/ --benchmark_min_time=0.05 \
      --benchmark_out="$results/kernels.json"
  else
    echo "skipped: there is no bench_kernels"
  fi
  # The process as a whole, the second time with its files in memory.
  step first_run 30 "${run[@]}"
  step second_run 30 "${run[@]}"
  if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
    step torch_peer 240 python3 bench/peers/torch_peer.py "$models/bk-sdm-tiny"
  else
    echo "skipped: PyTorch with CUDA is not here"
  fi
}

run_ncu() {
  step synthesize 60 synthesize
  if command -v $ncu >/dev/null; then
    step ncu 120 model_error "$programs/bench" --device cuda ${full_painter/ --steps*/} --steps 1
  else
    echo "skipped: Nsight Compute (ncu) is not here"
  fi
}

keep_results() {
  [ -z "${OUT-}" ] || tar -C "$results" --exclude='*.safetensors' -czf "$OUT/$stage.tar.gz" .
}

mkdir -p "$results" || exit
case $stage in
  deps) deps || exit; exit ;;
  build) build ;;
  test) run_tests ;;
  sanitize) run_sanitizers ;;
  bench) run_bench ;;
  ncu) run_ncu ;;
  all) build && { run_tests; run_sanitizers; run_bench; run_ncu; } ;;
  *) echo "usage: bench/gpu.sh [deps|build|test|sanitize|bench|ncu|all]" >&2; exit 2 ;;
esac || failed="$failed $stage"
keep_results
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
