#!/usr/bin/env python3
"""Tables of bench/study_domain.sh: study_domain.py FOLDER."""
import json
import pathlib
import sys

NOTES = {"every2": ", every second state (steps of 2 %)"}


def text(value, form, scale=1):
    return "-" if value is None else format(scale * value, form)


def main():
    folder = pathlib.Path(sys.argv[1])
    for model in ("cu", "cu_uniaxial", "ti", "fe"):
        print(f"\n{model}\n")
        print("| run | error, degrees | skill over the path | verdict | fine, doubtful, outside, % of the voxels | mean measure | AUC, voxels | AUC, runs |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for part in ("inside", "made", "every2", "crystal"):
            path = folder / f"{model}.{part}.json"
            if not path.exists():
                continue
            for a in json.loads(path.read_text())["archives"]:
                d = a["domain"]
                print(f"| {pathlib.Path(a['file']).stem}{NOTES.get(part, '')} | {a['steps'][-1]['error_deg']['mean']:.2f} | {text(a['skill_path'], '.3f')} "
                      f"| {d['verdict']} | {100 * d['fine']:.1f}, {100 * d['doubtful']:.1f}, {100 * d['outside']:.1f} | {d['measure_mean']:.2f} "
                      f"| {text(d['auc_voxels'], '.3f')} | {text(d['auc_runs'], '.2f')} |")


main()
