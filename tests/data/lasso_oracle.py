"""Makes lasso_oracle.json with scikit-learn >= 1.8 and SciPy: python tests/data/lasso_oracle.py > tests/data/lasso_oracle.json

Rows come from SplitMix64 and are made again by the test (tests/regression_cases.h: random_rows; lasso_oracle_test.cpp:
fcc_rows), so only solutions are stored. scikit-learn's objective is the project's without standardisation.
"""
import itertools
import json
import math
import sys

import numpy as np
import scipy
import scipy.optimize
import sklearn
from sklearn.linear_model import ElasticNet

MASK = 2**64 - 1


class Draw:
    def __init__(self, seed):
        self.state = seed

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def uniform(self):
        return (self.bits() >> 11) * 2.0**-53

    def centred(self):
        return 2 * self.uniform() - 1

    def normal(self):
        r = math.sqrt(-2 * math.log(1 - self.uniform()))
        return r * math.cos(6.283185307179586 * self.uniform())


def random_rows(count, features, noise, seed, weighted):
    draw = Draw(seed)
    X, y, w = np.zeros((count, features)), np.zeros(count), np.ones(count)
    for t in range(count):
        common = draw.centred()
        value = 0.3
        for m in range(features):
            X[t, m] = (0.5 * common + draw.centred()) * (1 + m % 5)
            if m % 3 == 0:
                value += X[t, m] * (-1.0 if m % 2 else 1.5) / (1 + m % 7)
        y[t] = value + noise * draw.normal()
        if weighted:
            w[t] = 0.25 + draw.uniform()
    return X, y, w


# Directions and normals of the twelve systems {111}<110> in the project's order.
FCC = [(0, 1, -1, 1, 1, 1), (-1, 0, 1, 1, 1, 1), (1, -1, 0, 1, 1, 1), (-1, 0, -1, -1, 1, 1),
       (0, -1, 1, -1, 1, 1), (1, 1, 0, -1, 1, 1), (0, -1, -1, -1, -1, 1), (1, 0, 1, -1, -1, 1),
       (-1, 1, 0, -1, -1, 1), (-1, -1, 0, 1, -1, 1), (1, 0, -1, 1, -1, 1), (0, 1, 1, 1, -1, 1)]


def fcc_orbits():
    """Orbits of triples under the 24 rotations of the cube, numbered by first entry."""
    lines = [(np.array(s[:3]), np.array(s[3:])) for s in FCC]
    same = lambda a, b: np.array_equal(a, b) or np.array_equal(a, -b)  # noqa: E731
    perms = []
    for p in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            R = np.zeros((3, 3), int)
            for i in range(3):
                R[i, p[i]] = signs[i]
            if round(np.linalg.det(R)) == 1:
                perms.append([next(k for k, (b, n) in enumerate(lines) if same(R @ s, b) and same(R @ m, n)) for s, m in lines])
    of, count = {}, 0
    for e in itertools.product(range(12), repeat=3):
        if e not in of:
            for g in perms:
                of[tuple(g[s] for s in e)] = count
            count += 1
    return of, count


def fcc_rows(rows, seed):
    """Columns: sums of rho_j |gdot_k| over the entries jk of an orbit, one row for each system i and time."""
    of, count = fcc_orbits()
    draw = Draw(seed)
    theta = np.zeros(count)
    for o in range(0, count, 9):
        theta[o] = draw.centred()
    X, y = np.zeros((12 * rows, count)), np.zeros(12 * rows)
    for t in range(rows):
        rho = [1 + draw.uniform() for _ in range(12)]
        rate = [draw.uniform() for _ in range(12)]
        for i in range(12):
            for j in range(12):
                for k in range(12):
                    X[12 * t + i, of[i, j, k]] += rho[j] * rate[k]
        for i in range(12):
            y[12 * t + i] = X[12 * t + i] @ theta + 0.1 * draw.normal()
    return X, y, np.ones(12 * rows)


def solve(X, y, w, l1_ratio, positive, intercept, shares):
    mean = (w @ X / w.sum() if intercept else 0 * X[0]), (w @ y / w.sum() if intercept else 0.0)
    q = (w[:, None] * (X - mean[0])).T @ (y - mean[1]) / w.sum()
    largest = (q.max() if positive else np.abs(q).max()) / l1_ratio
    out = {"lambda": [], "coefficients": [], "intercepts": []}
    for share in shares:
        model = ElasticNet(alpha=share * largest, l1_ratio=l1_ratio, positive=positive, fit_intercept=intercept, tol=1e-14, max_iter=10**6)
        model.fit(X, y, sample_weight=w)
        out["lambda"].append(share * largest)
        out["coefficients"].append(list(map(float, model.coef_)))
        out["intercepts"].append(float(model.intercept_))
    return out


def main():
    shares = [0.999, 0.5, 0.1, 0.01]
    cases = []
    for seed, (rows, columns, weighted, l1_ratio, positive, intercept) in enumerate(
        [(60, 12, False, 1.0, False, False), (80, 20, True, 1.0, False, True), (50, 10, True, 0.5, False, True),
         (70, 15, False, 1.0, True, False), (90, 30, True, 0.7, True, True)], start=101):
        X, y, w = random_rows(rows, columns, 0.5, seed, weighted)
        cases.append({"rows": rows, "columns": columns, "weighted": weighted, "l1_ratio": l1_ratio, "positive": positive,
                      "intercept": intercept, "seed": seed, "noise": 0.5, **solve(X, y, w, l1_ratio, positive, intercept, shares)})
    X, y, w = fcc_rows(60, 7)
    fcc = {"rows": 60, "seed": 7, **solve(X, y, w, 1.0, False, False, shares)}
    X, y, _ = random_rows(40, 12, 0.5, 201, False)
    nnls = {"rows": 40, "columns": 12, "noise": 0.5, "seed": 201, "coefficients": list(map(float, scipy.optimize.nnls(X, y)[0]))}
    json.dump({"made": f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, tol 1e-14", "cases": cases, "fcc": fcc, "nnls": nnls}, sys.stdout)
    print()


main()
