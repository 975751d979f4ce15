#!/usr/bin/env python3
"""peer_torch.py FOLDER PRECISION: PyTorch, eager, on diffusers' modules. PRECISION: f32 or bf16."""
import sys

import torch

from common import THREADS, best_ms, inputs, module, report


@torch.inference_mode()
def main():
    folder, precision = sys.argv[1:3]
    torch.set_num_threads(THREADS)
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
    for stage in ("unet_step", "vae_decode"):
        model = module(folder, stage).to(dtype).to(memory_format=torch.channels_last)
        given = [x.to(dtype) for x in inputs(stage)]
        given[0] = given[0].to(memory_format=torch.channels_last)
        report(stage, ms=best_ms(lambda: model(*given)), version=torch.__version__)
        del model


if __name__ == "__main__":
    main()
