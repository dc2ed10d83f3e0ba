# `grainspin evaluate --predicted` against oracle_evaluate.py: a result that went astray in a known way, in
# DAMASK's own layout and in the project's.
import json
import os
import shutil
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

import oracle_evaluate as oracle

program, source = os.environ["GRAINSPIN_PROGRAM"], os.environ["GRAINSPIN_SOURCE_DIR"]
samples = os.path.join(source, "datasets", "cu_uniaxial")
# (predicted from, dataset of step k, truth): across the two layouts, so that readers are compared too.
truth = os.path.join(samples, "damask", "cu_uniaxial_21.hdf5")
own = os.path.join(samples, "train", "cu_uniaxial_21.h5")


def astray(q, k, random, group):
    """k steps of 0.3 degrees the wrong way, another symmetric equivalent, another sign."""
    w = np.radians(0.3) * k * random.normal(size=(len(q), 3))
    a = np.linalg.norm(w, axis=1, keepdims=True) / 2
    turn = np.concatenate([np.cos(a), np.sin(a) * w / np.where(a > 0, 2 * a, 1)], 1)
    out = oracle.product(oracle.product(turn, q), group[random.integers(24, size=len(q))])
    return out * random.choice([-1, 1], size=(len(q), 1))


with tempfile.TemporaryDirectory(prefix="grainspin ü ") as folder:
    group = oracle.cubic()
    for original in (truth, own):
        random = np.random.default_rng(7)
        predicted = os.path.join(folder, "out.h5")
        shutil.copyfile(original, predicted)
        with h5py.File(predicted, "r+") as f:
            if "VTKHDF" in f:
                data = f["VTKHDF/CellData/orientation"]
                for k in range(1, len(data)):
                    data[k] = astray(data[k].reshape(-1, 4).astype(float), k, random, group).reshape(data.shape[1:])
            else:
                names = sorted((n for n in f if n.startswith("increment_")), key=lambda n: int(n.split("_")[1]))
                for k, name in enumerate(names[1:], 1):
                    data = f[f"{name}/phase/Cu/mechanical/O"]
                    data[...] = astray(data[()], k, random, group)
                    P = f[f"{name}/phase/Cu/mechanical/P"]
                    P[...] = P[()] * (1.02 + 0.1 * random.normal(size=P.shape))
        scores = os.path.join(folder, "scores.json")
        subprocess.run([program, "evaluate", "--predicted", predicted, truth, "--no-texture", "--json", scores], check=True,
                       stdout=subprocess.DEVNULL)
        with open(scores, encoding="utf-8") as f:
            archive = json.load(f)["archives"][0]
        steps, r2 = oracle.scores(oracle.orientations(predicted), oracle.orientations(truth))
        angles, numbers = oracle.compare(archive, steps, r2)
        if original == truth:
            expected = oracle.stress_scores(oracle.stresses(predicted), oracle.stresses(truth))
            s = archive["stress"]
            found = (s["local_von_mises_rms_error_Pa"], s["uniform_rms_error_Pa"], s["curve"]["von_mises_percent"])
            print("stress", expected, found)
            assert np.allclose(found, expected, rtol=1e-3) and 1 < expected[2] < 5
            assert abs(s["ratio_to_uniform"] - expected[0] / expected[1]) < 1e-3
        print(f"{os.path.basename(original)}: {angles:.2g} degrees, {numbers:.2g} in skill and R2")
        assert archive["voxels"] == 12**3 and archive["r2_one_step"] is None
        assert angles < 0.01 and numbers < 1e-3
        # Not the trivial case: errors of degrees, both signs of skill.
        assert steps[-1]["error_deg"]["mean"] > 3 and steps[0]["skill_persistence"] < 0.5

    # What does not belong together is refused by name.
    other = os.path.join(samples, "validation", "cu_uniaxial_15.h5")
    run = subprocess.run([program, "evaluate", "--predicted", other, truth], capture_output=True, text=True)
    assert run.returncode == 2 and "16 x 16 x 16" in run.stderr and "12 x 12 x 12" in run.stderr, run
    run = subprocess.run([program, "evaluate", "--predicted", other, os.path.join(samples, "validation", "cu_uniaxial_12.h5")],
                         capture_output=True, text=True)
    assert run.returncode == 1 and "does not start" in run.stderr, run
print("agrees")
