"""Golden files of single networks: one file each, several inputs ("cases") in it.

Outputs are those of the float64 run, stored as float32. `torch_f32_error` in the metadata is
how far PyTorch's own float32 run is from them, per case.
"""

import numpy as np
import torch

import nets
from layers import Recorder
from store import inputs, relative_error, save

UNET = {"sample_size": 16, "in_channels": 4, "out_channels": 4, "norm_num_groups": 32,
        "upcast_attention": False, "use_linear_projection": False}


def unet_blocks(blocks, plain_last):
    """Block types of a UNet whose last down block has attention, or not."""
    down = ["CrossAttnDownBlock2D"] * blocks
    up = ["CrossAttnUpBlock2D"] * blocks
    if plain_last:
        down[-1], up[0] = "DownBlock2D", "UpBlock2D"
    return {"down_block_types": down, "up_block_types": up}


UNETS = {  # the family in small; name: (seed, config, cases)
    "tiny": (11, UNET | unet_blocks(3, False) | {
        "block_out_channels": [32, 64, 96], "layers_per_block": 1, "mid_block_type": None,
        "cross_attention_dim": 48, "attention_head_dim": 4}),
    "small": (12, UNET | unet_blocks(4, True) | {
        "block_out_channels": [32, 64, 64, 96], "layers_per_block": 1, "mid_block_type": None,
        "cross_attention_dim": 48, "attention_head_dim": 8}),
    "base": (13, UNET | unet_blocks(4, True) | {
        "block_out_channels": [32, 64, 96, 96], "layers_per_block": 1,
        "mid_block_type": "UNetMidBlock2DCrossAttn",
        "cross_attention_dim": 48, "attention_head_dim": 8}),
    "sd15": (14, UNET | unet_blocks(4, True) | {
        "block_out_channels": [32, 64, 96, 96], "layers_per_block": 2,
        "mid_block_type": "UNetMidBlock2DCrossAttn",
        "cross_attention_dim": 48, "attention_head_dim": 8}),
    "v2": (15, UNET | unet_blocks(4, True) | {
        "block_out_channels": [32, 64, 64, 96], "layers_per_block": 2,
        "mid_block_type": "UNetMidBlock2DCrossAttn", "cross_attention_dim": 64,
        "attention_head_dim": [2, 4, 4, 6], "use_linear_projection": True,
        "upcast_attention": True}),
}
UNET_CASES = {  # n, h, w, tokens, time step
    "even": (2, 16, 16, 7, 901), "wide": (1, 12, 20, 7, 1), "odd": (2, 9, 7, 5, 420.625),
    "faint": (1, 8, 8, 7, 501),
}
FAINT = 1 / 64  # so small an input that a norm with the wrong epsilon is off a hundred times more
LAYERS_CASE = (1, 6, 4, 5, 681)


def about(kind, seed, config, model):
    """What a reader needs to build the same network, and to know that it asked for all of it."""
    weights = {id(t): t for t in model.parameters()}.values()
    return {"kind": kind, "seed": seed, "model": config, "tensors": len(weights),
            "parameters": sum(t.numel() for t in weights)}


def single(case):
    return {key: v.float() if v.is_floating_point() else v for key, v in case.items()}


def run_cases(model, cases, call):
    """Runs `call(model, case)` in float32 and float64; ({case: float64 result}, {case: error})."""
    exact, results, errors = nets.double(model), {}, {}
    with torch.no_grad():
        for name, case in cases.items():
            rough = call(model, single(case))
            results[name] = call(exact, case)
            errors[name] = relative_error(rough, results[name])
    return results, errors


def file_of(cases, outputs):
    tensors = {f"{case}.{key}": v for case, given in cases.items() for key, v in given.items()}
    return tensors | outputs


def unet_case(random, config, n, h, w, tokens, step):
    return {"latent": inputs(random, n, 4, h, w),
            "text": inputs(random, n, tokens, config["cross_attention_dim"]),
            "timestep": torch.tensor([step], dtype=torch.float64)}


def call_unet(model, case):
    return model(case["latent"], case["timestep"], case["text"]).sample


