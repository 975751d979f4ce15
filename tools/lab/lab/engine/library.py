"""The installed library, by ctypes. Structs follow include/yent/yent.h field by field."""

import ctypes as c
import json
import math
import time

import numpy as np

from lab.engine.base import Engine, Painted
from lab.errors import FileError, LabError, UsageError
from lab.identity import file_sha256

_TEXT, _I32, _U64, _F64, _PTR = c.c_char_p, c.c_int32, c.c_uint64, c.c_double, c.c_void_p


def _struct(name, fields):
    return type(name, (c.Structure,), {"_fields_": fields})


Image = _struct("Image", [("rgb", _PTR), ("width", _I32), ("height", _I32)])
Latent = _struct(
    "Latent", [("values", _PTR), ("channels", _I32), ("height", _I32), ("width", _I32)]
)
Picture = _struct(
    "Picture",
    [
        ("struct_size", c.c_size_t),
        ("index", _I32),
        ("seed", _U64),
        ("image", Image),
        ("first_latent", Latent),
        ("last_latent", Latent),
        ("infotext", _TEXT),
    ],
)
DeviceParams = _struct(
    "DeviceParams",
    [
        ("struct_size", c.c_size_t),
        ("device", _TEXT),
        ("isa", _TEXT),
        ("threads", _I32),
        ("max_gpus", _I32),
    ],
)
# Only the fields that are set here; the init function fills the rest.
_REST = ("rest", c.c_byte * 1024)
PainterParams = _struct(
    "PainterParams",
    [
        ("struct_size", c.c_size_t),
        ("model", _TEXT),
        ("precision", _TEXT),
        ("policy", _TEXT),
        ("policy_text", _TEXT),
        ("tokenizer", _TEXT),
        ("loras", _PTR),
        ("lora_count", c.c_size_t),
        ("keep_loaded", _I32),
        ("text_is_given", _I32),
        ("on_warning", _PTR),
        ("on_note", _PTR),
        ("user", _PTR),
        ("lora_dir", _TEXT),
        ("embeddings", _PTR),
        ("embedding_count", c.c_size_t),
        ("vae", _TEXT),
        ("variant", _TEXT),
        ("prediction", _TEXT),
        ("measure_layers", _I32),
        _REST,
    ],
)
SimilarityParams = _struct(
    "SimilarityParams",
    [
        ("struct_size", c.c_size_t),
        ("timestep", _I32),
        ("seed", _U64),
        ("second_seed", _U64),
        _REST,
    ],
)
PaintParams = _struct(
    "PaintParams",
    [
        ("struct_size", c.c_size_t),
        ("prompt", _TEXT),
        ("negative", _TEXT),
        ("width", _I32),
        ("height", _I32),
        ("steps", _I32),
        ("guidance", _F64),
        ("sampler", _TEXT),
        ("karras", _I32),
        ("rng", _TEXT),
        ("seed", _U64),
        ("count", _I32),
        ("picture", Image),
        ("strength", _F64),
        ("mask", Image),
        ("cond", _PTR),
        ("uncond", _PTR),
        ("tokens", _I32),
        ("embedding_width", _I32),
        ("first_latents", _PTR),
        ("dump_path", _TEXT),
        ("dump_layers", _TEXT),
        ("preview_every", _I32),
        ("preview_side", _I32),
        ("on_step", _PTR),
        ("on_preview", _PTR),
        ("on_picture", _PTR),
        ("user", _PTR),
        ("cancel", _PTR),
        ("grammar", _TEXT),
        ("clip_skip", _I32),
        ("noise_levels", _TEXT),
        _REST,
    ],
)


class Library(Engine):
    measures_inside = True

    def __init__(self, spec):
        try:
            self.c = c.CDLL(spec["path"])
        except OSError as error:
            raise FileError(f"{spec['path']}: the library cannot be loaded ({error})") from None
        self._declare()
        self.sha256 = file_sha256(spec["path"])
        self.version = self.c.yent_version().decode()
        params = DeviceParams()
        self.c.yent_device_params_init(c.byref(params), c.sizeof(params))
        params.device = spec.get("device", "cpu").encode()
        params.isa = spec["isa"].encode() if spec.get("isa") else None
        params.threads = spec.get("threads", 1)
        self._device = _PTR()
        self._check(self.c.yent_device_create(c.byref(params), c.byref(self._device)))
        self.device = self.c.yent_device_name(self._device).decode()
        self.isa = self.c.yent_device_isa(self._device).decode()
        self.samplers = list(self._names(self.c.yent_sampler_name))
        self.measures = list(self._names(self.c.yent_measure_name))

    def _declare(self):
        lib = self.c
        for name in ("version", "last_error", "device_name", "device_isa", "pictures_measured"):
            getattr(lib, f"yent_{name}").restype = _TEXT
        for name in ("sampler_name", "measure_name"):
            getattr(lib, f"yent_{name}").restype = _TEXT
            getattr(lib, f"yent_{name}").argtypes = [c.c_size_t]
        lib.yent_pictures_get.restype = c.POINTER(Picture)
        for name in ("device_params", "painter_params", "paint_params", "similarity_params"):
            getattr(lib, f"yent_{name}_init").argtypes = [_PTR, c.c_size_t]
            getattr(lib, f"yent_{name}_init").restype = None
        for name in ("device_name", "device_isa", "pictures_measured", "pictures_destroy"):
            getattr(lib, f"yent_{name}").argtypes = [_PTR]
        for name in ("painter_destroy", "device_destroy", "free"):
            getattr(lib, f"yent_{name}").argtypes = [_PTR]
            getattr(lib, f"yent_{name}").restype = None
        lib.yent_device_create.argtypes = [_PTR, _PTR]
        lib.yent_painter_create.argtypes = lib.yent_paint.argtypes = [_PTR, _PTR, _PTR]
        lib.yent_painter_explain.argtypes = [_PTR, _PTR]
        lib.yent_painter_similarity.argtypes = [_PTR, Latent, Latent, _PTR, _PTR]
        lib.yent_measure.argtypes = [Image, Image, Latent, Latent, _PTR]
        lib.yent_pictures_get.argtypes = [_PTR, c.c_size_t]
        lib.yent_encode_png.argtypes = [Image, _TEXT, _PTR, _PTR]

    @staticmethod
    def _names(function):
        index = 0
        while name := function(index):
            yield name.decode()
            index += 1

    def _check(self, status):
        if status:
            kind = {2: UsageError, 3: FileError}.get(status, LabError)
            raise kind(self.c.yent_last_error().decode())

    def measure(self, rgb, baseline=None, latent=None, baseline_latent=None):
        values = (_F64 * len(self.measures))()
        if latent is None or baseline_latent is None or latent.shape != baseline_latent.shape:
            latent = baseline_latent = None
        # What the structs point into lives until the call returns.
        pictures = [None if p is None else np.ascontiguousarray(p) for p in (rgb, baseline)]
        latents = [None if l is None else np.ascontiguousarray(l, np.float32) for l in (latent, baseline_latent)]
        self._check(
            self.c.yent_measure(*map(_image, pictures), *map(_latent, latents), c.byref(values))
        )
        return {n: v if math.isfinite(v) else None for n, v in zip(self.measures, values)}

    def painter(self, model, policy_text, latents=True, measures=False):
        return _Painter(self, model, policy_text, measures)


