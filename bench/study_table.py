"""Tables and learning curve of the accuracy study; study_picture.py draws them.

    study_table.py FOLDER                      rows.jsonl and rates.jsonl of bench/study_nonlocal.sh, without paths, on stdout
    study_table.py NONLOCAL NETWORKS PAGE.md   writes the tables into the page, between its `study:` comments

The learning curve is err = b n^-c, fitted to the logarithms of the end error (and of 1 - R2) by least squares.
"""
import json
import math
import os
import re
import sys

RUNS = ("cu_uniaxial_12", "cu_uniaxial_15", "cu_uniaxial_23")
ALL_RUNS = 19


def lines(path):
    with open(path) as f:
        return [json.loads(line) for line in f if line.strip()]


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def collect(folder):
    """One row a model: settings and scores of the training, rates of bench/study_rate."""
    rates_file = os.path.join(folder, "rates.jsonl")
    rates = {r["name"]: r for r in lines(rates_file)} if os.path.exists(rates_file) else {}
    for row in lines(os.path.join(folder, "rows.jsonl")):
        name = stem(row.pop("model"))
        validation = row.pop("validation")
        out = {"name": name, **row}
        for backend in ("engine", "libtorch"):
            if name in rates and rates[name][backend]:
                out[backend + "_voxel_steps_per_second"] = round(rates[name][backend])
        out["scores"] = [{"run": stem(v["file"]), "error_deg": v["error_deg"], "persistence_deg": v["persistence_deg"][-1],
                          "skill": v["skill_persistence"], "r2_one_step": v["r2_one_step"], "r2_rolled": v["r2_rolled"]}
                         for v in validation]
        print(json.dumps(out))


def three(row, key, form, scores="scores"):
    by_run = {s["run"]: s for s in row[scores]}
    values = [by_run[r][key] for r in RUNS if r in by_run]
    return " / ".join(form.format(v[-1] if isinstance(v, list) else v) for v in values)


def mean(row, key):
    values = [s[key][-1] if isinstance(s[key], list) else s[key] for s in row["scores"]]
    return sum(values) / len(values)


def thousand(v):
    return "-" if v is None else f"{v / 1e3:.3g} k"


# What a row is called, in the order of the table.
LABELS = {
    "base": "4 passes, 12 channels: the row that the others differ from",
    "base_seed2": "the same, another seed", "base_seed3": "the same, a third seed",
    "passes_0": "no pass (a learned Taylor model)", "passes_2": "2 passes", "passes_8": "8 passes", "passes_12": "12 passes",
    "channels_6": "6 channels", "channels_18": "18 channels", "width_24": "width 24", "polarisations_1": "1 polarisation",
    "polarisations_6": "6 polarisations", "not_carried": "state not carried", "memory_0": "no memory",
    "stateless": "neither state nor memory", "ungated": "ungated (linear)", "compressible": "compressible operator, beta 0.6",
    "learned": "learned operator", "sine": "sine frequencies", "own_path": "last quarter on its own path",
    "lr_half": "learning rate 0.002", "lr_double": "learning rate 0.008",
    "long": "**600 steps**: 4 passes, 12 channels", "long_seed2": "600 steps, another seed", "long_passes_2": "600 steps, 2 passes",
    "long_passes_8": "600 steps, 8 passes", "long_width_24": "600 steps, width 24", "long_channels_6": "600 steps, 6 channels",
    "long_stateless": "600 steps, neither state nor memory", "long_own_path": "600 steps, last quarter on its own path",
    "runs_1": "600 steps, 1 training run", "runs_2": "600 steps, 2 training runs", "runs_4": "600 steps, 4 training runs",
    "runs_8": "600 steps, 8 training runs",
    "convolutions": "plain convolutions, 8 layers, 64 channels", "unet": "U-Net, 3 levels, 56 to 224 channels",
    "cube_embedding": "cube of 27, embedding", "cube_quaternion": "cube of 27, quaternion",
    "cube_quaternion_any": "cube of 27, quaternion, any equivalent", "cube_columns": "cube of 27, 6-D",
    "cube_columns_any": "cube of 27, 6-D, any equivalent", "cube_euler": "cube of 27, Bunge angles",
    "cube_euler_any": "cube of 27, Bunge angles, any equivalent", "taylor": "Taylor, no hardening",
    "persistence": "nothing turns",
}


def ordered(rows):
    names = list(LABELS)
    return sorted(rows, key=lambda r: names.index(r["name"]))