def unets():
    for name, (seed, config) in UNETS.items():
        random = np.random.default_rng(seed)
        model = nets.unet(config, seed)
        cases = {key: unet_case(random, config, *sizes) for key, sizes in UNET_CASES.items()}
        cases["faint"]["latent"] *= FAINT
        results, errors = run_cases(model, cases, call_unet)
        tensors = file_of(cases, {f"{key}.output": v for key, v in results.items()})
        save(f"unet_{name}", tensors, about("unet", seed, config, model) | {
            "cases": list(cases), "torch_f32_error": errors})
        if name == "tiny":
            case = unet_case(random, config, *LAYERS_CASE)
            save_layers(f"layers_unet_{name}", model, case, call_unet,
                        about("unet", seed, config, model))


def save_layers(name, model, case, call, config, rename=lambda path: path):
    exact = nets.double(model)
    with torch.no_grad():
        with Recorder(exact, rename) as seen:
            output = call(exact, case)
        with Recorder(model, rename) as rough:
            call(model, single(case))
    worst = max(relative_error(rough[path], seen[path]) for path in seen)
    tensors = {**case, "output": output, **{f"layers.{path}": v for path, v in seen.items()}}
    save(name, tensors, config | {"torch_f32_error": worst})


VAES = {
    "sd": (21, {"block_out_channels": [32, 32, 64, 64], "layers_per_block": 2}),
    "short": (22, {"block_out_channels": [32, 96], "layers_per_block": 1}),
}
DECODE_CASES = {"even": (1, 4, 4), "odd": (2, 3, 5), "faint": (1, 2, 3)}  # n, h, w of the latent
ENCODE_CASES = {"even": (1, 32, 32), "odd": (1, 22, 30), "faint": (1, 16, 24)}  # of the image


def vae_config(fields):
    blocks = len(fields["block_out_channels"])
    return {"in_channels": 3, "out_channels": 3, "latent_channels": 4, "norm_num_groups": 32,
            "scaling_factor": 0.18215, "down_block_types": ["DownEncoderBlock2D"] * blocks,
            "up_block_types": ["UpDecoderBlock2D"] * blocks} | fields


def call_decoder(model, case):
    return model.decode(case["latent"] / model.config.scaling_factor).sample


def call_encoder(model, case):
    return model.encode(case["pixels"]).latent_dist.parameters


def vaes():
    for name, (seed, fields) in VAES.items():
        random, config = np.random.default_rng(seed), vae_config(fields)
        model = nets.vae(config, seed)
        decode = {f"decode_{key}": {"latent": inputs(random, n, 4, h, w)}
                  for key, (n, h, w) in DECODE_CASES.items()}
        encode = {f"encode_{key}": {"pixels": inputs(random, n, 3, h, w).clamp(-1, 1)}
                  for key, (n, h, w) in ENCODE_CASES.items()}
        decode["decode_faint"]["latent"] *= FAINT
        encode["encode_faint"]["pixels"] *= FAINT
        images, decode_errors = run_cases(model, decode, call_decoder)
        moments, encode_errors = run_cases(model, encode, call_encoder)
        outputs = {f"{key}.image": v for key, v in images.items()}
        outputs |= {f"{key}.moments": v for key, v in moments.items()}
        made = about("vae", seed, config, model)
        save(f"vae_{name}", file_of(decode | encode, outputs), made | {
            "cases": [*decode, *encode], "torch_f32_error": decode_errors | encode_errors})
        if name == "short":
            case = {"latent": inputs(random, 1, 4, 3, 5)}
            save_layers("layers_vae_decoder", model, case, call_decoder, made)
            case = {"pixels": inputs(random, 1, 3, 6, 8).clamp(-1, 1)}
            save_layers("layers_vae_encoder", model, case, call_encoder, made)


CLIPS = {
    "quick": (31, {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4,
                   "intermediate_size": 128, "hidden_act": "quick_gelu"}),
    "exact": (32, {"hidden_size": 96, "num_hidden_layers": 2, "num_attention_heads": 3,
                   "intermediate_size": 160, "hidden_act": "gelu"}),
}


