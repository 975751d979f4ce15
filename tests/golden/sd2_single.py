"""Writes sd2_single.safetensors for tests/loaders/test_single_file.cpp and
tests/engine/test_models_toy.cpp: a small file in the layout of SD 2.x. Its text encoder is a tower as
open_clip builds it (torch.nn.MultiheadAttention, so that the projections are fused), of which all
blocks but the last are used; "expected." has the weights as diffusers' converter names and cuts them,
"output" what torch computes. Its UNet has only the tensors that tell its shape.
Usage: python sd2_single.py OUT    Written by torch 2.15.0, diffusers 0.42.1, safetensors 0.8.0."""

import sys
import types

import torch
from diffusers.loaders.single_file_utils import convert_open_clip_checkpoint
from safetensors.torch import save_file

WIDTH, BLOCKS, TOKENS, LENGTH = 24, 3, 40, 12
torch.manual_seed(0)


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = torch.nn.LayerNorm(WIDTH), torch.nn.LayerNorm(WIDTH)
        self.attn = torch.nn.MultiheadAttention(WIDTH, max(WIDTH // 64, 1), batch_first=True)
        self.mlp = torch.nn.ModuleDict({"c_fc": torch.nn.Linear(WIDTH, WIDTH),
                                        "c_proj": torch.nn.Linear(WIDTH, WIDTH)})

    def forward(self, x):
        mask = torch.full((LENGTH, LENGTH), float("-inf")).triu(1)
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=mask)[0]
        return x + self.mlp["c_proj"](torch.nn.functional.gelu(self.mlp["c_fc"](self.ln_2(x))))


class Tower(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.token_embedding = torch.nn.Embedding(TOKENS, WIDTH)
        self.positional_embedding = torch.nn.Parameter(torch.randn(LENGTH, WIDTH))
        self.transformer = torch.nn.ModuleDict(
            {"resblocks": torch.nn.ModuleList(Block() for _ in range(BLOCKS))})
        self.ln_final = torch.nn.LayerNorm(WIDTH)
        self.text_projection = torch.nn.Parameter(torch.randn(WIDTH, WIDTH))
        self.logit_scale = torch.nn.Parameter(torch.tensor(4.6))

    def forward(self, tokens):
        x = self.token_embedding(tokens) + self.positional_embedding
        for block in self.transformer["resblocks"][:-1]:
            x = block(x)
        return self.ln_final(x)


tower = Tower()
for parameter in tower.parameters():
    parameter.data = (parameter.data + 0.1 * torch.randn_like(parameter)).half().float()
tokens = torch.randint(0, TOKENS, (1, LENGTH))
with torch.no_grad():
    output = tower(tokens)[0]

prefix = "cond_stage_model.model."
weights = {prefix + name: value.half() for name, value in tower.state_dict().items()}
weights[prefix + "attn_mask"] = torch.zeros(LENGTH, LENGTH)
stub = types.SimpleNamespace(config=types.SimpleNamespace(hidden_size=WIDTH))
expected = convert_open_clip_checkpoint(stub, weights, prefix)
last = f"text_model.encoder.layers.{BLOCKS - 1}."  # diffusers leaves block 23 out, by its number
expected = {"expected." + name: value.clone(memory_format=torch.contiguous_format) for name, value in expected.items()
            if not name.startswith(last) and name != "text_projection.weight"}

unet = "model.diffusion_model."
shapes = {"input_blocks.0.0.weight": (8, 4, 3, 3), "out.2.weight": (4, 8, 3, 3),
          "input_blocks.1.0.in_layers.2.weight": (8, 8, 3, 3), "input_blocks.1.1.proj_in.weight": (8, 8),
          "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (8, WIDTH),
          "input_blocks.2.0.in_layers.2.weight": (8, 8, 3, 3), "input_blocks.3.0.op.weight": (8, 8, 3, 3),
          "output_blocks.0.0.in_layers.2.weight": (8, 16, 3, 3)}
weights |= {unet + name: torch.zeros(shape).half() for name, shape in shapes.items()}
save_file(weights | expected | {"tokens": tokens[0].int(), "output": output}, sys.argv[1])
