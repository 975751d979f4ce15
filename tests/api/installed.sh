#!/usr/bin/env bash
# tests/api/installed.sh BUILD: installs the library into a new prefix, builds a C program against
# it by pkg-config and by find_package, runs that and a Python script with the source tree out of
# reach, and compares their pictures with yent-run's, byte for byte.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
build=$(readlink -f "$1")
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
prefix=$there/prefix

cmake --install "$build" --prefix "$prefix" >"$there/install.log"
cp "$root/tests/api/paint.c" "$root/tests/api/paint.py" "$there"
cp -r "$root/tests/golden/toy_painter" "$there/painter"
cd "$there"
mkdir programs
if command -v pkg-config >/dev/null; then
  PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name yent.pc)")
  export PKG_CONFIG_PATH
  # shellcheck disable=SC2046
  cc -std=c11 -Wall -Wextra -Werror paint.c -o programs/c $(pkg-config --cflags --libs yent)
else
  echo "skipped: a C program by pkg-config, which is not here"
fi
mkdir cmake
cat >cmake/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.22)
project(paint C)
find_package(yent REQUIRED)
add_executable(paint_static ../paint.c)
target_link_libraries(paint_static yent::static)
END
{ cmake -S cmake -B cmake/build -DCMAKE_PREFIX_PATH="$prefix" && cmake --build cmake/build; } >cmake.log ||
  { cat cmake.log; exit 1; }

cp cmake/build/paint_static "$prefix/bin"  # finds its data in the prefix
ln -s ../prefix/bin/paint_static programs/static
if command -v python3 >/dev/null; then
  printf '#!/bin/sh\nexec python3 paint.py libyent.so "$@"\n' >programs/python
  chmod +x programs/python
else
  echo "skipped: a Python script, without python3"
fi
LD_LIBRARY_PATH=$(dirname "$(find "$prefix" -name libyent.so)")
export LD_LIBRARY_PATH
cat >run.sh <<'END'
set -e
[ ! -e "$1" ] || [ -z "$(ls "$1")" ]  # the source tree is out of reach
# All but the texts in front: yent-run also keeps how it was called.
pixels() { tail -c "+$(grep -abo IDAT "$1" | head -n 1 | cut -d: -f1)" "$1"; }
prefix/bin/yent-run -q --raw -m painter -p "a cat" -s 7 -o yent-run.png
pixels yent-run.png >expected
[ -s expected ]
for program in programs/*; do
  $program painter "a cat" 7 made.png
  pixels made.png >made
  cmp expected made
  rm made.png
done
END
if unshare --mount true 2>/dev/null; then
  # shellcheck disable=SC2016
  unshare --mount sh -c 'mount -t tmpfs none "$1" && sh run.sh "$1"' sh "$root"
else
  echo "skipped: hiding the source tree (no right to mount)"
  sh run.sh /nonexistent
fi