def clip_config(fields, positions=77, vocabulary=99):
    return {"vocab_size": vocabulary, "max_position_embeddings": positions, "layer_norm_eps": 1e-5,
            "bos_token_id": vocabulary - 2, "eos_token_id": vocabulary - 1,
            "pad_token_id": vocabulary - 1} | fields


def call_clip(model, case):
    return model(case["tokens"]).last_hidden_state


def clips():
    for name, (seed, fields) in CLIPS.items():
        random = np.random.default_rng(seed)
        config = clip_config(fields)
        model = nets.clip(config, seed)
        cases = {"full": {"tokens": torch.from_numpy(random.integers(0, 99, (2, 77)))}}
        results, errors = run_cases(model, cases, call_clip)
        save(f"clip_{name}", file_of(cases, {"full.output": results["full"]}),
             about("clip", seed, config, model) | {"cases": ["full"], "torch_f32_error": errors})
        if name == "quick":
            config = clip_config(fields, positions=13)
            case = {"tokens": torch.from_numpy(random.integers(0, 99, (1, 13)))}
            model = nets.clip(config, seed)
            made = about("clip", seed, config, model)
            save_layers("layers_clip", model, case, call_clip, made, nets.clip_name)
            results, errors = run_cases(model, {"skip": case}, call_clip_skip)
            save("clip_skip", file_of({"skip": case}, {"skip.output": results["skip"]}),
                 made | {"cases": ["skip"], "torch_f32_error": errors})


def call_clip_skip(model, case):
    """What "clip skip" 2 and 3 give: an earlier layer's output through the last norm."""
    out = model(case["tokens"], output_hidden_states=True)
    norm = model.text_model.final_layer_norm if hasattr(model, "text_model") else model.final_layer_norm
    assert torch.equal(norm(out.hidden_states[-1]), out.last_hidden_state)
    return torch.cat([norm(out.hidden_states[-k]) for k in (2, 3)])


def llama_config(fields, **rope):
    return {"vocab_size": 160, "hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4,
            "num_key_value_heads": 2, "head_dim": 16, "intermediate_size": 96,
            "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
            "attention_bias": False, "tie_word_embeddings": False,
            "rope": {"conjugate": False, "interleaved": False, "qk_norm": False} | rope} | fields


# stock: what transformers computes unpatched; llama_cpp: pairs (2i, 2i + 1). The seeds are those
# whose greedy text varies and whose choices are never close.
LLAMAS = {
    "stock": (66, llama_config({})),
    "micro": (54, llama_config({"num_attention_heads": 8, "head_dim": 8, "rope_theta": 500000.0},
                               conjugate=True, qk_norm=True)),
    "llama_cpp": (71, llama_config({"tie_word_embeddings": True, "num_key_value_heads": 4},
                                   interleaved=True)),
    "biased": (52, llama_config({"attention_bias": True, "head_dim": 32,
                                 "num_key_value_heads": 1}, conjugate=True)),
    "linear": (83, llama_config({}, factor=4.0)),
}


def check_rotation(model, ids):
    """Our patched rotation agrees with transformers' own where both exist."""
    with torch.no_grad():
        stock = model(torch.as_tensor([ids]), use_cache=False).logits[0]
    error = relative_error(nets.llama_logits(model, ids), stock)
    assert error < 1e-5, error


def llamas():
    for name, (seed, config) in LLAMAS.items():
        random = np.random.default_rng(seed)
        model = nets.llama(config, seed)
        ids = [1, *random.integers(3, config["vocab_size"], 23).tolist()]
        if name in ("stock", "linear"):
            check_rotation(model, ids)
        exact = nets.double(model)
        logits = nets.llama_logits(exact, ids)
        new, lead = nets.greedy(exact, ids, 16)
        error = relative_error(nets.llama_logits(model, ids), logits)
        save(f"llama_{name}", {"tokens": np.array(ids), "logits": logits, "greedy": np.array(new)},
             about("llama", seed, config, model) | {"least_lead": lead, "torch_f32_error": error})
