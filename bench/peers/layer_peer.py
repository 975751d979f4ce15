#!/usr/bin/env python3
"""One 3x3 convolution of stride 1 in ncnn or PyTorch, timed: layer_peer.py PEER ROW THREADS, where
ROW is a row of `bench_kernels`. Prints JSON: the best of some calls, in ms, and the version."""
import json
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CALLS = 5


def best(call):
    times = []
    for _ in range(CALLS):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return 1000 * min(times)


def ncnn_net(ncnn, width, height, inputs, outputs, int8):
    """A network of one convolution with random weights. int8 uses 6 bits of a weight: its products
    are summed in numbers that more would overflow."""
    count = outputs * inputs * 9
    with tempfile.TemporaryDirectory() as folder:
        param, weights = str(Path(folder) / "net.param"), str(Path(folder) / "net.bin")
        Path(param).write_text(
            f"7767517\n2 2\nInput in 0 1 in 0={width} 1={height} 2={inputs}\n"
            f"Convolution conv 1 1 in out 0={outputs} 1=3 4=1 6={count}{' 8=2' if int8 else ''}\n")
        values = np.random.default_rng(7).standard_normal(count).astype(np.float32)
        with open(weights, "wb") as f:
            if int8:
                f.write(np.uint32(0x000D4B38).tobytes())
                f.write(np.clip(np.round(values * 8), -31, 31).astype(np.int8).tobytes())
                f.write(bytes(-count % 4))
                f.write(np.full(outputs, 8, np.float32).tobytes())
                f.write(np.array([30], np.float32).tobytes())
            else:
                f.write(np.uint32(0).tobytes() + values.tobytes())
        net = ncnn.Net()
        net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
        net.load_param(param)
        net.load_model(weights)
    return net


def run_ncnn(shape, threads, int8):
    import ncnn
    ncnn.set_omp_num_threads(threads)
    images, height, width, inputs, outputs = shape
    net = ncnn_net(ncnn, width, height, inputs, outputs, int8)
    image = ncnn.Mat(np.random.default_rng(8).standard_normal((inputs, height, width))
                     .astype(np.float32))

    def call():
        extractor = net.create_extractor()
        extractor.input("in", image)
        failed, _ = extractor.extract("out")
        assert not failed
    return images * best(call), ncnn.__version__  # it takes one image at a time


def run_torch(shape, threads):
    import torch
    torch.set_num_threads(threads)
    images, height, width, inputs, outputs = shape
    x = torch.randn(images, inputs, height, width).to(memory_format=torch.channels_last)
    w = torch.randn(outputs, inputs, 3, 3).to(memory_format=torch.channels_last)
    with torch.no_grad():
        return best(lambda: torch.nn.functional.conv2d(x, w, padding=1)), torch.__version__


def main():
    peer, row, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    shape = [int(n) for n in re.findall(r"\d+", row.split("/")[2])]
    if peer == "torch_f32":
        ms, version = run_torch(shape, threads)
    else:
        ms, version = run_ncnn(shape, threads, peer == "ncnn_int8")
    print(json.dumps({"ms": ms, "version": version}))


if __name__ == "__main__":
    main()
