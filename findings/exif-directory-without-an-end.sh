#!/usr/bin/env bash
# piexif leaves the last four bytes of an Exif directory out.
#
# Expected: a TIFF directory is a count, its entries of 12 bytes, and the offset of the next directory
# (4 bytes, 0 for none). Pillow writes the Exif directory so.
# Happens: piexif.dump() writes the offset after the main directory, but not after the Exif directory.
# The values follow the entries at once. Who reads an offset there reads the first bytes of a value,
# such as "UNIC" of a UserComment.
# Versions: piexif 1.1.3 (pillow 13.0.0 to compare).
# Why it matters: most programs that put generation settings into JPEG files use piexif. A reader that
# follows the chain of directories, or checks that the offset is 0, must not do so here.
# yent: reads the orientation in the main directory, and never follows the offset.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet piexif==1.1.3 pillow==13.0.0
cd "$work"
venv/bin/python - <<'PY'
import struct
from importlib.metadata import version

import piexif
from PIL import Image

print(*(f"{p} {version(p)}" for p in ("piexif", "pillow")), sep=", ")
COMMENT = b"UNICODE\0" + "Steps: 20".encode("utf-16-be")


def directory(tiff, at):
    count = struct.unpack_from(">H", tiff, at)[0]
    entries = [struct.unpack_from(">HHII", tiff, at + 2 + 12 * i) for i in range(count)]
    return {tag: value for tag, _, _, value in entries}, at + 2 + 12 * count


def show(title, exif):
    tiff = exif[6:]  # after "Exif\0\0"
    main, main_end = directory(tiff, struct.unpack_from(">I", tiff, 4)[0])
    sub, end = directory(tiff, main[0x8769])
    print(f"{title}: main directory, then {tiff[main_end:main_end + 4]}; "
          f"Exif directory ends at {end}, then {tiff[end:end + 4]}; its value is at {sub[0x9286]}")
    return sub[0x9286] - end


by_piexif = piexif.dump({"0th": {piexif.ImageIFD.Orientation: 6},
                         "Exif": {piexif.ExifIFD.UserComment: COMMENT}})
pillow = Image.Exif()
pillow.endian = ">"
pillow[0x112] = 6
pillow.get_ifd(0x8769)[0x9286] = COMMENT
room = [show("piexif", by_piexif), show("pillow", pillow.tobytes())]
if room[0] != 0 or room[1] < 4:
    raise SystemExit("changed: the directory ends otherwise")
PY
