"""Layer names of single-file checkpoints beside diffusers' names of the same layers.

Our map is written from diffusers to LDM; diffusers' own converters, which
go the other way, must turn every name back. Stored: pairs of layer names, weights and biases alike.
"""

import torch
from diffusers.loaders.single_file_utils import (convert_ldm_clip_checkpoint,
                                                 convert_ldm_unet_checkpoint,
                                                 convert_ldm_vae_checkpoint)

import models
import nets
from painter import write_json
from store import FOLDER

RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1",
          "norm2": "out_layers.0", "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}
UNET_ENDS = {"conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
             "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2"}
MIDDLE = {"resnets.0": 0, "attentions.0": 1, "resnets.1": 2}


def unet_layer(path, config):
    """LDM's name of a UNet layer, without the prefix."""
    if path in UNET_ENDS:
        return UNET_ENDS[path]
    per_block = config["layers_per_block"] + 1
    side, *rest = path.split(".")
    if side == "mid_block":
        part, leaf = ".".join(rest[:2]), ".".join(rest[2:])
        return f"middle_block.{MIDDLE[part]}.{RESNET.get(leaf, leaf)}"
    block, kind, j = int(rest[0]), rest[1], int(rest[2])
    leaf = ".".join(rest[3:])
    if kind == "downsamplers":
        return f"input_blocks.{(block + 1) * per_block}.0.op"
    if kind == "upsamplers":
        has_attention = config["up_block_types"][block].startswith("CrossAttn")
        return f"output_blocks.{(block + 1) * per_block - 1}.{2 if has_attention else 1}.conv"
    n = block * per_block + j
    where = f"input_blocks.{n + 1}" if side == "down_blocks" else f"output_blocks.{n}"
    return f"{where}.{0 if kind == 'resnets' else 1}.{RESNET.get(leaf, leaf)}"


VAE_LEAVES = {"conv_shortcut": "nin_shortcut", "group_norm": "norm", "to_q": "q", "to_k": "k",
              "to_v": "v", "to_out.0": "proj_out", "conv_norm_out": "norm_out"}
VAE_MIDDLE = {"resnets.0": "block_1", "attentions.0": "attn_1", "resnets.1": "block_2"}


def vae_layer(path, config):
    side, *rest = path.split(".")
    if not rest:
        return path  # quant_conv, post_quant_conv
    if rest[0] == "mid_block":
        leaf = ".".join(rest[3:])
        return f"{side}.mid.{VAE_MIDDLE['.'.join(rest[1:3])]}.{VAE_LEAVES.get(leaf, leaf)}"
    if rest[0] not in ("down_blocks", "up_blocks"):
        return f"{side}.{VAE_LEAVES.get(rest[0], rest[0])}"
    block, kind, j, leaf = int(rest[1]), rest[2], rest[3], ".".join(rest[4:])
    level = block if side == "encoder" else len(config["block_out_channels"]) - 1 - block
    way = "down" if side == "encoder" else "up"
    if kind != "resnets":
        return f"{side}.{way}.{level}.{way}sample.conv"
    return f"{side}.{way}.{level}.block.{j}.{VAE_LEAVES.get(leaf, leaf)}"


def renamed(model, layer, prefix):
    """{LDM name: tensor} and the pairs of layer names."""
    file, pairs = {}, {}
    for name, tensor in model.state_dict().items():
        path, _, kind = name.rpartition(".")
        ldm = prefix + layer(path)
        pairs[ldm] = path
        if ldm.startswith("first_stage_model.") and ".attn_1." in ldm and tensor.dim() == 2:
            tensor = tensor[..., None, None]
        file[f"{ldm}.{kind}"] = tensor
    return file, pairs


def same_weights(model, restored, rename=lambda name: name):
    weights = {rename(name): tensor for name, tensor in model.state_dict().items()}
    assert weights.keys() == restored.keys(), weights.keys() ^ restored.keys()
    for name, tensor in weights.items():
        assert torch.equal(tensor, restored[name].reshape(tensor.shape)), name


def ldm_names():
    names = {}
    for toy in ("sd15", "base", "tiny"):
        seed, config = models.UNETS[toy]
        unet = nets.unet(config, seed)
        file, names[f"unet_{toy}"] = renamed(
            unet, lambda path: unet_layer(path, config), "model.diffusion_model.")
        # The stock converter assumes a middle block.
        if config["mid_block_type"]:
            same_weights(unet, convert_ldm_unet_checkpoint(dict(file), {
                "layers_per_block": config["layers_per_block"],
                "block_out_channels": config["block_out_channels"],
                "class_embed_type": None, "addition_embed_type": None}))

    seed, fields = models.VAES["sd"]
    config = models.vae_config(fields)
    vae = nets.vae(config, seed)
    file, names["vae"] = renamed(vae, lambda path: vae_layer(path, config), "first_stage_model.")
    same_weights(vae, convert_ldm_vae_checkpoint(dict(file), config))

    seed, fields = models.CLIPS["quick"]
    clip = nets.clip(models.clip_config(fields), seed)
    file, names["clip"] = renamed(clip, nets.clip_name, "cond_stage_model.transformer.")
    restored = convert_ldm_clip_checkpoint(dict(file), "cond_stage_model.transformer.")
    restored = {nets.clip_name(name): tensor for name, tensor in restored.items()}
    same_weights(clip, restored, nets.clip_name)
    write_json(FOLDER / "ldm_names.json", names)
    print("ldm_names.json:", {model: len(pairs) for model, pairs in names.items()})
