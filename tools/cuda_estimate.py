"""Turns the emulator's counts into an estimate of the time that the CUDA kernels take, as Markdown.

A launch takes as long as the busiest of: tensor cores, the L1 with shared memory, exponentials,
the L2, and device memory, each at its published peak; and a constant for its start and end. Nothing
of this was measured: latencies, instruction issue and clocks below boost are not in it.
"""
import json
import math
import re
from collections import defaultdict

# Peaks, dense, for halves with sums of floats. `products`: multiply-adds by processor and clock.
# `mma`: the share of it that mma.sync reaches. `l2`: bytes by clock.
GPUS = {
    "A100 SXM 80 GB": dict(processors=108, clock=1.41e9, products=1024, mma=1.0, floats=64, memory=2.039e12, l2=5120),
    "H100 SXM": dict(processors=132, clock=1.83e9, products=2048, mma=0.63, floats=128, memory=3.35e12, l2=5120),
    "H200": dict(processors=132, clock=1.83e9, products=2048, mma=0.63, floats=128, memory=4.8e12, l2=5120),
    "RTX 4090": dict(processors=128, clock=2.52e9, products=256, mma=1.0, floats=128, memory=1.008e12, l2=2048),
}
SOURCES = """Peaks: NVIDIA's A100, H100 and H200 data sheets and the whitepapers of Ampere and Ada
(312, 989 and 165 TFLOPS dense in halves with sums of floats; 2.04, 3.35, 4.80 and 1.01 TB/s); the L2 of
the A100 reads 5120 bytes a clock by its whitepaper, and H100 and H200 are taken to do the same, the
RTX 4090 2048. Shared memory and L1: 128 bytes a clock and processor; exponentials: 16. mma.sync reaches
63 % of Hopper's peak (Luo et al., Benchmarking and Dissecting the Nvidia Hopper GPU Architecture via
Microbenchmarking, 2024); the rest needs wgmma."""
LAUNCH = 1.5e-6  # seconds: a kernel in a graph begins, fills its pipeline and ends; assumed
EXPONENTIALS = 16  # by processor and clock


def load(path):
    with open(path) as file:
        return json.load(file)


def tail(launch, gpu):
    """How much more the busiest processor does than the average."""
    n = gpu["processors"]
    return math.ceil(launch["blocks"] / n) * n / launch["blocks"]


def l2_bytes(launch):
    return 32 * (launch["sectors_once"] + launch["copied_sectors"] + launch["written_sectors"])


def exponentials(launch):
    """Of attention in tiles: one for each score, which took `width` of the products."""
    found = re.match(r"flash_kernel<(\d+)", launch["kernel"])
    return launch["products"] / (2 * int(found[1])) if found else 0


def bounds(launch, gpu):
    """Seconds of each resource, for one launch."""
    clocks = gpu["processors"] * gpu["clock"] / tail(launch, gpu)
    rate = gpu["products"] * (1.0 if "hopper" in launch["kernel"] else gpu["mma"])
    requests = (launch["read_sectors"] + launch["written_sectors"]) / 4
    return {"tensor cores": launch["products"] / (clocks * rate),
            "L1 and shared memory": (launch["wavefronts"] + requests) / clocks,
            "exponentials": exponentials(launch) / (clocks * EXPONENTIALS),
            "L2": l2_bytes(launch) / (gpu["l2"] * gpu["clock"])}


def kind_of_launch(launch):
    name = launch["kernel"]
    if "ConvView" in name or "conv" in name:
        return "convolutions"
    if name.startswith(("flash", "softmax", "transpose")) or name == "row_kernel" and launch["shared_bytes"]:
        return "attention"
    if name.startswith(("sums_kernel", "apply_kernel", "whole_kernel", "row_kernel")):
        return "norms"
    return "linears" if name.startswith(("gemm", "stage", "hopper")) else "others"


KIND_OF_OP = {"conv3x3": "convolutions", "norm_conv3x3": "convolutions", "linear": "linears", "attention": "attention",
              "group_norm": "norms", "layer_norm": "norms", "rms_norm": "norms"}


