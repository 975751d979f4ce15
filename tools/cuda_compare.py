"""Compares what the emulator counted with what Nsight Compute measured, as Markdown.

Of three kernels of a guided step, those that take longest by the estimate. The error of a count is that of the
model, the error of the time that of the estimate.
"""
import csv
import re
from collections import defaultdict

import cuda_estimate

PRODUCTS_OF_MMA = 16 * 8 * 16
# The metric of Nsight Compute, the name in the table, and the number that the emulator counts.
METRICS = {
    "sm__inst_executed_pipe_tensor_op_hmma.sum": ("mma", lambda l: l["products"] / PRODUCTS_OF_MMA),
    "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum": ("wavefronts", lambda l: l["wavefronts"]),
    "l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum": ("bank conflicts", lambda l: l["conflicts"]),
    "l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum": ("sectors loaded", lambda l: l["read_sectors"]),
    "l1tex__t_sectors_pipe_lsu_mem_global_op_st.sum": ("sectors stored", lambda l: l["written_sectors"]),
    "lts__t_sectors_op_read.sum": ("L2 sectors read", lambda l: l["sectors_once"] + l["copied_sectors"]),
    "lts__t_sectors_op_write.sum": ("L2 sectors written", lambda l: l["written_sectors"]),
}
DURATION = "gpu__time_duration.sum"
KERNELS = 3


def short(name):
    """As the emulator names kernels: without namespaces, types of literals and arguments."""
    name = re.sub(r"<unnamed>::|\(anonymous namespace\)::|yent::cuda::|\((?:int|bool|unsigned int)\)", "", name)
    return re.sub(r"\(.*$", "", re.sub(r"^void ", "", name)).strip()


def blocks(grid):
    product = 1
    for side in re.findall(r"\d+", grid):
        product *= int(side)
    return product


def load(path):
    """Launches of `ncu --csv --print-units base`, which has a row for each of their metrics."""
    with open(path, newline="") as file:
        lines = [line for line in file if line.startswith('"')]
    launches = defaultdict(dict)
    for row in csv.DictReader(lines):
        launch = launches[row["ID"]]
        launch["kernel"], launch["blocks"] = short(row["Kernel Name"]), blocks(row["Grid Size"])
        try:
            launch[row["Metric Name"]] = float(row["Metric Value"].replace(",", ""))
        except ValueError:
            pass  # n/a: this GPU does not have the metric
    return list(launches.values())


def seconds(launch, gpu):
    return max(cuda_estimate.bounds(launch, gpu).values()) + cuda_estimate.LAUNCH


def is_ours(launch):
    """Always our own kernels, whatever cuBLASLt computes."""
    return "ConvView" in launch["kernel"] or launch["kernel"].startswith(("flash_kernel", "whole_kernel"))


def pairs(counted, measured):
    """Launches of a step and the same ones as measured, which are among others: the same kernels with the same
    numbers of blocks in the same order."""
    counted, measured = list(filter(is_ours, counted)), list(filter(is_ours, measured))

    def same(one, other):
        return one["kernel"] == other["kernel"] and int(one["blocks"]) == int(other["blocks"])

    for first in range(len(measured) - len(counted) + 1):
        found = list(zip(counted, measured[first:]))
        if all(same(*pair) for pair in found):
            return found
    raise SystemExit("the launches that were counted are not among those that were measured: a GPU with another number "
                     "of processors, or other kernels")


def longest(found, gpu):
    """Of each kernel the launch that takes longest, of the kernels that take longest."""
    found = sorted(found, key=lambda pair: -seconds(pair[0], gpu))
    first = {}
    for counted, measured in found:
        first.setdefault(counted["kernel"], (counted, measured))
    return list(first.values())[:KERNELS]


def difference(count, value):
    if value == 0:
        return "" if count == 0 else "none"
    return f"{count / value - 1:+.1%}"


def report(stages, measured, gpu_name):
    gpu = cuda_estimate.GPUS[gpu_name]
    rows = []
    for ours, theirs in longest(pairs(stages["guided step"]["launches"], measured), gpu):
        numbers = [(name, number(ours), theirs[metric]) for metric, (name, number) in METRICS.items() if metric in theirs]
        if DURATION in theirs:
            numbers.append(("microseconds", seconds(ours, gpu) * 1e6, theirs[DURATION] / 1e3))
        rows += [[f"`{ours['kernel']}`", ours["blocks"], name, f"{count:.0f}", f"{value:.0f}", difference(count, value)]
                 for name, count, value in numbers]
    return (f"# Counted and estimated, against Nsight Compute on {gpu_name}\n\n"
            + cuda_estimate.table(["kernel", "blocks", "of a launch", "by the emulator", "measured", "error"], rows))
