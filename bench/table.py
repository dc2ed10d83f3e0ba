"""Google Benchmark's JSON files of one run as one Markdown table on stdout: table.py FOLDER

No host name and no path: the machine is its processor, and its GPU where there is one.
"""
import glob
import json
import os
import re
import subprocess
import sys


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def processor():
    try:
        with open("/proc/cpuinfo") as f:
            name = re.search(r"^model name\s*:\s*(.*)$", f.read(), re.M).group(1)
    except (OSError, AttributeError):
        name = os.uname().machine
    return re.sub(r"\s+", " ", re.sub(r"\((R|TM|r|tm)\)|CPU|Processor|@.*", "", name)).strip()


def commit():
    here = os.path.dirname(os.path.abspath(__file__))
    for stamp in (os.path.join(here, "commit"), os.path.join(here, "..", "commit")):  # in a bundle
        if os.path.exists(stamp):
            with open(stamp) as f:
                return f.read().strip()
    name = output("git", "-C", here, "rev-parse", "--short=12", "HEAD")
    dirty = output("git", "-C", here, "status", "--porcelain", "--untracked-files=no")
    return (name or "unknown") + ("-dirty" if dirty else "")


def number(value):
    for unit, scale in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value:.3g}"


STANDARD = {"name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions", "repetition_index",
            "threads", "iterations", "real_time", "cpu_time", "time_unit", "label", "items_per_second", "bytes_per_second",
            "error_occurred", "error_message", "aggregate_name", "aggregate_unit"}


def row(b):
    name = re.sub(r"/(iterations|min_time|repeats):[^/]*|/(manual|real)_time", "", b["name"])
    if b.get("error_occurred"):
        return f"| {name} | | | not run: {b['error_message']} |"
    rate = ""
    if "items_per_second" in b:
        rate = number(b["items_per_second"]) + "/s"
    elif "bytes_per_second" in b:
        rate = f"{b['bytes_per_second'] / 1e6:.0f} MB/s"
    elif "GB_s" in b:
        rate = f"{b['GB_s']:.3g} GB/s"
    notes = [b["label"]] if b.get("label") else []
    notes += [f"{k} {number(v)}" for k, v in b.items() if k not in STANDARD and k != "GB_s" and isinstance(v, (int, float))]
    return f"| {name} | {b['real_time']:.3g} {b['time_unit']} | {rate} | {', '.join(notes)} |"


def parsed(text):
    """A file, or the rows of one that a time limit cut short."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    end = text.rfind("\n    }")
    try:
        return json.loads(text[:end] + "\n    }\n  ]\n}") if end > 0 else None
    except ValueError:
        return None


def main():
    files = sorted(glob.glob(os.path.join(sys.argv[1], "*.json")))
    gpu = output("nvidia-smi", "--query-gpu=name,driver_version,clocks.sm", "--format=csv,noheader").splitlines()
    machine = processor()
    print("# Benchmarks\n")
    slug = re.sub(r"[^a-z0-9]+", "-", (machine + (" " + gpu[0].split(",")[0] if gpu else "")).lower()).strip("-")
    print(f"machine: {slug}\ncommit: {commit()}\n")
    print(f"- processor: {machine}, {os.cpu_count()} threads")
    print(f"- GPU: {gpu[0] if gpu else 'none'}")
    loads = []
    rows = []
    ceilings = {}
    for path in files:
        with open(path) as f:
            text = f.read()
        data = parsed(text)
        if data is None:
            rows.append(f"| {os.path.basename(path)[:-5]} | | | ended before it wrote its results |")
            continue
        loads.append(data["context"].get("load_avg", [0])[0])
        ceilings.update({k: v for k, v in data["context"].items() if k.startswith("ceiling, ")})
        rows += [row(b) for b in data["benchmarks"]]
    if loads:
        print(f"- load average while it ran: {min(loads):.1f} to {max(loads):.1f} (above the number of threads the machine "
              "was busy with other work: only ratios within a row mean something)")
    for name, rate in ceilings.items():
        print(f"- {name}: {rate}")
    print("\nitems are voxel-steps (engine) or samples (training); of_copy is the share of a plain copy's rate in the same run. "
          "Gather kinds: 0 in order, 1 scattered centres, 2 from quaternions, embedded on the way.\n")
    print("| benchmark | time | rate | notes |\n| --- | --- | --- | --- |")
    print("\n".join(rows))


main()
