#!/usr/bin/env python3
"""peer_openvino.py FOLDER PRECISION CACHE [--prepare]: OpenVINO on the CPU.

PRECISION is f32, bf16 or int8 (NNCF's post-training quantization, what stays float in bf16 where
the CPU has it). --prepare writes the models into CACHE and measures nothing.
ONEDNN_MAX_CPU_ISA caps the instruction set.
"""
import os

import openvino
import openvino.properties.hint as hint

from common import THREADS, best_ms, inputs, main, module, report

STAGES = ("unet_step", "vae_decode")
# A small latent for tracing and calibration does not change the times: shapes are set later.
SMALL, SAMPLES = 16, 4


def convert(folder, stage, path):
    import torch

    with torch.inference_mode():
        model = openvino.convert_model(module(folder, stage),
                                       example_input=inputs(stage, side=SMALL))
    openvino.save_model(model, path, compress_to_fp16=False)


def quantize(source, stage, path):
    import nncf

    data = nncf.Dataset([[x.numpy() for x in inputs(stage, seed, SMALL)]
                         for seed in range(SAMPLES)])
    # Bias correction changes values, not time, and takes minutes.
    quick = nncf.AdvancedQuantizationParameters(disable_bias_correction=True)
    kind = nncf.ModelType.TRANSFORMER if stage == "unet_step" else None
    model = nncf.quantize(openvino.Core().read_model(source), data, subset_size=SAMPLES,
                          model_type=kind, advanced_parameters=quick)
    openvino.save_model(model, path)


def prepare(folder, precision, cache):
    cache.mkdir(parents=True, exist_ok=True)
    for stage in STAGES:
        plain, int8 = cache / f"{stage}.xml", cache / f"{stage}.int8.xml"
        if not plain.exists():
            convert(folder, stage, plain)
        if precision == "int8" and not int8.exists():
            quantize(plain, stage, int8)


def measure(precision, cache):
    core = openvino.Core()
    # With a cap below AVX512-BF16, the layers that are not quantized run in f32.
    capped = "ONEDNN_MAX_CPU_ISA" in os.environ
    kind = openvino.Type.f32 if precision == "f32" or capped else openvino.Type.bf16
    for stage in STAGES:
        path = cache / (f"{stage}.int8.xml" if precision == "int8" else f"{stage}.xml")
        model = core.read_model(path)
        given = [x.numpy() for x in inputs(stage)]
        model.reshape({port: list(x.shape) for port, x in zip(model.inputs, given)})
        model = core.compile_model(model, "CPU", {
            "INFERENCE_NUM_THREADS": THREADS, "NUM_STREAMS": 1,
            hint.inference_precision(): kind,
            hint.performance_mode(): hint.PerformanceMode.LATENCY})
        request = model.create_infer_request()
        for port, x in zip(model.inputs, given):
            request.set_tensor(port, openvino.Tensor(x))
        report(stage, ms=best_ms(request.infer), version=openvino.__version__.split("-")[0])


if __name__ == "__main__":
    main(prepare, measure)