def row_of(row):
    if "parameters" not in row:
        return f"| {LABELS[row['name']]} | | | {three(row, 'skill', '{:.3f}')} | {three(row, 'error_deg', '{:.2f}')} | | |"
    steps = row.get("optimiser_steps") or row["settings"]["steps"]
    rate = row.get("voxel_steps_per_second") or row.get("libtorch_voxel_steps_per_second")
    return (f"| {LABELS[row['name']]} | {thousand(row['parameters'])} | {three(row, 'r2_one_step', '{:.3f}')} | "
            f"{three(row, 'skill', '{:.3f}')} | {three(row, 'error_deg', '{:.2f}')} | {steps} | {thousand(rate)} |")


HEAD = ("| row | parameters | R2 one step | skill at 13 % | end error, degrees | optimiser steps | voxel-steps/s |\n"
        "| --- | --- | --- | --- | --- | --- | --- |")


def fit(points):
    """ln y = ln b - c ln n: b, c, the standard error of c, and a function n -> (y, factor of one standard error of a forecast)."""
    x = [math.log(n) for n, _ in points]
    y = [math.log(v) for _, v in points]
    m, mx, my = len(x), sum(x) / len(x), sum(y) / len(y)
    sxx = sum((a - mx) ** 2 for a in x)
    slope = sum((a - mx) * (b - my) for a, b in zip(x, y)) / sxx
    rest = sum((b - my - slope * (a - mx)) ** 2 for a, b in zip(x, y))
    s = math.sqrt(rest / (m - 2)) if m > 2 else float("nan")

    def forecast(n):
        d = math.log(n) - mx
        return math.exp(my + slope * d), math.exp(s * math.sqrt(1 + 1 / m + d * d / sxx))

    return math.exp(my - slope * mx), -slope, s / math.sqrt(sxx), forecast


def learning_curve(rows):
    """Rows runs_N, and `long` with all the training runs there are."""
    points = sorted(((ALL_RUNS if r["name"] == "long" else int(r["name"].split("_")[1]), r) for r in rows
                     if r["name"] == "long" or r["name"].startswith("runs_")), key=lambda p: p[0])
    for title, value in (("end error, degrees", lambda r: mean(r, "error_deg")),
                         ("1 - R2 of one step", lambda r: 1 - mean(r, "r2_one_step"))):
        data = [(n, value(r)) for n, r in points]
        print(f"\n{title}: " + ", ".join(f"{n} runs {v:.3f}" for n, v in data))
        if len(data) < 3:
            continue
        b, c, error, forecast = fit(data)
        print(f"fit {b:.2f} n^-{c:.3f}, exponent within {error:.3f}")
        for n in (40, 80, 160):
            y, factor = forecast(n)
            print(f"  {n} runs: {y:.3f} ({y / factor:.3f} to {y * factor:.3f})")


def equivalents(rows):
    """Trained networks on the same validation runs, another equivalent orientation in every voxel."""
    rows = [r for r in rows if r["name"].startswith("cube")]
    if not rows:
        return ""
    out = ["| trained on | R2 one step, orientations as stored | R2, any equivalent | skill as stored | skill, any equivalent |",
           "| --- | --- | --- | --- | --- |"]
    for r in rows:
        if "scores_any" in r:
            cells = [three(r, key, "{:.3f}", scores) for key in ("r2_one_step", "skill") for scores in ("scores", "scores_any")]
            out.append(f"| {LABELS[r['name']]} | " + " | ".join(cells) + " |")
    return "\n".join(out)


def write_page(nonlocal_file, networks_file, page):
    rows, networks = ordered(lines(nonlocal_file)), ordered(lines(networks_file))
    parts = {"nonlocal": "\n".join([HEAD] + [row_of(r) for r in rows]),
             "networks": "\n".join([HEAD] + [row_of(r) for r in networks]),
             "equivalents": equivalents(networks)}
    with open(page) as f:
        text = f.read()
    for name, table in parts.items():
        pattern = re.compile(f"(<!-- study: {name} -->\n).*?(<!-- /study -->)", re.S)
        if not pattern.search(text):
            sys.exit(f"{page}: no place for the table `{name}`")
        text = pattern.sub(lambda m: m.group(1) + "\n" + table + "\n\n" + m.group(2), text)
    with open(page, "w") as f:
        f.write(text)
    learning_curve(rows)


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    if len(arguments) == 1:
        collect(arguments[0])
    elif len(arguments) == 3:
        write_page(*arguments)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
