"""Writes one small VAE twice, for tests/loaders/test_vae_file.cpp: vae_files/, a folder as diffusers
saves it, and vae_files_ldm.safetensors, the same weights under LDM's names, with what trainers leave
beside them. Checks that diffusers reads the second file as the first.
Usage: python vae_files.py FOLDER    Written by diffusers 0.42.1, torch 2.15.0."""

import pathlib
import re
import sys

import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file

folder = pathlib.Path(sys.argv[1])
torch.manual_seed(0)
vae = AutoencoderKL(block_out_channels=(4, 8, 8), norm_num_groups=4, layers_per_block=1,
                    down_block_types=["DownEncoderBlock2D"] * 3,
                    up_block_types=["UpDecoderBlock2D"] * 3, scaling_factor=0.25).half()
vae.save_pretrained(folder / "vae_files")


def ldm_name(name):
    """The inverse of the table in shared/spec and of diffusers' converter, for three levels."""
    name = re.sub(r"encoder\.down_blocks\.(\d)\.resnets\.", r"encoder.down.\1.block.", name)
    name = re.sub(r"encoder\.down_blocks\.(\d)\.downsamplers\.0\.", r"encoder.down.\1.downsample.", name)
    name = re.sub(r"decoder\.up_blocks\.(\d)\.resnets\.",
                  lambda m: f"decoder.up.{2 - int(m[1])}.block.", name)
    name = re.sub(r"decoder\.up_blocks\.(\d)\.upsamplers\.0\.",
                  lambda m: f"decoder.up.{2 - int(m[1])}.upsample.", name)
    name = name.replace("mid_block.resnets.0.", "mid.block_1.").replace("mid_block.resnets.1.", "mid.block_2.")
    name = name.replace("mid_block.attentions.0.", "mid.attn_1.")
    for modern, old in ("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"), \
            ("to_out.0", "proj_out"):
        name = name.replace(f"attn_1.{modern}.", f"attn_1.{old}.")
    return name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")


weights = {}
for name, weight in vae.state_dict().items():
    old = ldm_name(name)
    matrix = "attn_1" in old and weight.ndim == 2
    weights[old] = weight[:, :, None, None].clone() if matrix else weight
weights["loss.logvar"] = torch.zeros(1)
weights["model_ema.num_updates"] = torch.tensor(3)
save_file(weights, folder / "vae_files_ldm.safetensors")

again = AutoencoderKL.from_single_file(str(folder / "vae_files_ldm.safetensors"),
                                       config=str(folder / "vae_files"), torch_dtype=torch.half)
for name, weight in vae.state_dict().items():
    assert torch.equal(again.state_dict()[name], weight), name
