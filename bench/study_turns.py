"""Tables from bench/study_turns.sh's rows: study_turns.py ROWS.jsonl"""
import json
import sys

NAMES = {
    "solver": "solver, the archive's time steps",
    "solver-loose": "solver, as in turns",
    "surrogate": "surrogate",
    "turns-2-uncorrected": "in turns, k = 2, rotations not corrected",
}


def main():
    with open(sys.argv[1]) as f:
        rows = [json.loads(line) for line in f if line.strip()]
    for run in dict.fromkeys(row["run"] for row in rows):
        here = {row["row"]: row for row in rows if row["run"] == run}
        voxels = next(iter(here.values()))["voxels"]
        print(f"{run}, {voxels} voxels\n")
        print("| | steps by the solver | error, degrees | stress | largest jump | CPU s | of the solver's |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for name, row in here.items():
            label = NAMES.get(name, "in turns, k = " + name.split("-")[-1])
            jump = f"{100 * row['jump']:.1f} %" if row["jump"] else ""
            share = row["seconds"] / here["solver"]["seconds"] if "solver" in here else float("nan")
            print(f"| {label} | {row['solver_steps']} | {row['error_deg']:.2f} | {100 * row['von_mises']:+.2f} % | {jump} | "
                  f"{row['seconds']:.2f} | {share:.2f} |")
        print()


main()
