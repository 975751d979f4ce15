#!/usr/bin/env bash
# tests/lab/run.sh PYTHON: the tests of the laboratory. Ends with 77 where its packages are not here.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
python=${1:-python3}
for package in numpy PIL pyarrow scipy safetensors distributed pytest; do
  if ! "$python" -c "import $package" 2>/dev/null; then
    echo "skipped: no $package for $python; pip install -e 'tools/lab[report,test]'"
    exit 77
  fi
done
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
"$python" -m pytest -q -rs -p no:cacheprovider . >"$log" 2>&1 || status=$?
# "SKIPPED [1] test_report.py:99: no chromium and chromedriver"
sed -n 's/^SKIPPED \[[0-9]*\] \([^:]*\)[^ ]*: \(.*\)/skipped: \1: \2/p' "$log"
[ $status -eq 0 ] || cat "$log"
exit $status
