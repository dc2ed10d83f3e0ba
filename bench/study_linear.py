#!/usr/bin/env python3
"""What a voxel-step of the local family costs, and what memory a run takes, as the grid grows: a table on standard output.

  bench/study_linear.py FOLDER [--program build/bin/grainspin] [--edges 64,128,256,512] [--memory 400MB] [--rounds 1]
                        [--model FILE] [--threads N] [--hidden 64] [--streaming]

Periodic Voronoi grids are made in FOLDER (kept; 2.7 GB at 512^3) and carried through 13 steps by `predict --precision fast`, the last step
written as packed32, in the memory given. Without --model: an LSTM of --hidden units with random weights, `initial`, written to FOLDER.
Time is the processor's (user and system), which other work on the machine stretches but does not add to; memory is the largest
resident set, libraries included. Small grids are run several times a round; the median counts. What a grid of 8^3 takes, the program's
start (with LibTorch linked 0.3 s), is taken off before the cost of a voxel-step is formed.

--streaming: in its place every step is written as float32, as it is and compressed, and the stages of `predict --profile` are told: files
or computing, whichever is slower, and the wall time over its work.
"""
import argparse
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def size(text):
    for unit, factor in (("GB", 10**9), ("MB", 10**6)):
        if text.endswith(unit):
            return float(text[: -len(unit)]) * factor
    raise SystemExit(f"--memory {text}: wanted a size such as 400MB")


def random_model(path, hidden=64):
    """The shipped local model's description with `initial` and random weights, uniform within 1/sqrt(hidden) as PyTorch starts."""
    with open(os.path.join(ROOT, "networks/pretrained/cu_uniaxial_local.safetensors"), "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
    about = header["__metadata__"]
    about["domain"] = about["scores"] = "{}"
    about["settings"] = json.dumps({"cell": "lstm", "feedback": "initial", "hidden": hidden, "layers": 1, "radius": 1, "stress": False, "variance": False})
    about["provenance"] = json.dumps({"command": "bench/study_linear.py, random weights"})
    shapes = {"head.increment.bias": [3], "head.increment.weight": [3, hidden], "rnn.bias_hh_l0": [4 * hidden], "rnn.bias_ih_l0": [4 * hidden],
              "rnn.weight_hh_l0": [4 * hidden, hidden], "rnn.weight_ih_l0": [4 * hidden, 243]}
    rng, data, new = random.Random(1), b"", {"__metadata__": about}
    for name, shape in shapes.items():
        count, bound = shape[0] * (shape[1] if len(shape) > 1 else 1), hidden**-0.5
        part = struct.pack(f"<{count}f", *(rng.uniform(-bound, bound) for _ in range(count)))
        new[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(new).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def measured(command):
    """Processor seconds, elapsed seconds and largest resident bytes of a program."""
    start = time.monotonic()
    child = subprocess.Popen(command)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {child.returncode}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss * 1024


def make_grid(program, edge, path):
    if os.path.exists(path):
        return
    seconds, wall, _ = measured([program, "make", "voronoi", "-o", path, "--cells", *[str(edge)] * 3, "--grains", str(max(8, edge**3 // 2000)), "--seed", "1", "--quiet"])
    print(f"{edge}^3 made in {seconds:.1f} s ({wall:.0f} elapsed)", file=sys.stderr, flush=True)


def streaming(a, model, edges, at):
    print("| grid | written | wall, s | files, s | computing, s | wall time of the slower |\n| --- | --- | --- | --- | --- | --- |")
    for edge in edges:
        grid, out, profile = at(f"voronoi_{edge}.h5"), at("out.h5"), at("profile.json")
        make_grid(a.program, edge, grid)
        for compressed in (False, True):
            measured([a.program, "predict", model, grid, "-o", out, "--precision", "fast", "--memory", a.memory, "--threads", a.threads, "--quiet", "--profile-json", profile]
                     + ["--compress"] * compressed)
            os.remove(out)
            with open(profile) as f:
                p = json.load(f)
            work = lambda thread: sum(s["seconds"] for s in p["stages"] if s["thread"] == thread and not s["stage"].startswith("wait"))
            print(f"| {edge}^3 | {'compressed' if compressed else 'as it is'} | {p['wall_s']:.2f} | {work('files'):.2f} | {work('compute'):.2f} | {p['wall_of_slowest']:.3f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--program", default=os.path.join(ROOT, "build/bin/grainspin"))
    parser.add_argument("--edges", default="64,128,256,512")
    parser.add_argument("--memory", default="400MB")
    parser.add_argument("--model")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--streaming", action="store_true")
    parser.add_argument("--rounds", type=int, default=1)
    a = parser.parse_args()
    os.makedirs(a.folder, exist_ok=True)
    at = lambda name: os.path.join(a.folder, name)
    edges = [int(e) for e in a.edges.split(",")]
    model = a.model or at(f"initial_{a.hidden}.safetensors")
    if not a.model:
        random_model(model, a.hidden)
    if a.streaming:
        return streaming(a, model, edges, at)
    options = ["--precision", "fast", "--memory", a.memory, "--steps", "last", "--orientation", "packed32", "--threads", a.threads, "--quiet"]
    tiny, out = at("voronoi_8.h5"), at("out.h5")
    make_grid(a.program, 8, tiny)
    starts = statistics.median(measured([a.program, "predict", model, tiny, "-o", out] + options)[0] for _ in range(5))
    os.remove(out)
    print(f"the program's start: {starts:.2f} s", file=sys.stderr)
    runs, overlap = {e: [] for e in edges}, {e: [] for e in edges}
    for _ in range(a.rounds):
        for edge in edges:
            grid, profile = at(f"voronoi_{edge}.h5"), at("profile.json")
            make_grid(a.program, edge, grid)
            command = [a.program, "predict", model, grid, "-o", out] + options
            large = edge >= 256  # the profile measures the disk too, 0.2 s, which is not a small grid's cost
            for n in range(1 if large else 256 // edge + 1):
                told = n == 0
                cpu, wall, rss = measured(command + (["--profile-json", profile] if told else []))
                os.remove(out)
                if told:
                    with open(profile) as f:
                        overlap[edge].append(json.load(f)["wall_of_slowest"])
                if large or not told:
                    runs[edge].append((cpu, rss))
                print(f"{edge}^3: {cpu:.2f} s ({wall:.1f} elapsed), {rss / 1e6:.0f} MB{f', wall of slowest {overlap[edge][-1]:.3f}' if told else ''}", file=sys.stderr, flush=True)
    limit, steps = size(a.memory), 13
    cost = {e: (statistics.median(r[0] for r in runs[e]) - starts) / (e**3 * steps) * 1e9 for e in edges}
    middle = statistics.median(cost.values())
    print("| grid | runs | processor, s | ns a voxel-step | of the median | largest resident set, MB | limit, MB | grid's orientations in and out, MB | of the limit | wall time of the slower thread's |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for e in edges:
        data = e**3 * (16 + 2 * 4)  # float32 read; the first and the last step written, packed
        print(f"| {e}^3 | {len(runs[e])} | {statistics.median(r[0] for r in runs[e]):.2f} | {cost[e]:.1f} | {cost[e] / middle:.3f} | "
              f"{max(r[1] for r in runs[e]) / 1e6:.0f} | {limit / 1e6:.0f} | {data / 1e6:.0f} | {data / limit:.2f} | {statistics.median(overlap[e]):.3f} |")


main()