class _Painter:
    """Networks of one model under one policy; they stay loaded."""

    def __init__(self, library, model, policy_text, measures):
        self._library = library
        params = PainterParams()
        library.c.yent_painter_params_init(c.byref(params), c.sizeof(params))
        params.model, params.policy_text = str(model).encode(), policy_text.encode()
        params.keep_loaded, params.measure_layers = 1, measures
        self._handle = _PTR()
        library._check(
            library.c.yent_painter_create(library._device, c.byref(params), c.byref(self._handle))
        )

    def close(self):
        self._library.c.yent_painter_destroy(self._handle)
        self._handle = _PTR()

    def explain(self):
        text = _PTR()
        self._library._check(
            self._library.c.yent_painter_explain(self._handle, c.byref(text))
        )
        lines = c.cast(text, _TEXT).value.decode()
        self._library.c.yent_free(text)
        return lines

    def paint(self, request):
        lib, params = self._library.c, PaintParams()
        lib.yent_paint_params_init(c.byref(params), c.sizeof(params))
        params.prompt, params.negative = request.prompt.encode(), request.negative.encode()
        params.width, params.height, params.steps = request.width, request.height, request.steps
        params.guidance, params.seed = request.guidance, request.seed
        params.sampler = request.sampler.encode() or None
        params.noise_levels = request.noise_levels.encode() or None
        pictures = _PTR()
        begin = time.perf_counter()
        self._library._check(lib.yent_paint(self._handle, c.byref(params), c.byref(pictures)))
        try:
            picture = lib.yent_pictures_get(pictures, 0).contents
            png = self._png(picture)
            engine_ms = (time.perf_counter() - begin) * 1e3
            measured = json.loads(lib.yent_pictures_measured(pictures))
            return Painted(
                rgb=_array(picture.image.rgb, c.c_uint8, _shape(picture.image)),
                png=png,
                latent=_array(
                    picture.last_latent.values,
                    c.c_float,
                    (
                        picture.last_latent.channels,
                        picture.last_latent.height,
                        picture.last_latent.width,
                    ),
                ),
                engine_ms=engine_ms,
                timings=measured.get("timings_ms", {}),
                layers=measured.get("layers", []),
            )
        finally:
            lib.yent_pictures_destroy(pictures)

    def similarity(self, first, second, timestep, seed=0, second_seed=0):
        """DiffSim of two final latents [channels, height, width] f32."""
        params, score = SimilarityParams(), _F64()
        self._library.c.yent_similarity_params_init(c.byref(params), c.sizeof(params))
        params.timestep, params.seed, params.second_seed = timestep, seed, second_seed
        self._library._check(
            self._library.c.yent_painter_similarity(
                self._handle, _latent(first), _latent(second), c.byref(params), c.byref(score)
            )
        )
        return score.value

    def _png(self, picture):
        data, size = c.POINTER(c.c_uint8)(), c.c_size_t()
        self._library._check(
            self._library.c.yent_encode_png(
                picture.image, picture.infotext, c.byref(data), c.byref(size)
            )
        )
        png = c.string_at(data, size.value)
        self._library.c.yent_free(data)
        return png


def _shape(image):
    return image.height, image.width, 3


def _image(rgb):
    return Image() if rgb is None else Image(rgb.ctypes.data, rgb.shape[1], rgb.shape[0])


def _latent(values):
    if values is None:
        return Latent()
    assert values.dtype == np.float32 and values.flags.c_contiguous
    return Latent(values.ctypes.data, *values.shape)


def _array(address, kind, shape):
    count = int(np.prod(shape))
    values = np.ctypeslib.as_array(c.cast(address, c.POINTER(kind)), (count,))
    return values.reshape(shape).copy()
