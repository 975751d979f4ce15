"""The networks as diffusers and transformers build them, filled with seeded weights.

Weights are named as the checkpoints name them: diffusers' paths, `text_model.` in front of
CLIP's, GGUF's names for LLaMA. `double(...)` makes a float64 copy in which nothing falls back to
float32, so the distance between the two is PyTorch's own rounding error.
"""

import copy
import math
from contextlib import contextmanager

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models import embeddings
from transformers import CLIPTextConfig, CLIPTextModel, LlamaConfig, LlamaForCausalLM
from transformers.models.llama import modeling_llama

from seeded import seeded_values


@contextmanager
def no_init():
    """Builds modules without drawing weights that are overwritten anyway."""
    drawing = (torch.nn.Linear, torch.nn.Conv2d, torch.nn.Embedding)
    resets = [(cls, cls.reset_parameters) for cls in drawing]
    try:
        for cls, _ in resets:
            cls.reset_parameters = lambda self: None
        yield
    finally:
        for cls, reset in resets:
            cls.reset_parameters = reset


@torch.no_grad()
def fill(model, seed, rename=lambda name: name):
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.from_numpy(seeded_values(rename(name), tuple(tensor.shape), seed)))
    return model.eval()


def unet(config, seed):
    with no_init():
        return fill(UNet2DConditionModel(**config), seed)


def vae(config, seed):
    with no_init():
        return fill(AutoencoderKL(**config), seed)


def clip(config, seed):
    with no_init():
        model = CLIPTextModel(CLIPTextConfig(**config, attn_implementation="sdpa"))
    return fill(model, seed, clip_name)


def clip_name(name):
    return name if name.startswith("text_model.") else "text_model." + name


GGUF_NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def gguf_name(name):
    layer, _, kind = name.rpartition(".")
    if layer.startswith("model.layers."):
        _, _, number, part = layer.split(".", 3)
        return f"blk.{number}.{GGUF_NAMES[part]}.{kind}"
    return f"{GGUF_NAMES[layer]}.{kind}"


def llama(config, seed):
    """`config` has LlamaConfig's fields and our `rope`: {conjugate, interleaved, qk_norm, factor}."""
    fields = {key: value for key, value in config.items() if key not in ("rope", "rope_theta")}
    fields["rope_parameters"] = {"rope_type": "default", "rope_theta": config["rope_theta"]}
    if "factor" in config["rope"]:
        fields["rope_parameters"] |= {"rope_type": "linear", "factor": config["rope"]["factor"]}
    with no_init():
        model = LlamaForCausalLM(LlamaConfig(**fields, attn_implementation="sdpa"))
    if fields["tie_word_embeddings"]:
        model.tie_weights()
    # The embedding comes before lm_head in the state dict; tied, both are one tensor.
    names = dict(model.state_dict())
    fill(model, seed, gguf_name)
    if fields["tie_word_embeddings"]:
        weight = names["model.embed_tokens.weight"]
        values = seeded_values("token_embd.weight", tuple(weight.shape), seed)
        weight.copy_(torch.from_numpy(values))
    model.rope_variant = config["rope"]
    return model


def rotation(head_width, theta, rope):
    """Replaces transformers' rotation: angles in double, our variants."""

    def rotate(q, k, cos, sin, unsqueeze_dim=1):
        positions = torch.arange(rotate.first, rotate.first + q.shape[2], dtype=torch.float64)
        index = torch.arange(head_width // 2, dtype=torch.float64)
        angle = positions[:, None] * theta ** (-2 * index / head_width) / rope.get("factor", 1)
        if rope["conjugate"]:
            angle = -angle
        c, s = angle.cos().float().to(q.dtype), angle.sin().float().to(q.dtype)

        def one(x):
            if rope["interleaved"]:
                a, b = x[..., 0::2], x[..., 1::2]
                y = torch.stack((a * c - b * s, a * s + b * c), -1).flatten(-2)
            else:
                a, b = x.chunk(2, -1)
                y = torch.cat((a * c - b * s, a * s + b * c), -1)
            if rope["qk_norm"]:
                y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + rope["eps"])
            return y

        return one(q), one(k)

    rotate.first = 0
    return rotate


@torch.no_grad()
def llama_logits(model, ids):
    """[tokens, vocabulary] of one sequence, evaluated as one batch."""
    config = model.config
    rope = {**model.rope_variant, "eps": config.rms_norm_eps}
    stock = modeling_llama.apply_rotary_pos_emb
    modeling_llama.apply_rotary_pos_emb = rotation(
        config.head_dim, config.rope_parameters["rope_theta"], rope)
    try:
        return model(torch.as_tensor([ids]), use_cache=False).logits[0]
    finally:
        modeling_llama.apply_rotary_pos_emb = stock


def greedy(model, ids, count):
    """`count` more ids, and the least lead of a winner over its runner-up."""
    ids, lead = list(ids), math.inf
    for _ in range(count):
        top = llama_logits(model, ids)[-1].double().topk(2)
        lead = min(lead, float(top.values[0] - top.values[1]))
        ids.append(int(top.indices[0]))
    return ids[-count:], lead


class DoubleRMSNorm(torch.nn.Module):
    """LlamaRMSNorm without its detour through float32."""

    def __init__(self, norm):
        super().__init__()
        self.weight, self.eps = norm.weight, norm.variance_epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


class DoubleTimesteps(torch.nn.Module):
    """The sinusoids of the time step in double; diffusers' are float32 whatever the model is."""

    def __init__(self, stock):
        super().__init__()
        self.half = stock.num_channels // 2

    def forward(self, timesteps):
        index = torch.arange(self.half, dtype=torch.float64)
        angle = timesteps.double()[:, None] * torch.exp(-math.log(10000) * index / self.half)
        return torch.cat((angle.cos(), angle.sin()), -1)


def double(model):
    model = copy.deepcopy(model).double()
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, modeling_llama.LlamaRMSNorm):
                setattr(parent, name, DoubleRMSNorm(child))
            elif isinstance(child, embeddings.Timesteps):
                setattr(parent, name, DoubleTimesteps(child))
    return model
