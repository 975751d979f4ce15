#!/usr/bin/env python3
"""Runs `bench_kernels` and a peer on the same rows, by turns, as a table: the program of onednn.cpp,
or single convolutions of ncnn or PyTorch (layer_peer.py)."""
import argparse
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

from common import THREADS


def rows(a):
    listed = subprocess.run([a.bench, f"--benchmark_filter={a.rows}", "--benchmark_list_tests"],
                            check=True, stdout=subprocess.PIPE, text=True)
    return listed.stdout.split()


def ours(a, row):
    """Milliseconds."""
    command = [a.bench, f"--threads={THREADS}", f"--benchmark_filter=^{row}(/real_time)?$",
               "--benchmark_min_time=0.1", "--benchmark_format=json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True)
    return json.loads(done.stdout)["benchmarks"][0]["real_time"]


def theirs(a, row):
    """Milliseconds and the version."""
    if a.layer_peer:
        command = [sys.executable, Path(__file__).parent / "layer_peer.py", a.layer_peer, row,
                   str(THREADS)]
        figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        return figures["ms"], figures["version"]
    done = subprocess.run([a.onednn, row], check=True, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": str(THREADS)})
    figures = json.loads(done.stdout)
    return figures["ms"], figures["version"]


def gmacs(name):
    """GMAC of linear/KIND/ROWSxINxOUT or conv3x3/KIND/IMAGESxHxWxINtoOUT."""
    op, _, shape = name.split("/")
    return (9 if op == "conv3x3" else 1) * math.prod(map(int, re.findall(r"\d+", shape))) / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", type=Path, required=True, help="our bench_kernels")
    peer = parser.add_mutually_exclusive_group(required=True)
    peer.add_argument("--onednn", type=Path, help="the program of onednn.cpp")
    peer.add_argument("--layer-peer", choices=("ncnn_f32", "ncnn_int8", "torch_f32"),
                      help="rows must be convolutions of stride 1")
    parser.add_argument("--rows", default="^(linear|conv3x3)/(int8|bf16)_amx/",
                        help="which of bench_kernels, as a regular expression")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; the best is printed")
    a = parser.parse_args()
    lines = []
    for row in rows(a):
        pairs = [(ours(a, row), *theirs(a, row)) for _ in range(a.rounds)]
        own, other = (gmacs(row) / min(pair[i] for pair in pairs) * 1000 for i in (0, 1))
        lines.append(f"| {row} | {own:.0f} | {other:.0f} | {own / other:.2f} |")
    name = a.layer_peer or "oneDNN"
    print(f"| GMAC/s | ours | {name} {pairs[0][2]} | ours / theirs |\n|---|---:|---:|---:|",
          *lines, sep="\n")


if __name__ == "__main__":
    main()
