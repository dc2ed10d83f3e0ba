"""LASSO paths of the project and of scikit-learn on the same Gram matrices, lambdas and machine, one thread each:

    python bench/bench_interactions.py build/bin/bench_interactions [--gap 1e-10] [--out FILE.md]

Needs numpy and scikit-learn >= 1.8; where adelie is installed (the glmnet authors' later solver), its covariance method is asked for the same
coefficients. scikit-learn gets what it can use best: the precomputed Gram matrix and X^T y, no checks,
warm starts along the path, gap-safe screening; it ends a lambda when its duality gap is below --gap of y^2. The gaps
compared are computed here, by one formula for both. even: slip on all systems; sharp: on few; short: the same with one
run only, so that columns are dependent and coefficients not unique: there objectives are compared. Times are CPU seconds.
"""
import argparse
import glob
import os
import subprocess
import sys
import tempfile
import time
import warnings

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402  (after the number of threads)
import sklearn  # noqa: E402
from sklearn.linear_model import lasso_path  # noqa: E402

try:
    import adelie  # noqa: E402
except ImportError:
    adelie = None


def objective_and_gap(G, xy, yy, lam, b):
    """Of 1/2 yy - b.xy + 1/2 b G b + lam |b|_1, dual point s r with s the best that |X^T r| <= lam allows."""
    g = xy - G @ b
    yr = yy - b @ xy
    rr = yr - b @ g
    top = np.abs(g).max()
    s = min(1.0, lam / top) if top > 0 else 1.0
    s = min(s, max(yr / rr, -s)) if rr > 0 else s
    gap = (lam * np.abs(b) - b * g).sum() + (1 - s) * (yr - (1 + s) / 2 * rr)
    return 0.5 * rr + lam * np.abs(b).sum(), max(gap, 0.0) / yy


def of_adelie(G, xy, lam):
    state = adelie.solver.gaussian_cov(np.asfortranarray(G), xy, penalty=np.ones(len(xy)), lmda_path=lam, tol=1e-16, rdev_tol=0.0,
                                       early_exit=False, max_iters=10**7, progress_bar=False)
    return state.betas.toarray()


def compare(stem, wanted):
    G, xy, lam, ours = (np.load(f"{stem}_{part}.npy") for part in ("gram", "xy", "lambda", "coefficients"))
    xy, lam = np.ascontiguousarray(xy[0]), lam[0]
    yy, seconds, rank = np.load(f"{stem}_facts.npy")[0]
    X, y = np.zeros((1, len(xy)), order="F"), np.array([np.sqrt(yy)])  # only their shapes and y^2 are read
    times = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            start = time.process_time()
            theirs = lasso_path(X, y, alphas=lam, precompute=G, Xy=xy, tol=wanted, max_iter=10**6, check_input=False)[1].T
            times.append(time.process_time() - start)
    a = [objective_and_gap(G, xy, yy, l, b) for l, b in zip(lam, ours)]
    b = [objective_and_gap(G, xy, yy, l, b) for l, b in zip(lam, theirs)]
    scale = np.abs(theirs).max()
    full = scale > 0 and rank == len(xy)
    other = np.abs(ours - of_adelie(G, xy, lam)).max() / scale if adelie and full else None
    return {
        "adelie": other, "columns": len(xy), "rank": int(rank), "active": int((ours[-1] != 0).sum()), "ms": 1e3 * seconds,
        "sklearn_ms": 1e3 * float(np.median(times)), "gap": max(g for _, g in a), "sklearn_gap": max(g for _, g in b),
        "objective": max(abs(p[0] - q[0]) / q[0] for p, q in zip(a, b)),
        "coefficients": np.abs(ours - theirs).max() / scale if full else None,
        "warned": bool(caught),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--gap", type=float, default=1e-10)
    parser.add_argument("--out")
    arguments = parser.parse_args()
    lines = ["# LASSO paths beside scikit-learn's, one thread each (`bench/bench_interactions.py`)", "",
             f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}, adelie {adelie.__version__ if adelie else 'not installed'}; duality gap asked of scikit-learn: {arguments.gap:g} of y^2; "
             f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} threads", "",
             "| case | columns | rank | active | CPU ms | scikit-learn, CPU ms | ratio | gap | its gap | objectives differ | coefficients differ | from adelie's |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    total = [0.0, 0.0]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([arguments.program, "--export", folder], check=True)
        for path in sorted(glob.glob(os.path.join(folder, "*_facts.npy"))):
            stem = path[: -len("_facts.npy")]
            r = compare(stem, arguments.gap)
            total[0] += r["ms"]
            total[1] += r["sklearn_ms"]
            shown, other = ("" if r[k] is None else f"{r[k]:.1e}" for k in ("coefficients", "adelie"))
            lines.append(f"| {os.path.basename(stem)}{' (not converged)' if r['warned'] else ''} | {r['columns']} | {r['rank']} | {r['active']} "
                         f"| {r['ms']:.2f} | {r['sklearn_ms']:.1f} | {r['sklearn_ms'] / r['ms']:.0f} | {r['gap']:.0e} | {r['sklearn_gap']:.0e} "
                         f"| {r['objective']:.0e} | {shown} | {other} |")
    lines.append(f"| all | | | | {total[0]:.1f} | {total[1]:.1f} | {total[1] / total[0]:.1f} | | | | | |")
    text = "\n".join(lines) + "\n"
    if arguments.out:
        with open(arguments.out + ".part", "w", encoding="utf-8") as f:
            f.write(text)
        os.replace(arguments.out + ".part", arguments.out)
    sys.stdout.write(text)


main()