def by_kind(stage):
    """Launches, and the products and bytes that their ops need at least. The two GEMMs of a head too wide for
    one kernel are linears' kernels; where there are such, the two kinds are one."""
    kinds = defaultdict(lambda: {"products": 0, "bytes": 0, "launches": []})
    for launch in stage["launches"]:
        kinds[kind_of_launch(launch)]["launches"].append(launch)
    for op in stage["ops"]:
        kind = kinds[KIND_OF_OP[op["op"].split(" ")[0]]]
        kind["products"] += op["products"]
        kind["bytes"] += op["bytes"]
    if any(launch["kernel"] == "softmax_kernel" for launch in stage["launches"]):
        linears, attention = kinds.pop("linears"), kinds.pop("attention")
        kinds["linears and wide attention"] = {key: linears[key] + attention[key] for key in linears}
    return kinds


def estimate(kind, gpu):
    """Seconds by the resource that is busiest, launch by launch; by device memory if all need longer for that."""
    causes = defaultdict(float)
    for launch in kind["launches"]:
        name, seconds = max(bounds(launch, gpu).items(), key=lambda item: item[1])
        causes[name] += seconds
    if kind["products"] and not any(l["products"] for l in kind["launches"]):
        causes["floats"] += kind["products"] / (gpu["processors"] * gpu["clock"] * gpu["floats"])
    memory = kind["bytes"] / gpu["memory"]
    if memory > sum(causes.values()):
        causes = defaultdict(float, {"device memory": memory})
    causes["start and end of kernels"] += LAUNCH * len(kind["launches"])
    return causes


def stage_sums(stage):
    total = defaultdict(float)
    for launch in stage["launches"]:
        for key, value in launch.items():
            if isinstance(value, (int, float)):
                total[key] += value
        total["launches"] += 1
    total["useful"] = sum(o["products"] for o in stage["ops"])
    return total


def ratio(total):
    sectors = 32 * (total["read_sectors"] + total["copied_sectors"] + total["written_sectors"])
    useful = total["read_bytes"] + total["copied_bytes"] + total["written_bytes"]
    return sectors / useful if useful else 0


def conflicts(total):
    return total["conflicts"] / total["wavefronts"] if total["wavefronts"] else 0


