#!/usr/bin/env python3
"""The ASCII transformer and PyTorch in one sitting.

    build/bin/bench --synthesize ascii-small /tmp/small
    python bench/peers/run_ascii.py /tmp/small --gen build/bin/ascii-gen

Both draw 64 x 32 on one thread, in turn: ascii-gen from model_int8.safetensors, PyTorch (peer_ascii.py,
with a key-value cache) in f32 from the same weights. Processor times are compared, because they count
on a shared machine, and the times a person waits.
"""
import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

PEER = Path(__file__).with_name("peer_ascii.py")


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ours(options, seed):
    command = [options.gen, "--model", f"{options.folder}/model_int8.safetensors", "--device", "cpu",
               "-t", "1", "--width", str(options.width), "--height", str(options.height),
               "-s", str(seed), "--charset", "ascii", "--json", "cat"]
    if options.isa:
        command += ["--isa", options.isa]
    before = processor_seconds()
    answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return processor_seconds() - before, answer["ms"] / 1000


def theirs(options):
    command = [sys.executable, PEER, options.folder, "--width", str(options.width), "--height",
               str(options.height), "--threads", "1", "--repeat", "1", "--json"]
    command += ["--compile"] if options.compile else []
    answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer["processor_seconds"], answer["seconds"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--gen", default="build/bin/ascii-gen")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--height", type=int, default=32)
    parser.add_argument("--isa")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    measured = {"ascii-gen, int8": [], "PyTorch, f32": []}
    for seed in range(options.rounds):
        measured["ascii-gen, int8"].append(ours(options, seed))
        measured["PyTorch, f32"].append(theirs(options))
    cells = options.width * options.height
    print(f"{options.width} x {options.height}, one thread, median of {options.rounds} "
          f"({time.strftime('%Y-%m-%d')})\n")
    print("| engine | processor s | waited s | characters a second |\n|---|---|---|---|")
    medians = []
    for name, pairs in measured.items():
        processor, waited = (statistics.median(column) for column in zip(*pairs))
        medians.append(processor)
        print(f"| {name} | {processor:.2f} | {waited:.2f} | {cells / processor:.0f} |")
    print(f"\nratio of processor times: {medians[1] / medians[0]:.2f}")


if __name__ == "__main__":
    main()
