#!/usr/bin/env bash
# tests/package/deb.sh PROGRAM: makes the Debian package, installs it in a new and minimal Debian
# of this release, and compares what it paints there with PROGRAM's picture, byte for byte. Ends
# with 77 where this machine cannot do that.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

skip() {
  echo "skipped: $1"
  exit 77
}
[ "$(id -u)" = 0 ] || skip "only root can make another Debian"
command -v debootstrap >/dev/null || skip "no debootstrap"
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${ID-} ${VERSION_CODENAME-}")
[ "${release% *}" = debian ] || skip "this is not Debian"
release=${release#* }
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
  awk -v release="$release" '$2 == release {print $1; exit}')
[ -n "$mirror" ] || skip "apt has no mirror of $release"

there=$(mktemp -d)
trap 'umount -q "$there/proc" "$there/sys" || true; rm -rf --one-file-system "$there"' EXIT
debootstrap --variant=minbase "$release" "$there" "$mirror" >"$there.log" 2>&1 || {
  tail -n 3 "$there.log"
  rm -f "$there.log"
  skip "$mirror does not answer"
}
rm -f "$there.log"

tools/package deb
cp build-package/*.deb "$there/tmp/yent.deb"
chroot "$there" apt-get install -y -q --no-install-recommends /tmp/yent.deb
paint=(-q --raw -p cat -s 1 -W 64 -H 64 --steps 2 -o)
chroot "$there" yent-run --version
chroot "$there" yent-run "${paint[@]}" /tmp/cat.png
"$1" "${paint[@]}" - | cmp - "$there/tmp/cat.png"

# The server's unit: correct, and as closed as its hardening says (2 of 10 is "OK").
unit=$there/tmp/yent-server.service
sed "s#^ExecStart=/#ExecStart=$there/#" "$there/lib/systemd/system/yent-server.service" >"$unit"
if command -v systemd-analyze >/dev/null; then
  systemd-analyze verify --man=no "$unit"
  systemd-analyze security --offline=true --threshold=20 "$unit" >/dev/null
fi
