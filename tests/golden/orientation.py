"""Writes orientation.json: tiny pictures that say in EXIF or XMP how they are to be turned, and their
pixels as Pillow's ImageOps.exif_transpose turns them. Written with Pillow 13.0.0:
python tests/golden/orientation.py
"""

import io
import json
import struct
import zlib
from pathlib import Path

from PIL import Image, ImageOps

ORIENTATION = 0x112


def tiff(entries, order):
    """A TIFF of one directory; entries are (tag, type, count, four bytes of value)."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    body = struct.pack(order + "LH", 8, len(entries))
    for tag, kind, count, value in entries:
        body += struct.pack(order + "HHL", tag, kind, count) + value
    return head + body + bytes(4)


def short(value, order):
    return ORIENTATION, 3, 1, struct.pack(order + "HH", value, 0)


def app1(data):
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data


def chunk(kind, data):
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def stored():
    image = Image.new("L", (3, 2))
    image.putdata([10, 90, 250, 200, 40, 130])
    return image


def jpeg(*segments):
    out = io.BytesIO()
    stored().save(out, "JPEG", quality=100, optimize=True)
    return out.getvalue()[:2] + b"".join(segments) + out.getvalue()[2:]


def png(*chunks, behind=b""):
    out = io.BytesIO()
    stored().save(out, "PNG")
    data = out.getvalue()
    return data[:33] + b"".join(chunks) + data[33:-12] + behind + data[-12:]


def raw_profile(exif):
    return f"\nexif\n{len(exif):8}\n{exif.hex()}\n".encode()


def pictures():
    for order, name in (("<", "little"), (">", "big")):
        for value in range(10):
            exif = tiff([(0x10F, 2, 4, b"cam\0"), short(value, order)], order)
            yield f"JPEG, EXIF {value}, {name} endian", jpeg(app1(b"Exif\0\0" + exif))
            yield f"PNG, EXIF {value}, {name} endian", png(chunk(b"eXIf", exif))
    six = tiff([short(6, "<")], "<")
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'
    element = b"<tiff:Orientation>5</tiff:Orientation>"
    space = b"http://ns.adobe.com/xap/1.0/\0"
    key = b"XML:com.adobe.xmp\0"
    yield "JPEG, a long number", jpeg(app1(b"Exif\0\0" + tiff(
        [(ORIENTATION, 4, 1, struct.pack(">L", 3))], ">")))
    yield "JPEG, the first of two", jpeg(app1(b"Exif\0\0" + tiff([short(6, "<"), short(3, "<")], "<")))
    yield "JPEG, two values", jpeg(app1(b"Exif\0\0" + tiff(
        [(ORIENTATION, 3, 2, struct.pack("<HH", 6, 6))], "<")))
    yield "JPEG, EXIF in two segments", jpeg(app1(b"Exif\0\0" + six[:15]), app1(b"Exif\0\0" + six[15:]))
    yield "JPEG, XMP", jpeg(app1(space + xmp))
    yield "JPEG, XMP element", jpeg(app1(space + element))
    yield "JPEG, EXIF before XMP", jpeg(app1(space + xmp), app1(b"Exif\0\0" + six))
    yield "JPEG, EXIF that says nothing, XMP", jpeg(
        app1(b"Exif\0\0" + tiff([(0x10F, 2, 4, b"cam\0")], "<")), app1(space + xmp))
    yield "PNG, EXIF with JPEG's prefix", png(chunk(b"eXIf", b"Exif\0\0" + six))
    yield "PNG, EXIF behind the pixels", png(behind=chunk(b"eXIf", six))
    yield "PNG, XMP", png(chunk(b"iTXt", key + bytes(4) + xmp))
    yield "PNG, compressed XMP", png(chunk(b"iTXt", key + b"\1\0\0\0" + zlib.compress(xmp)))
    raw = b"Raw profile type exif\0"
    yield "PNG, raw profile", png(chunk(b"tEXt", raw + raw_profile(six)))
    yield "PNG, compressed raw profile", png(
        chunk(b"zTXt", raw + b"\0" + zlib.compress(raw_profile(b"Exif\0\0" + six))))


def main():
    cases = []
    for name, data in pictures():
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        cases.append({"name": name, "file": data.hex(), "width": image.width, "height": image.height,
                      "grey": list(image.tobytes())})
    path = Path(__file__).with_name("orientation.json")
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    print(f"{path}: {len(cases)} pictures, {path.stat().st_size} bytes")


main()
