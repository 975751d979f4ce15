#!/usr/bin/env bash
# tests/bench/checkpoint.sh BIN: SD 1.5 as one torch file of 2.1 GB loads in no more memory than the
# file's size and 300 MB, and paints 512x512 in int8 on a machine of 4 GB. Says how long loading takes
# beside reading the file, which is in memory by then. Ends with 77 where there is no room for it.
set -euo pipefail
bin=$(readlink -f "$1")
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
if [ "$(df --output=avail -m "$there" | tail -n 1)" -lt 3000 ]; then
  echo "skipped: no 3 GB of disk"
  exit 77
fi

"$bin/bench" --synthesize sd15-ckpt "$there"
file=$there/sd15.ckpt
limit=$((($(stat -c %s "$file") + 300000000) / 1000000))
# bench.json has one field a line: field NAME FIELD.
field() { sed -n "/\"name\": \"$1\"/,/}/s/.*\"$2\": *\([0-9]*\).*/\1/p" "$there/bench.json" | head -n 1; }
measure() {
  "$bin/bench" --device cpu --model "$file" --precision int8 --steps 1 "$@" \
    --json "$there/bench.json" >/dev/null
  memory=$(field total max_rss_mb)
}
measure -W 64 -H 64
read=$( { TIMEFORMAT=%3R; time cat "$file" >/dev/null; } 2>&1 | tr -d .)
load=$(field load real_time)
echo "int8 loads in $load ms, $((100 * load / 10#$read)) % of reading the file;" \
  "at most $memory MB, allowed $limit"
[ "$memory" -le "$limit" ]
measure
echo "int8, 512x512: at most $memory MB"
[ "$memory" -le 3500 ]