def table(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "---:|" * (len(columns) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def wasted(useful, executed):
    return f"{1 - useful / executed:.1%}" if executed > useful else ""


def counts_table(stages):
    rows = []
    for name, stage in stages.items():
        t = stage_sums(stage)
        useful = useful_on_tensor_cores(stage)
        rows.append([name, int(t["launches"]), f"{t['useful'] / 1e9:.1f}", f"{t['products'] / 1e9:.1f}",
                     wasted(useful, t["products"]), f"{ratio(t):.2f}",
                     f"{sum(map(l2_bytes, stage['launches'])) / 1e6:.0f}", f"{conflicts(t):.2%}",
                     f"{stage['plan_bytes'] / 1e6:.0f}"])
    return table(["stage", "launches", "useful products, 10^9", "executed", "wasted", "sectors / useful bytes",
                  "MB through the L2", "bank conflicts", "arena MB"], rows)


def times_table(stages):
    rows = []
    for name, stage in stages.items():
        for gpu_name, gpu in GPUS.items():
            causes = defaultdict(float)
            for kind in by_kind(stage).values():
                for cause, seconds in estimate(kind, gpu).items():
                    causes[cause] += seconds
            seconds = sum(causes.values())
            peak = stage_sums(stage)["useful"] / (gpu["processors"] * gpu["clock"] * gpu["products"])
            parts = sorted(causes.items(), key=lambda item: -item[1])[:3]
            rows.append([name, gpu_name, f"{1e3 * seconds:.2f}", f"{peak / seconds:.0%}",
                         ", ".join(f"{cause} {s / seconds:.0%}" for cause, s in parts)])
    return table(["stage", "GPU", "ms", "of the peak", "bound by"], rows)


def gaps(stage, gpu):
    """By kind: what it takes beyond its useful products at the peak of the tensor cores; the largest first."""
    rows = []
    for name, kind in by_kind(stage).items():
        causes = estimate(kind, gpu)
        seconds, ideal = sum(causes.values()), kind["products"] / (gpu["processors"] * gpu["clock"] * gpu["products"])
        rows.append((seconds - ideal, name, kind, seconds, ideal, max(causes.items(), key=lambda item: item[1])))
    return sorted(rows, key=lambda row: -row[0])


def gaps_table(stage, gpu):
    rows = []
    for gap, name, kind, seconds, ideal, (cause, part) in gaps(stage, gpu):
        rows.append([name, len(kind["launches"]), f"{1e3 * seconds:.3f}", f"{1e3 * ideal:.3f}", f"{1e3 * gap:.3f}",
                     wasted(kind["products"], sum(l["products"] for l in kind["launches"])),
                     f"{cause}, {part / seconds:.0%}"])
    return table(["ops", "launches", "ms", "its products at the peak", "gap", "wasted products", "bound by"], rows)


def kernels_table(stage):
    kernels = defaultdict(list)
    for launch in stage["launches"]:
        kernels[launch["kernel"]].append(launch)
    rows = []
    for name, launches in sorted(kernels.items()):
        t = stage_sums({"launches": launches, "ops": []})
        rows.append([f"`{name}`", len(launches), f"{t['products'] / 1e9:.1f}", f"{ratio(t):.2f}",
                     f"{sum(map(l2_bytes, launches)) / 1e6:.0f}", f"{t['wavefronts'] / 1e6:.1f}",
                     f"{conflicts(t):.2%}"])
    return table(["kernel", "launches", "products, 10^9", "sectors / useful bytes", "MB through the L2",
                  "wavefronts, 10^6", "bank conflicts"], rows)


def largest_gap(stages, gpu):
    found = [(*row, stage) for stage, s in stages.items() for row in gaps(s, gpu)]
    gap, name, _, _, _, (cause, _), stage = max(found, key=lambda row: row[0])
    return (f"**The largest gap on H200**: {name} in the {stage}, {1e3 * gap:.2f} ms beyond their products at the "
            f"peak, bound by {cause}.")


def useful_on_tensor_cores(stage):
    """Attention in floats has no products on them."""
    return sum(k["products"] for k in by_kind(stage).values() if any(l["products"] for l in k["launches"]))


def milliseconds(stage, gpu):
    return 1e3 * sum(sum(estimate(kind, gpu).values()) for kind in by_kind(stage).values())


def targets_table(stages, gpu):
    """What was aimed at on paper for BK-SDM-Tiny at 512x512 on H200."""
    step, decoder = stages["guided step"], stages["decoder"]
    sums, of_products = stage_sums(step), stage_sums({"launches": [l for s in (step, decoder) for l in s["launches"]
                                                                   if l["products"]], "ops": []})
    waste = 1 - useful_on_tensor_cores(step) / sums["products"]
    rows = [("guided step, ms", milliseconds(step, gpu), 3.3, "{:.2f}"), ("decoder, ms", milliseconds(decoder, gpu), 8, "{:.2f}"),
            ("launches of a step", sums["launches"], 190, "{:.0f}"),
            ("sectors / useful bytes, step", ratio(sums), 1.15, "{:.2f}"),
            ("sectors / useful bytes, decoder", ratio(stage_sums(decoder)), 1.15, "{:.2f}"),
            ("wasted products of a step", 100 * waste, 10, "{:.1f} %"),
            ("bank conflicts of kernels with products", 100 * conflicts(of_products), 0, "{:.2f} %")]
    return table(["of H200", "target at most", "counted or estimated", ""],
                 [(name, f"{most:g}", text.format(value), "met" if value <= most else "**not met**")
                  for name, value, most, text in rows])


def report(stages):
    h200 = GPUS["H200"]
    parts = ["# CUDA kernels, as counted\n",
             "**These are estimates, not measurements**: no GPU has run these kernels. By `tools/cuda-report --counts`,\n"
             "from what the emulator counted in BK-SDM-Tiny, 512x512, guided, halves, with our own kernels for all\n"
             "products. Of a launch up to 12 blocks are executed and stand for the others. `tools/cuda_estimate.py`\n"
             "is the model. It knows no latencies, and takes the blocks of a launch for equal: the last block of a split\n"
             "product, which adds up the slices, costs more than it says.\n",
             SOURCES + "\n", "## Targets\n", targets_table(stages, h200), "\n## Counts\n", counts_table(stages),
             "\nSectors are of 32 bytes, by request of a warp, and useful bytes what its lanes asked for. Wasted\n"
             "products are of tiles past the end of a matrix, and of keys past the last.\n",
             "## Estimates\n", times_table(stages), "\n" + largest_gap(stages, h200)]
    for name, stage in stages.items():
        parts += [f"\n## {name[0].upper() + name[1:]}\n", "On H200, by op:\n", gaps_table(stage, h200), "",
                  kernels_table(stage)]
    return "\n".join(parts)
