"""Writes a painter as the folder that the engine embeds and diffusers loads."""

import json

import torch
from safetensors.torch import save_file

STEPS = 1000  # of the noise, in the schedule below

LIBRARY = "0.30.0"  # the format's version, as diffusers stamps it


def save_half(state, path, prefix=""):
    tensors = {prefix + name: value.detach().half().contiguous()
               for name, value in state.items() if torch.is_floating_point(value)}
    save_file(tensors, path, {"format": "pt"})


def write_json(path, data):
    path.write_text(json.dumps(data, indent=2) + "\n")


def config_of(model, class_name):
    config = {key: list(value) if isinstance(value, tuple) else value
              for key, value in model.config.items() if not key.startswith("_")}
    return {"_class_name": class_name, "_diffusers_version": LIBRARY, **config}


def export(folder, model, vae, sample_size):
    for part in ("unet", "vae", "text_encoder", "scheduler"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    model.tokenizer.write(folder / "tokenizer")

    unet = config_of(model.unet, "UNet2DConditionModel")
    unet["sample_size"] = sample_size
    write_json(folder / "unet/config.json", unet)
    save_half(model.unet.state_dict(), folder / "unet/diffusion_pytorch_model.safetensors")

    auto = config_of(vae, "AutoencoderKL")
    auto["sample_size"] = sample_size << (len(vae.config.block_out_channels) - 1)
    write_json(folder / "vae/config.json", auto)
    save_half(vae.state_dict(), folder / "vae/diffusion_pytorch_model.safetensors")

    c = model.text.config
    write_json(folder / "text_encoder/config.json", {
        "architectures": ["CLIPTextModel"], "model_type": "clip_text_model",
        "vocab_size": c.vocab_size, "hidden_size": c.hidden_size,
        "intermediate_size": c.intermediate_size, "num_hidden_layers": c.num_hidden_layers,
        "num_attention_heads": c.num_attention_heads,
        "max_position_embeddings": c.max_position_embeddings, "hidden_act": c.hidden_act,
        "layer_norm_eps": c.layer_norm_eps, "projection_dim": c.projection_dim,
        "attention_dropout": 0.0, "bos_token_id": c.bos_token_id, "eos_token_id": c.eos_token_id,
        "pad_token_id": c.pad_token_id, "dtype": "float32"})  # to compute in, as the other parts
    state = model.text.state_dict()
    prefix = "" if next(iter(state)).startswith("text_model.") else "text_model."
    save_half(state, folder / "text_encoder/model.safetensors", prefix)

    write_json(folder / "scheduler/scheduler_config.json", {
        "_class_name": "DDIMScheduler", "_diffusers_version": LIBRARY,
        "num_train_timesteps": STEPS, "beta_start": 0.00085, "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "trained_betas": None, "clip_sample": False,
        "set_alpha_to_one": False, "steps_offset": 1, "prediction_type": "v_prediction",
        "timestep_spacing": "leading"})
    write_json(folder / "model_index.json", {
        "_class_name": "StableDiffusionPipeline", "_diffusers_version": LIBRARY,
        "feature_extractor": [None, None], "requires_safety_checker": False,
        "safety_checker": [None, None], "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]})
