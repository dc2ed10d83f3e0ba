"""Error against cost of all models in one picture (needs matplotlib).

    study_picture.py NONLOCAL NETWORKS LOCAL FILE.png

NONLOCAL, NETWORKS and LOCAL are bench/results/study_{nonlocal,networks,local}.jsonl. Rows named `shipped` are the shipped models.
"""
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import study_table as table


def rate(row):
    """The fastest way there is to run it: the engine, else LibTorch."""
    return row.get("engine_voxel_steps_per_second") or row.get("libtorch_voxel_steps_per_second") or row.get(
        "voxel_steps_per_second")


def draw(nonlocal_file, networks_file, local_file, picture):
    figure, axes = plt.subplots(figsize=(8, 5.4), dpi=150)
    nonlocal_rows = {r["name"]: r for r in table.lines(nonlocal_file) if rate(r)}
    networks = {r["name"]: r for r in table.lines(networks_file)}
    local = [r for r in table.lines(local_file) if rate(r)]

    for name, label, style in (("persistence", "nothing turns", ":"), ("taylor", "Taylor, no hardening", "--")):
        error = table.mean(networks[name], "error_deg")
        axes.axhline(error, color="0.45", linestyle=style, linewidth=1)
        axes.annotate(label, (0.995, error), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8,
                      color="0.35")

    def points(rows, marker, colour, label, names=()):
        axes.plot([rate(r) for r in rows], [table.mean(r, "error_deg") for r in rows], marker, color=colour, label=label,
                  markersize=6)
        for r, text in zip(rows, names):
            if text:
                axes.annotate(text, (rate(r), table.mean(r, "error_deg")), xytext=(5, 4), textcoords="offset points",
                              fontsize=7, color=colour)

    def is_shipped(row):
        return row["name"] == "shipped"

    points([r for r in local if not is_shipped(r)], "s", "tab:orange", "local: 3 radii, LSTM and GRU")
    cube = [r for n, r in networks.items() if n == "cube_embedding"]
    points(cube, "D", "tab:brown", "cube of 27, no memory (LibTorch)")
    for name, marker, label in (("convolutions", "^", "plain convolutions (LibTorch)"), ("unet", "v", "U-Net (LibTorch)")):
        if name in networks:
            points([networks[name]], marker, "tab:green", label)
    short = [r for n, r in nonlocal_rows.items() if (r.get("settings") or {}).get("steps") == 240]
    points(short, ".", "tab:cyan", "nonlocal, 240 optimiser steps, one setting changed")
    passes = sorted((nonlocal_rows[n] for n in ("long_passes_2", "long", "long_passes_8") if n in nonlocal_rows), key=rate)
    axes.plot([rate(r) for r in passes], [table.mean(r, "error_deg") for r in passes], "-", color="tab:blue", linewidth=1)
    points(passes, "o", "tab:blue", "nonlocal, 600 optimiser steps",
           ["K = " + str(r["settings"]["passes"]) for r in passes])
    points([nonlocal_rows["long_width_24"]], "p", "tab:purple", "the same, width 24")
    shipped = [r for r in local + list(nonlocal_rows.values()) if is_shipped(r)]
    points(shipped, "*", "tab:red", "shipped models", ["" for _ in shipped])

    axes.set_xscale("log")
    axes.set_xlabel("voxel-steps a second, one core")
    axes.set_ylabel("mean error at 13 % strain, degrees")
    axes.set_ylim(0, None)
    axes.grid(True, which="major", color="0.9")
    axes.set_axisbelow(True)
    axes.legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncol=3, frameon=False)
    figure.tight_layout()
    figure.savefig(picture)


if __name__ == "__main__":
    draw(*sys.argv[1:])
