"""Writes painter_files.ckpt, a checkpoint in LDM's names as trainers save them: nested, with
counters, EMA copies and integer buffers beside the weights. Usage: python painter_files.py OUT"""

import sys

import torch

UNET, VAE = "model.diffusion_model.", "first_stage_model."
TEXT = "cond_stage_model.transformer.text_model."
weights = {
    UNET + "input_blocks.0.0.weight": torch.full((8, 4, 3, 3), 0.25, dtype=torch.half),
    UNET + "input_blocks.1.0.in_layers.2.weight": torch.ones(8, 8, 3, 3, dtype=torch.half),
    UNET + "input_blocks.2.0.op.weight": torch.ones(8, 8, 3, 3, dtype=torch.half),
    VAE + "decoder.mid.attn_1.q.weight": torch.arange(16.0).reshape(4, 4, 1, 1),
    VAE + "decoder.mid.attn_1.q.bias": torch.zeros(4),
    VAE + "post_quant_conv.weight": torch.ones(4, 4, 1, 1),
    TEXT + "embeddings.position_ids": torch.arange(77).reshape(1, 77),
    TEXT + "final_layer_norm.bias": torch.full((6,), -1.5),
    "model_ema.diffusion_modelinput_blocks00weight": torch.zeros(2),
    "model_ema.num_updates": torch.tensor(7, dtype=torch.int32),
    "betas": torch.linspace(0, 1, 10),
}
torch.save({"state_dict": weights, "global_step": 840000, "epoch": 13}, sys.argv[1])
