#!/usr/bin/env bash
# end_to_end.sh BUILD [PART ...]: drawings from the database to an embedded model, with the programs
# of a build. Parts, in this order: data, train, export, infer, embed; all of them without a name. Each
# can run alone: what an earlier part would have made is then made small here.
# Logs stay in a folder of their own under the temporary directory, which the last line names.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
shift
parts=${*:-data train export infer embed}
bin=$build/bin
logs=${TMPDIR:-/tmp}/yent-ascii-$(date +%Y%m%d-%H%M%S)-$$
mkdir -p "$logs"
cd "$logs"

fail() {
  echo "FAILED: $1; see $logs" >&2
  exit 1
}

# log NAME COMMAND...: what it prints goes into NAME.log.
log() {
  local name=$1
  shift
  echo "\$ $*" >>"$name.log"
  "$@" >>"$name.log" 2>&1 || fail "$name: $*"
}

drawings() {
  mkdir -p art
  for n in $(seq 12); do
    for m in $(seq 6); do
      { printf '+%*s+\n' "$n" '' | tr ' ' -
        for _ in $(seq "$m"); do printf '|%*s|\n' "$n" ''; done
        printf '+%*s+\n' "$n" '' | tr ' ' -; } >"art/box-$n-$m.txt"
    done
  done
}

data() {
  [ -x "$bin/ascii-db" ] || { echo "data: skipped, there is no ascii-db"; return; }
  drawings
  log data "$bin/ascii-db" init art.db
  log data "$bin/ascii-db" import art.db art --source "end_to_end.sh" --rights CC0 --keep-near --tag box
  log data "$bin/ascii-db" check art.db
  "$bin/ascii-db" search art.db box >search.txt || fail "data: search"
  grep -q '+-' search.txt || fail "data: the search found no box"
  echo "data: imported, checked, found"
}

train() {
  [ -x "$bin/ascii-train" ] || { echo "train: skipped, there is no ascii-train"; return; }
  [ -e art.db ] || data
  log train "$bin/ascii-train" --db art.db --preset test --steps 50 --seed 1 --out run
  awk -F, 'NR == 2 { first = $2 } NR > 1 { last = $2 }
           END { exit !(last < 0.8 * first) }' run/loss.csv || fail "train: the loss did not fall by 20 %"
  echo "train: 50 steps, the loss fell by more than 20 %"
}

export_all() {
  if [ -e run/model.safetensors ]; then
    log export "$bin/ascii-export" --checkpoint run/model.safetensors --output-dir model --quantize both
    log export "$bin/ascii-export" --checkpoint run/model.safetensors --output-dir half --dtype float16
  else
    log export "$bin/ascii-export" --preset test --seed 1 --output-dir model --quantize both
    log export "$bin/ascii-export" --preset test --seed 1 --output-dir half --dtype float16
  fi
  log export cat model/config.json model/quant_config.json
  echo "export: f32, f16, int8, int4"
}

# Greedy, so that only the logits decide.
greedy() { "$bin/ascii-gen" --temp 0 --width 16 --height 8 --pad "$@" box; }

infer() {
  [ -e model/config.json ] || export_all
  greedy --model model/model.safetensors >f32.txt
  greedy --model model/model.safetensors --isa ref >reference.txt
  greedy --model half/model.safetensors >f16.txt
  cmp f32.txt reference.txt || fail "infer: f32 differs from the reference backend"
  cmp f32.txt f16.txt || fail "infer: f16 draws something else"
  for method in int8 int4; do
    greedy --model "model/model_$method.safetensors" >"$method.txt"
    greedy --model "model/model_$method.safetensors" --isa ref >"$method-reference.txt"
    cmp "$method.txt" "$method-reference.txt" || fail "infer: $method differs from the reference backend"
  done
  for file in f32 int8 int4; do
    awk 'length != 16 { bad = 1 } END { exit bad || NR != 8 }' "$file.txt" ||
      [ "$(wc -l <"$file.txt")" = 8 ] || fail "infer: $file.txt is not 16 x 8"
  done
  echo "infer: f32, f16, int8 and int4 agree with the reference backend"
}

embed() {
  [ -e model/config.json ] || export_all
  log embed cmake -S "$root" -B "$build" -DYENT_ASCII_EMBED="$logs/model"
  log embed cmake --build "$build" --target ascii_gen
  cp "$bin/ascii-gen" embedded
  log embed cmake -S "$root" -B "$build" -DYENT_ASCII_EMBED=
  log embed cmake --build "$build" --target ascii_gen
  mkdir -p empty
  (cd empty && ../embedded --info >../embedded.info &&
    ../embedded --temp 0 --width 16 --height 8 --pad box >../embedded.txt) || fail "embed: it does not run"
  grep -q 'weights  *embedded' embedded.info || fail "embed: the weights are not inside"
  "$bin/ascii-gen" --model model/model_int8.safetensors --temp 0 --width 16 --height 8 --pad box >beside.txt
  cmp embedded.txt beside.txt || fail "embed: it draws something else"
  [ "$(stat -c %s embedded)" -lt 20000000 ] || fail "embed: the program has 20 MB or more"
  echo "embed: $(stat -c %s embedded) bytes, drawn from an empty folder"
}

for part in $parts; do
  case $part in
    data | train | infer | embed) $part ;;
    export) export_all ;;
    *) fail "$part is no part" ;;
  esac
done
echo "logs in $logs"
