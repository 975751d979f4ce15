#!/usr/bin/env python3
"""Runs `bench_kernels` and the program of onednn.cpp on the same rows, by turns, as a table."""
import argparse
import json
import math
import os
import re
import subprocess
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
    parser.add_argument("--onednn", type=Path, required=True, help="the program of onednn.cpp")
    parser.add_argument("--rows", default="^(linear|conv3x3)/(int8|bf16)_amx/",
                        help="which of bench_kernels, as a regular expression")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; the best is printed")
    a = parser.parse_args()
    lines = []
    for row in rows(a):
        pairs = [(ours(a, row), *theirs(a, row)) for _ in range(a.rounds)]
        own, other = (gmacs(row) / min(pair[i] for pair in pairs) * 1000 for i in (0, 1))
        lines.append(f"| {row} | {own:.0f} | {other:.0f} | {own / other:.2f} |")
    print(f"| GMAC/s | ours | oneDNN {pairs[0][2]} | ours / theirs |\n|---|---:|---:|---:|",
          *lines, sep="\n")


if __name__ == "__main__":
    main()
