# shellcheck shell=bash disable=SC2034,SC2086
# Sourced by ./yent and ./check, with the root of the tree in $root: what a build needs, and
# the build. Everything it says goes to standard error.

# command or header, and the Debian package that has it
build_needs="c++:g++ cmake:cmake make:make fmt/format.h:libfmt-dev nlohmann/json.hpp:nlohmann-json3-dev
  CLI/CLI.hpp:libcli11-dev stb/stb_image.h:libstb-dev eigen3/Eigen/Dense:libeigen3-dev"
check_needs="doctest/doctest.h:doctest-dev benchmark/benchmark.h:libbenchmark-dev"
deps=$root/.deps

is_here() {
  case $1 in
    *.h* | */*) test -e "/usr/include/$1" || test -e "/usr/local/include/$1" || test -e "$deps/usr/include/$1" ;;
    make) command -v ninja || command -v make ;;
    *) command -v "$1" ;;
  esac >/dev/null
}

# install_missing NEED...: asks apt for the packages of what is not here, and only for those.
install_missing() {
  local need missing="" still=""
  for need; do
    is_here "${need%%:*}" || missing="$missing ${need##*:}"
  done
  [ -n "$missing" ] || return 0
  echo "missing Debian packages:$missing" >&2
  if command -v apt-get >/dev/null; then
    local become=""
    [ "$(id -u)" = 0 ] || become=sudo
    if [ -z "$become" ] || sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then
      echo "installing them" >&2
      # The first attempt fails where the lists of packages were never fetched.
      local install="$become env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends"
      $install $missing >&2 || { $become apt-get update -q >&2 && $install $missing >&2; }
    else
      echo "no right to install: unpacking them into .deps" >&2
      mkdir -p "$deps"
      (cd "$deps" && apt-get download -q $missing && for p in *.deb; do dpkg-deb -x "$p" .; done) >&2
    fi
  fi
  for need; do
    is_here "${need%%:*}" || still="$still ${need##*:}"
  done
  [ -z "$still" ] && return 0
  echo "these are still missing:$still" >&2
  echo "install them and call this again: apt-get install$still" >&2
  return 1
}

# build_release TARGET...: configures build/ as the preset `release` does and builds. A build
# folder that exists keeps its generator and its options.
build_release() {
  local generator=""
  if [ ! -e "$root/build/CMakeCache.txt" ] && command -v ninja >/dev/null; then
    generator="-G Ninja"
  fi
  [ ! -d "$deps/usr/include" ] || generator="$generator -DYENT_DEPS_DIR=$deps"
  mkdir -p "$root/build"
  cmake -S "$root" -B "$root/build" $generator >"$root/build/configure.log" 2>&1 || {
    cat "$root/build/configure.log" >&2
    return 1
  }
  cmake --build "$root/build" --parallel "$(nproc)" --target "$@" >&2
}
