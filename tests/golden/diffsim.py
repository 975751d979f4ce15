"""How alike two latents are inside a UNet: tests/golden/diffsim.safetensors.

Run as `python tests/golden/diffsim.py` with diffusers. The UNet is tests/golden/toy_painter's; a hook takes
what its last self-attention of the first up block with attention is given.
"""

import json
from pathlib import Path

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from safetensors.torch import save_file

HERE = Path(__file__).parent
MODULE = "up_blocks.1.attentions.1.transformer_blocks.0.attn1"
HEIGHT, WIDTH, TOKENS = 10, 16, 5


def heads_of(module, x):
    return x.unflatten(-1, (module.heads, -1)).transpose(1, 2)


def inside(unet, latent, t, text):
    """Queries, keys and values [texts, heads, tokens, width]."""
    module, seen = unet.get_submodule(MODULE), {}

    def keep(module, args, kwargs):
        x = args[0] if args else kwargs["hidden_states"]
        seen.update({name: heads_of(module, getattr(module, f"to_{name}")(x)) for name in "qkv"})

    handle = module.register_forward_pre_hook(keep, with_kwargs=True)
    unet(latent.expand(len(text), -1, -1, -1), t, encoder_hidden_states=text)
    handle.remove()
    return seen


def found(a, b):
    return torch.nn.functional.scaled_dot_product_attention(a["q"], b["k"], b["v"])


def one_way(a, b, how):
    there, here = found(a, b).flatten(), found(a, a).flatten()
    if how == "mean-square":
        return ((there - here) ** 2).mean()
    return torch.nn.functional.cosine_similarity(there, here, dim=0)


@torch.no_grad()
def main():
    random = torch.Generator().manual_seed(1)
    tensors = {name: torch.randn(4, HEIGHT, WIDTH, generator=random)
               for name in ("first", "second", "first_noise", "second_noise")}
    tensors |= {name: torch.randn(TOKENS, 32, generator=random) for name in ("cond", "uncond")}
    # f64, so that the scores are the formula's.
    unet = UNet2DConditionModel.from_pretrained(HERE / "toy_painter/unet").double().eval()
    config = json.loads((HERE / "toy_painter/scheduler/scheduler_config.json").read_text())
    abar = DDIMScheduler.from_config(config).alphas_cumprod.double()
    double = {name: tensor.double() for name, tensor in tensors.items()}
    scores = []
    for t in (0, 101, 501, 900):
        for texts in (["cond"], ["uncond", "cond"]):
            text = torch.stack([double[name] for name in texts])
            a, b = (inside(unet, (abar[t].sqrt() * double[z] + (1 - abar[t]).sqrt() * double[z + "_noise"])[None],
                           t, text) for z in ("first", "second"))
            for how in ("cosine", "mean-square"):
                scores.append({"timestep": t, "texts": len(texts), "how": how,
                               "score": float(one_way(a, b, how) + one_way(b, a, how)) / 2})
    save_file({name: t.contiguous() for name, t in tensors.items()}, HERE / "diffsim.safetensors",
              {"config": json.dumps({"scores": scores})})


main()
