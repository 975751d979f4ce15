"""Writes DIR/<variant>/ for every kind of adapter: the file as PEFT 0.21 or lycoris-lora 4.1.3 saves
it, from random parameters, and after.safetensors, the weights and biases that the layers then compute
with. They are measured by running the layers in float64 (LyCORIS's merge_to() is not asked: it
applies alpha / rank twice for LoHa and LoKr). DIR/before.safetensors has the layers without adapter.
Usage: python adapters.py DIR"""

import copy
import shutil
import sys
from pathlib import Path

import torch
from lycoris import LycorisNetwork, create_lycoris
from peft import LoHaConfig, LoKrConfig, LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch import nn

out = Path(sys.argv[1])
shutil.rmtree(out, ignore_errors=True)
out.mkdir(parents=True)
torch.manual_seed(11)

ATTENTION = "down_blocks.0.attentions.0."
CONV = "down_blocks.0.resnets.0.conv1"
PROJ = ATTENTION + "proj_in"
QUERY = ATTENTION + "transformer_blocks.0.attn1.to_q"
OUT = ATTENTION + "transformer_blocks.0.attn1.to_out.0"
NORM = ATTENTION + "norm"
UNET = {
    CONV: nn.Conv2d(4, 30, (1, 2)),
    PROJ: nn.Conv2d(4, 6, 1),
    QUERY: nn.Linear(6, 30, bias=False),
    OUT: nn.Linear(6, 6),
    NORM: nn.GroupNorm(2, 6),
}
nn.init.normal_(UNET[NORM].weight), nn.init.normal_(UNET[NORM].bias)
TABLE = "text_model.embeddings.token_embedding"
TEXT = {TABLE: nn.Embedding(9, 5)}
PRODUCTS = [CONV, PROJ, QUERY, OUT]


def tree(modules):
    root = nn.Module()
    for path, module in modules.items():
        at = root
        *parents, name = path.split(".")
        for parent in parents:
            if not hasattr(at, parent):
                at.add_module(parent, nn.Module())
            at = getattr(at, parent)
        at.add_module(name, copy.deepcopy(module))
    return root


def measured(path, plain, run):
    """The weight and bias of an affine function, from its values."""
    with torch.no_grad():
        if isinstance(plain, nn.Embedding):
            return {f"{path}.weight": run(torch.arange(plain.num_embeddings))}
        if isinstance(plain, nn.GroupNorm):
            x, y = (torch.randn(1, plain.num_channels, 8, dtype=torch.float64) for _ in range(2))
            nx, ny = (nn.functional.group_norm(v, plain.num_groups, eps=plain.eps) for v in (x, y))
            weight = ((run(x) - run(y)) / (nx - ny))[0].mean(dim=1)
            bias = (run(x)[0] - weight[:, None] * nx[0]).mean(dim=1)
            return {f"{path}.weight": weight, f"{path}.bias": bias}
        inputs = torch.eye(plain.weight[0].numel(), dtype=torch.float64)
        inputs = inputs.reshape(-1, *plain.weight.shape[1:])
        bias = run(torch.zeros_like(inputs))
        weight = (run(inputs) - bias).reshape(len(inputs), -1).T.reshape(plain.weight.shape)
        bias = bias.reshape(len(inputs), -1)[0]
        return {f"{path}.weight": weight} | ({f"{path}.bias": bias} if bias.abs().max() else {})


def save_after(variant, part, modules, model):
    after = {}
    for path, plain in modules.items():
        after |= measured(f"{part}.{path}", plain, model.get_submodule(path))
    after = {k: v.float().contiguous() for k, v in after.items()}
    save_file(after, out / variant / "after.safetensors")


def randomize(parameters):
    with torch.no_grad():
        for p in parameters:
            p.copy_(torch.randn_like(p).half().float() * 0.5)


def peft(variant, config, part="unet", modules=UNET):
    model = get_peft_model(tree(modules), config)
    randomize(p for p in model.parameters() if p.requires_grad)
    model.save_pretrained(out / variant)
    (out / variant / "README.md").unlink()
    save_after(variant, part, modules, model.double().base_model.model)


def lycoris(variant, **options):
    LycorisNetwork.apply_preset({"target_name": list(UNET), "enable_conv": True})
    model = tree(UNET)
    net = create_lycoris(model, 1.0, **options)
    net.apply_to()
    # Of a full difference the module holds the sum of weight and difference after apply_to().
    with torch.no_grad():
        for p in net.parameters():
            p.add_(torch.randn_like(p).half().float() * 0.5)
    (out / variant).mkdir()
    state = {k: v.float().contiguous().clone() for k, v in net.state_dict().items()}
    save_file(state, out / variant / "lycoris.safetensors")
    net.double(), model.double()
    save_after(variant, "unet", UNET, model)


save_file({f"{part}.{path}.{name}": p.detach().clone()
           for part, modules in (("unet", UNET), ("text_encoder", TEXT))
           for path, module in modules.items() for name, p in module.named_parameters()},
          out / "before.safetensors")

lora = dict(r=2, lora_alpha=3, target_modules=PRODUCTS)
peft("peft_bias", LoraConfig(**lora, lora_bias=True))
peft("peft_trained", LoraConfig(**(lora | {"target_modules": [QUERY, OUT]}), bias="all",
                                modules_to_save=[NORM, PROJ]))
peft("peft_rslora", LoraConfig(**lora, use_rslora=True, rank_pattern={"to_out.0": 3},
                               alpha_pattern={"to_q": 5, "^" + CONV: 7}))
peft("peft_dora", LoraConfig(**lora, use_dora=True))
peft("peft_table", LoraConfig(r=2, lora_alpha=3, target_modules=[TABLE]), "text_encoder", TEXT)
other = dict(r=2, alpha=3, target_modules=PRODUCTS)
peft("peft_loha", LoHaConfig(**other))
peft("peft_loha_tucker", LoHaConfig(**other, use_effective_conv2d=True))
peft("peft_lokr", LoKrConfig(**other, decompose_both=True))
peft("peft_lokr_tucker", LoKrConfig(**other, use_effective_conv2d=True))
peft("peft_lokr_whole", LoKrConfig(r=16, alpha=24, target_modules=PRODUCTS, rank_pattern={"to_q": 8}))

dims = dict(linear_dim=2, linear_alpha=3, conv_dim=2, conv_alpha=3)
lycoris("lycoris_locon", algo="locon", **dims)
lycoris("lycoris_locon_tucker", algo="locon", use_tucker=True, rs_lora=True, **dims)
lycoris("lycoris_dora", algo="locon", dora_wd=True, **dims)
lycoris("lycoris_dora_inputs", algo="locon", dora_wd=True, wd_on_output=False, **dims)
lycoris("lycoris_loha", algo="loha", dora_wd=True, **dims)
lycoris("lycoris_loha_tucker", algo="loha", use_tucker=True, **dims)
lycoris("lycoris_lokr", algo="lokr", decompose_both=True, dora_wd=True, **dims)
lycoris("lycoris_lokr_tucker", algo="lokr", use_tucker=True, **dims)
lycoris("lycoris_lokr_whole", algo="lokr", full_matrix=True, **dims)
lycoris("lycoris_full", algo="full", train_norm=True, **dims)
