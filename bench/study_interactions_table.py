#!/usr/bin/env python3
"""Medians over seeds of bench/results/study_interactions.jsonl as the table of docs/interactions.md."""
import json
import pathlib
import statistics

rows = {}
for line in (pathlib.Path(__file__).parent / "results/study_interactions.jsonl").read_text().splitlines():
    record = json.loads(line)
    rows.setdefault((record["set"], record["row"]), []).append(record)

print("| row | seeds | tensor | F1 1-SE | F1 debiased, median (least) | relative error 1-SE | debiased | fit, s |")
print("| --- | --- | --- | --- | --- | --- | --- | --- |")
for (slip, row), records in rows.items():
    for tensor in ("h", "k"):
        if tensor not in records[0]:
            continue
        seconds = statistics.median(r["fit_s"] for r in records)
        if row == "null":
            nothing = sum(r[tensor]["debiased"]["chosen"] == 0 and r[tensor]["penalised"]["chosen"] == 0 for r in records)
            print(f"| {slip} {row} | {len(records)} | {tensor.upper()} | nothing chosen in {nothing} | | | | {seconds:.1f} |")
            continue

        def median(stage, what):
            return statistics.median(r[tensor][stage][what] for r in records)

        least = min(r[tensor]["debiased"]["f1"] for r in records)
        print(f"| {slip} {row} | {len(records)} | {tensor.upper()} | {median('penalised', 'f1'):.3f} | {median('debiased', 'f1'):.3f} ({least:.3f}) "
              f"| {median('penalised', 'relative_error'):.4f} | {median('debiased', 'relative_error'):.4f} | {seconds:.1f} |")
