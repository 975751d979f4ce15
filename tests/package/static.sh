#!/usr/bin/env bash
# tests/package/static.sh PROGRAM: makes the static program, runs it in a folder that is the whole
# file system it sees, and compares what it says and paints there with PROGRAM, byte for byte. Ends
# with 77 where this machine cannot do that.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
if [ "$(id -u)" != 0 ]; then
  echo "skipped: only root can change the root folder"
  exit 77
fi
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT

tools/package static
cp build-package/bin/yent-run-static "$there"
paint=(-q --raw -s 1 -W 64 -H 64 --steps 2 -o)
chroot "$there" /yent-run-static "${paint[@]}" /answer.png "who are you"
"$1" "${paint[@]}" - "who are you" | cmp - "$there/answer.png"
