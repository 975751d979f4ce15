#!/bin/sh
# One sitting of training in the background, at the lowest priority. Everything goes on where it stopped.
#
#   PYTHON=/path/to/python ./sitting.sh start RUN     # the painter's chain and the voice's chain
#   PYTHON=... ./sitting.sh outer RUN                 # a third chain, in the foreground, once `inner` has ended
#   ./sitting.sh status RUN
#   ./sitting.sh stop RUN                             # asks both to end; at most 3 minutes are lost
#   PYTHON=... ./sitting.sh keep RUN                  # writes weights/train/state, to be committed
#
# kill -STOP and -CONT are harmless at any moment. THREADS=2 when nothing else uses the machine.
set -eu
cd "$(dirname "$0")"
PYTHON=${PYTHON:-python3} THREADS=${THREADS:-1} RUN=$2
# Where the processor has bf16, the voice learns twice as fast with it (Zen 5, one core: 3700 tokens a second,
# not 1850), the autoencoder and the UNet 1.2 to 1.4 times as fast.
BF16=$(grep -q avx512_bf16 /proc/cpuinfo && echo --bf16 || true)
mkdir -p "$RUN"
export OMP_NUM_THREADS="$THREADS" PYTHONDONTWRITEBYTECODE=1
idle() { chrt --idle 0 nice -n 19 "$@"; }

hand() {
  for stage in text inner unet guide; do
    idle "$PYTHON" painter.py "$stage" --run "$RUN" --threads "$THREADS" $BF16 || exit 1
  done
}

# The outer level of the autoencoder: beside the UNet, when a core is free.
outer() { idle "$PYTHON" painter.py outer --run "$RUN" --threads "$THREADS" $BF16; }

tongue() {
  [ -f "$RUN/text.txt" ] || idle "$PYTHON" corpora.py "$RUN/text.txt"
  for stage in language exchange; do
    idle "$PYTHON" voice.py "$stage" --run "$RUN" --threads "$THREADS" $BF16 || exit 1
  done
}

case $1 in
  start)
    setsid "$0" hand "$RUN" > "$RUN/hand.log" 2>&1 &
    echo $! > "$RUN/hand.pid"
    setsid "$0" tongue "$RUN" > "$RUN/tongue.log" 2>&1 &
    echo $! > "$RUN/tongue.pid" ;;
  hand) hand ;;
  tongue) tongue ;;
  outer) outer ;;
  status) for log in "$RUN"/*.log; do echo "$log: $(tail -n 1 "$log")"; done ;;
  stop)
    for chain in hand tongue; do
      kill -- -"$(ps -o pgid= "$(cat "$RUN/$chain.pid")" | tr -d ' ')" || true
    done ;;
  keep) "$PYTHON" keep.py "$RUN" ;;
esac
