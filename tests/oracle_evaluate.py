# The scores of `grainspin evaluate` once more, from out.h5 and the truth by numpy and h5py alone.
#   python oracle_evaluate.py OUT TRUTH [SCORES.json]
# prints the errors of every step (cubic crystals) and, given the scores, compares them within 0.01 degrees.
import itertools
import json
import sys

import h5py
import numpy as np


def orientations(path):
    """[T + 1, cells, 4], scalar first, of a DAMASK result (one phase) or of the project's own."""
    with h5py.File(path) as f:
        if "VTKHDF" in f:
            q = f["VTKHDF/CellData/orientation"][()].astype(float)
            return q.reshape(q.shape[0], -1, 4)
        names = sorted((k for k in f if k.startswith("increment_")), key=lambda k: int(k.split("_")[1]))
        entry = f["cell_to/phase"][:, 0]["entry"]
        phase = next(iter(f[names[0]]["phase"]))
        return np.stack([f[f"{n}/phase/{phase}/mechanical/O"][()][entry] for n in names])


def stresses(path):
    """[T, cells, 3, 3] Cauchy, Pa, of a DAMASK result (one phase)."""
    with h5py.File(path) as f:
        names = sorted((k for k in f if k.startswith("increment_")), key=lambda k: int(k.split("_")[1]))[1:]
        entry = f["cell_to/phase"][:, 0]["entry"]
        phase = next(iter(f[names[0]]["phase"]))
        F, P = (np.stack([f[f"{n}/phase/{phase}/mechanical/{x}"][()][entry].astype(float) for n in names]) for x in "FP")
    s = P @ np.swapaxes(F, -1, -2) / np.linalg.det(F)[..., None, None]
    return (s + np.swapaxes(s, -1, -2)) / 2


def von_mises(s):
    deviator = s - np.trace(s, axis1=-2, axis2=-1)[..., None, None] / 3 * np.eye(3)
    return np.sqrt(1.5 * np.sum(deviator**2, (-1, -2)))


def stress_scores(predicted, truth):
    """Root mean squares of the local von Mises error, of uniform stress, Pa; of the curve in percent."""
    rms = lambda x: np.sqrt(np.mean(x**2))
    mean_p, mean_t = predicted.mean(1), truth.mean(1)
    return (rms(von_mises(predicted) - von_mises(truth)), rms(von_mises(mean_t)[:, None] - von_mises(truth)),
            100 * rms(von_mises(mean_p) - von_mises(mean_t)) / rms(von_mises(mean_t)))


def product(a, b):
    w = a[..., :1] * b[..., :1] - np.sum(a[..., 1:] * b[..., 1:], -1, keepdims=True)
    v = a[..., :1] * b[..., 1:] + b[..., :1] * a[..., 1:] + np.cross(a[..., 1:], b[..., 1:])
    return np.concatenate([w, v], -1)


def conjugate(q):
    return q * np.array([1, -1, -1, -1])


def cubic():
    """The 24 rotations of 432: the signed permutation quaternions with 1, 2 or 4 equal components."""
    found = []
    for signs in itertools.product((1, 0, -1), repeat=4):
        size = np.linalg.norm(signs)
        if np.count_nonzero(signs) in (1, 2, 4):
            q = np.array(signs) / size
            if not any(abs(abs(q @ o) - 1) < 1e-9 for o in found):
                found.append(q)
    assert len(found) == 24
    return np.array(found)


def turn(a, b):
    """Rotation vectors w, smallest over the group, with a ~ exp(w) b."""
    every = np.stack([product(product(a, np.broadcast_to(s, a.shape)), conjugate(b)) for s in cubic()])
    best = np.argmax(np.abs(every[..., 0]), 0)
    q = np.take_along_axis(every, best[None, :, None], 0)[0]
    q = q * np.sign(q[:, :1])
    size = np.linalg.norm(q[:, 1:], axis=1, keepdims=True)
    return q[:, 1:] * (2 * np.arctan2(size, q[:, :1]) / np.where(size > 0, size, 1))


def scores(predicted, truth):
    degrees = lambda w: np.degrees(np.linalg.norm(w, axis=1))
    out, residual, total = [], 0, 0
    for k in range(1, len(truth)):
        error, still = degrees(turn(predicted[k], truth[k])), degrees(turn(truth[0], truth[k]))
        w, v = turn(truth[k], truth[k - 1]), turn(predicted[k], predicted[k - 1])
        residual, total = residual + np.sum((v - w) ** 2), total + np.sum(w**2)
        out.append({"step": k, "skill_persistence": 1 - error.mean() / still.mean(), "r2_rolled": 1 - np.sum((v - w) ** 2) / np.sum(w**2)})
        for name, x in (("error_deg", error), ("persistence_deg", still)):
            p = np.percentile(x, [50, 95, 99])
            out[-1][name] = {"mean": x.mean(), "median": p[0], "p95": p[1], "p99": p[2], "max": x.max()}
    return out, 1 - residual / total


def compare(archive, steps, r2):
    """Largest difference in degrees of the errors, and of the dimensionless scores."""
    assert len(archive["steps"]) == len(steps)
    angles, numbers = 0, abs(archive["r2_rolled"] - r2)
    for a, b in zip(archive["steps"], steps):
        assert a["step"] == b["step"]
        for name in ("error_deg", "persistence_deg"):
            angles = max([angles] + [abs(a[name][k] - b[name][k]) for k in b[name]])
        numbers = max(numbers, abs(a["skill_persistence"] - b["skill_persistence"]), abs(a["r2_rolled"] - b["r2_rolled"]))
    return angles, numbers


if __name__ == "__main__":
    steps, r2 = scores(orientations(sys.argv[1]), orientations(sys.argv[2]))
    for s in steps:
        print(s["step"], *(f"{k} {v:.4f}" for k, v in s["error_deg"].items()), f"skill {s['skill_persistence']:.4f}")
    if len(sys.argv) > 3:
        with open(sys.argv[3], encoding="utf-8") as f:
            angles, numbers = compare(json.load(f)["archives"][0], steps, r2)
        print(f"largest difference: {angles:.2g} degrees, {numbers:.2g} in skill and R2")
        sys.exit(0 if angles < 0.01 and numbers < 1e-3 else 1)
