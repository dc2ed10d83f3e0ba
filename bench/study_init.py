"""The table of the fine-tuning study (bench/study_init.sh): study_init.py FOLDER, in Markdown on stdout."""
import json
import os
import sys


def main():
    groups = {}
    with open(os.path.join(sys.argv[1], "rows.jsonl")) as f:
        for row in map(json.loads, filter(str.strip, f)):
            name, seed = os.path.splitext(os.path.basename(row["model"]))[0].rsplit("_s", 1)
            score = row["validation"][0]
            skill = 1 - score["error_deg"][-1] / score["persistence_deg"][-1]
            groups.setdefault((name, round(row["epochs"])), {})[int(seed)] = (skill, score["r2_one_step"], score["curve"], score["local_stress"])
    print("| start | epochs | skill, seeds | mean | one-step R2, mean | mean stress curve, error % | local stress, error / uniform |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for (name, epochs), rows in sorted(groups.items()):
        rows = [rows[seed] for seed in sorted(rows)]
        mean = [sum(column) / len(rows) for column in zip(*rows)]
        skills = ", ".join(f"{r[0]:.3f}" for r in rows)
        print(f"| {name} | {epochs:g} | {skills} | {mean[0]:.3f} | {mean[1]:.3f} | {100 * mean[2]:.1f} | {mean[3]:.2f} |")


main()
