"""Writes f8.safetensors for tests/loaders/test_scaled_f8.cpp: every 8-bit float beside its value
in f32 as torch converts it, and two layers with scales, under ComfyUI's older and newer names,
beside the product that ComfyUI computes without 8-bit matrix units: weight.to(f32) * scale.
Usage: python f8.py OUT    Written by torch 2.15.0 and safetensors 0.8.0."""

import json
import sys

import torch
from safetensors.torch import save_file

every = torch.arange(256, dtype=torch.uint8)
tensors = {}
for name, dtype in ("e4m3", torch.float8_e4m3fn), ("e5m2", torch.float8_e5m2):
    tensors[name] = every.clone().view(dtype)
    tensors[name + ".f32"] = tensors[name].to(torch.float32)

torch.manual_seed(1)
weight = torch.randn(4, 6)
for layer, dtype, old in ("a.old", torch.float8_e4m3fn, True), ("b.new", torch.float8_e5m2, False):
    scale = weight.abs().max() / torch.finfo(dtype).max
    tensors[layer + ".weight"] = (weight / scale).to(dtype)
    tensors[layer + (".scale_weight" if old else ".weight_scale")] = scale.reshape([1] if old else [])
    tensors[layer + (".scale_input" if old else ".input_scale")] = torch.tensor(1.0)
    tensors[layer + ".expected"] = tensors[layer + ".weight"].to(torch.float32) * scale
note = json.dumps({"format": "float8_e5m2"}).encode()
tensors["b.new.comfy_quant"] = torch.tensor(list(note), dtype=torch.uint8)
tensors["scaled_fp8"] = torch.zeros(0, dtype=torch.float8_e4m3fn)
save_file(tensors, sys.argv[1])
