"""Muon for matrices and kernels, AdamW for the rest, as one optimizer.

Muon (Jordan 2024): the update is the momentum's nearest matrix of orthonormal rows or columns, by five
Newton-Schulz steps; scaled as Liu et al. 2025 ("Muon is scalable for LLM training") do, so that its
entries are as large as AdamW's. Written here because torch's own computes in bf16, which a processor
without such instructions does at a seventh of the speed (145 instead of 770 tokens a second of one
core, AMD EPYC 7003). Against AdamW the voice's loss after 143,000 tokens is 6.18, not 6.36, for 1.25
times the work."""

import torch


def orthonormal(matrix, steps=5):
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    for _ in range(steps):
        square = x @ x.T
        x = torch.addmm(
            x, torch.addmm(square, square, square, beta=-4.7750, alpha=2.0315), x, beta=3.4445
        )
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.05):
        defaults = dict(lr=lr, momentum=momentum, weight_decay=weight_decay)
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                mean = state.setdefault("mean", torch.zeros_like(p))
                mean.lerp_(p.grad, 1 - group["momentum"])
                update = orthonormal(p.grad.lerp(mean, group["momentum"]).flatten(1))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                scale = 0.2 * max(update.shape) ** 0.5
                p.add_(update.view_as(p), alpha=-group["lr"] * scale)


# Tables of rows, of which a step touches few, and outputs: AdamW is better at both.
TABLES = ("embd", "token_emb.", "time_emb.", "tok_embed.", "cond.", "edge.", "output_head.", "head.weight")


class MatricesApart:
    """Matrices and kernels by Muon at `matrix_lr`, embeddings and all small tensors by AdamW at `lr`."""

    def __init__(self, model, lr, matrix_lr):
        named = list(model.named_parameters())
        matrices = [
            p
            for n, p in named
            if p.ndim >= 2 and min(p.shape[:2]) > 32 and not any(t in n for t in TABLES)
        ]
        apart = {id(p) for p in matrices}
        rest = [p for _, p in named if id(p) not in apart]
        self.parts = [
            Muon(matrices, matrix_lr),
            torch.optim.AdamW(rest, lr, betas=(0.9, 0.99), weight_decay=0.01),
        ]

    @property
    def param_groups(self):
        return [g for part in self.parts for g in part.param_groups]

    def zero_grad(self):
        for part in self.parts:
            part.zero_grad()

    def step(self):
        for part in self.parts:
            part.step()

    def state_dict(self):
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, saved):
        for part, state in zip(self.parts, saved):
            part.load_state_dict(state)
