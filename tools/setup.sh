# shellcheck shell=bash disable=SC2034,SC2086,SC2154
# Sourced by ./yent and ./check, with the root of the tree in $root: what a build needs, and
# the build. Everything it says goes to standard error.

# command or header, and the Debian package that has it; a ? behind it: the build does without
build_needs="c++:g++ cmake:cmake make:make fmt/format.h:libfmt-dev nlohmann/json.hpp:nlohmann-json3-dev
  CLI/CLI.hpp:libcli11-dev stb/stb_image.h:libstb-dev eigen3/Eigen/Dense:libeigen3-dev histedit.h:libedit-dev?"
server_needs="boost/beast.hpp:libboost-dev prometheus/registry.h:prometheus-cpp-dev sqlite3.h:libsqlite3-dev"
check_needs="doctest/doctest.h:doctest-dev benchmark/benchmark.h:libbenchmark-dev asciinema:asciinema
  $server_needs"
package_needs="dpkg-shlibdeps:dpkg-dev"
deps=$root/.deps

is_here() {
  case $1 in
    *.h* | */*) test -e "/usr/include/$1" || test -e "/usr/local/include/$1" || test -e "$deps/usr/include/$1" ;;
    make) command -v ninja || command -v make ;;
    *) command -v "$1" ;;
  esac >/dev/null
}

package_of() {
  local package=${1##*:}
  echo "${package%\?}"
}

# install_missing NEED...: asks apt for the packages of what is not here, and only for those.
install_missing() {
  local need missing="" still=""
  for need; do
    is_here "${need%%:*}" || missing="$missing $(package_of "$need")"
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
      $install $missing >&2 || { $become apt-get update -q >&2 && $install $missing >&2; } || true
    else
      echo "no right to install: unpacking them into .deps" >&2
      mkdir -p "$deps"
      (cd "$deps" && apt-get download -q $missing && for p in *.deb; do dpkg-deb -x "$p" .; done) >&2
    fi
  fi
  for need; do
    [[ $need == *\? ]] || is_here "${need%%:*}" || still="$still $(package_of "$need")"
  done
  [ -z "$still" ] && return 0
  echo "these are still missing:$still" >&2
  echo "install them and call this again: apt-get install$still" >&2
  return 1
}

has_gpu() { [ -e /dev/nvidiactl ] || [ -e /dev/dxg ]; }

# build_release TARGET...: builds in build/ as the preset `release` does. CUDA takes a minute: a new
# folder has it where there is a GPU, and with_cuda=true adds it wherever there is nvcc.
build_release() {
  local options="" cache=$root/build/CMakeCache.txt
  if [ ! -e "$cache" ]; then
    has_gpu || ${with_cuda:-false} || options=-DYENT_CUDA=OFF
  elif ${with_cuda:-false} && grep -q '^YENT_CUDA:[A-Z]*=OFF' "$cache"; then
    options=-DYENT_CUDA=AUTO
  fi
  build_in "$root/build" "$options" "$@"
}

# build_in FOLDER OPTIONS TARGET...: configures and builds. A folder that exists keeps its generator
# and the options that OPTIONS does not name.
build_in() {
  local folder=$1 options=$2
  shift 2
  if [ ! -e "$folder/CMakeCache.txt" ] && command -v ninja >/dev/null; then
    options="-G Ninja $options"
  fi
  [ ! -d "$deps/usr/include" ] || options="$options -DYENT_DEPS_DIR=$deps"
  mkdir -p "$folder"
  build_log=$folder/build.log
  : >"$build_log"
  trap 'printf "\nstopped; the next call goes on from here\n" >&2; exit 130' INT
  {
    cmake -S "$root" -B "$folder" $options &&
      cmake --build "$folder" --parallel "$(nproc)" --target "$@"
  } 2>&1 | show_progress "$*"
  local status=${PIPESTATUS[0]}
  trap - INT
  [ "$status" -eq 0 ] && return 0
  tail -n 25 "$build_log" >&2
  echo "the build failed; all of it is in $build_log" >&2
  return 1
}

# show_progress NAME: keeps in the log what a build prints, and says how far it is: in one line of a
# terminal, elsewhere in a line every ten seconds. Ninja counts "[12/80]", make "[ 15%]".
show_progress() {
  local line said=$SECONDS started=$SECONDS step steps text
  local ninja='^\[([0-9]+)/([0-9]+)\]' make='^\[ *([0-9]+)(%)\]'
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$build_log"
    [[ $line =~ $ninja || $line =~ $make ]] || continue
    step=${BASH_REMATCH[1]} steps=${BASH_REMATCH[2]/\%/100}
    [ "$step" -gt 0 ] || continue
    text="building $1: $step of $steps, about $(((SECONDS - started) * (steps - step) / step)) s left"
    if [ -t 2 ]; then
      printf '\r\033[K%.*s' "$((${COLUMNS:-80} - 1))" "$text" >&2
    elif [ $((SECONDS - said)) -ge 10 ]; then
      echo "$text" >&2
      said=$SECONDS
    fi
  done
  [ ! -t 2 ] || printf '\r\033[K' >&2
}
