#!/usr/bin/env python3
"""peer_onnxruntime.py FOLDER PRECISION CACHE [--prepare]: ONNX Runtime on the CPU, UNet only.

PRECISION is f32 or int8 (dynamic quantization of products and convolutions).
"""
import onnxruntime

from common import THREADS, best_ms, inputs, main, module, report

STAGE, NAMES = "unet_step", ("x", "t", "text")


def prepare(folder, precision, cache):
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain, int8 = cache / "onnx" / "unet.onnx", cache / "onnx" / "unet.int8.onnx"
    plain.parent.mkdir(parents=True, exist_ok=True)
    if not plain.exists():
        with torch.inference_mode():
            torch.onnx.export(module(folder, STAGE), inputs(STAGE), str(plain), dynamo=False,
                              opset_version=17, input_names=list(NAMES), output_names=["eps"])
    if precision == "int8" and not int8.exists():
        # Unsigned weights: the runtime has no convolution of signed ones.
        quantize_dynamic(plain, int8, weight_type=QuantType.QUInt8)


def measure(precision, cache):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    path = cache / "onnx" / ("unet.int8.onnx" if precision == "int8" else "unet.onnx")
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    given = {name: x.numpy() for name, x in zip(NAMES, inputs(STAGE))}
    report(STAGE, ms=best_ms(lambda: session.run(None, given)), version=onnxruntime.__version__)


if __name__ == "__main__":
    main(prepare, measure)
