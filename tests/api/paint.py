"""paint.py LIBYENT.so MODEL PROMPT SEED OUT.png: a picture by ctypes and the installed library."""
import ctypes as c
import sys

yent = c.CDLL(sys.argv[1])
yent.yent_last_error.restype = c.c_char_p
yent.yent_pictures_get.restype = c.c_void_p


class Picture(c.Structure):  # yent_picture; an image is rgb, width, height
    _fields_ = [("struct_size", c.c_size_t), ("index", c.c_int32), ("seed", c.c_uint64),
                ("rgb", c.c_void_p), ("width", c.c_int32), ("height", c.c_int32),
                ("latents", c.c_byte * 48), ("infotext", c.c_char_p)]


class Image(c.Structure):
    _fields_ = [("rgb", c.c_void_p), ("width", c.c_int32), ("height", c.c_int32)]


def check(status):
    if status:
        sys.exit(f"paint.py: {yent.yent_last_error().decode()}")


def params(init, fields):  # the first fields of a parameter struct, by name and type
    class Params(c.Structure):
        _fields_ = [("struct_size", c.c_size_t), *fields, ("rest", c.c_byte * 4096)]
    made = Params()
    init(c.byref(made), c.c_size_t(c.sizeof(made)))
    return made


device, painter, pictures = c.c_void_p(), c.c_void_p(), c.c_void_p()
model = params(yent.yent_painter_params_init, [("model", c.c_char_p)])
model.model = sys.argv[2].encode()
request = params(yent.yent_paint_params_init, [
    ("prompt", c.c_char_p), ("negative", c.c_char_p), ("width", c.c_int32), ("height", c.c_int32),
    ("steps", c.c_int32), ("guidance", c.c_double), ("sampler", c.c_char_p),
    ("karras", c.c_int32), ("rng", c.c_char_p), ("seed", c.c_uint64)])
request.prompt, request.seed = sys.argv[3].encode(), int(sys.argv[4])
check(yent.yent_device_create(None, c.byref(device)))
check(yent.yent_painter_create(device, c.byref(model), c.byref(painter)))
check(yent.yent_paint(painter, c.byref(request), c.byref(pictures)))
picture = Picture.from_address(yent.yent_pictures_get(pictures, 0))
png, size = c.POINTER(c.c_ubyte)(), c.c_size_t()
yent.yent_encode_png.argtypes = [Image, c.c_char_p, c.c_void_p, c.c_void_p]
check(yent.yent_encode_png(Image(picture.rgb, picture.width, picture.height), picture.infotext,
                           c.byref(png), c.byref(size)))
with open(sys.argv[5], "wb") as out:
    out.write(bytes(png[:size.value]))
yent.yent_free(png)
for destroy, handle in ((yent.yent_pictures_destroy, pictures), (yent.yent_painter_destroy, painter),
                        (yent.yent_device_destroy, device)):
    destroy(handle)
