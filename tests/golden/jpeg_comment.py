"""Prints the hexadecimal EXIF of tests/loaders/test_exif.cpp: a UserComment as AUTOMATIC1111 writes it
into a JPEG. Written with piexif 1.1.3: python tests/golden/jpeg_comment.py
"""

import piexif
import piexif.helper

comment = piexif.helper.UserComment.dump("a caf\u00e9 \U0001f408\nSteps: 1", encoding="unicode")
print(piexif.dump({"Exif": {piexif.ExifIFD.UserComment: comment}}).hex())
