# What `grainspin convert` writes for other programs, opened by them: the geometry and material configuration that DAMASK
# starts from with DAMASK's own package, EBSD maps with orix. Skipped where neither is installed (damask==3.1.0, orix==0.15.0).
import os
import subprocess
import sys
import tempfile

program, source = os.environ["GRAINSPIN_PROGRAM"], os.environ["GRAINSPIN_SOURCE_DIR"]
try:
    import h5py
    import numpy as np
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)
try:
    import damask
except ImportError as e:
    damask, why = None, e
try:
    import orix.io
    from orix.quaternion import Rotation
except ImportError as e:
    orix, why = None, e

result = os.path.join(source, "tests/data/dual_native.hdf5")


def run(*arguments):
    subprocess.run([program, *arguments], check=True, stdout=subprocess.DEVNULL)


def state(increment):
    """Of the DAMASK result, by cell, x fastest, through h5py alone: O, phase, mean F, cells, size."""
    with h5py.File(result) as f:
        names = sorted((k for k in f if k.startswith("increment_")), key=lambda k: int(k.split("_")[1]))
        label, entry = f["cell_to/phase"][:, 0]["label"], f["cell_to/phase"][:, 0]["entry"]
        label = np.char.strip(label.astype(str))
        O, F = np.empty((len(label), 4)), np.empty((len(label), 3, 3))
        for phase in np.unique(label):
            at, group = label == phase, f[f"{names[increment]}/phase/{phase}/mechanical"]
            O[at], F[at] = group["O"][...][entry[at]], group["F"][...][entry[at]]
        return O, label, F.mean(axis=0), f["geometry"].attrs["cells"], f["geometry"].attrs["size"]


def largest_angle(a, b):
    """Between quaternions of either sign, radians; by the chord, which is exact at small angles."""
    chord = np.minimum(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))
    return 4 * np.arcsin(chord / 2).max()


def check_damask(folder):
    for increment, undeformed in ((0, False), (2, False), (2, True)):
        out = os.path.join(folder, f"geom {increment}{undeformed}.vti")
        run("convert", result, out, "--damask", "--step", str(increment), *(["--undeformed"] if undeformed else []))
        O, phase, F, cells, size = state(increment)
        grid, config = damask.GeomGrid.load(out), damask.ConfigMaterial.load(out.replace(".vti", ".yaml"))
        assert config.is_complete and config.is_valid, "DAMASK does not take the material configuration"
        assert (grid.cells == cells).all()
        assert np.allclose(grid.size, size if undeformed else size * np.diag(F), rtol=1e-12, atol=0), (grid.size, size, F)
        material = grid.material.flatten(order="F")
        assert material.min() == 0 and material.max() + 1 == len(config["material"])
        if increment == 0:
            assert len(config["material"]) == 6
        constituents = [config["material"][m]["constituents"][0] for m in material]
        assert [c["phase"] for c in constituents] == phase.tolist()
        q = damask.Rotation.from_quaternion([list(c["O"]) for c in constituents]).as_quaternion()
        assert largest_angle(q, O) < 3e-7, largest_angle(q, O)
        with h5py.File(result) as f:  # phases as the solver had them
            text = next(f[f"setup/{k}"][()] for k in f["setup"] if k.startswith("material"))
        text = text[0] if isinstance(text, np.ndarray) else text
        theirs = damask.ConfigMaterial(text.decode() if isinstance(text, bytes) else str(text))
        assert config["phase"] == theirs["phase"] and config["homogenization"] == theirs["homogenization"]


def check_orix(folder):
    made = os.path.join(source, "tests/data/formats/damask.vti")  # 4 x 3 x 2, copper and titanium
    import json
    with open(os.path.join(source, "tests/data/formats/oracle.json")) as f:
        q = np.array(json.load(f)["damask"]).reshape(2, 3, 4, 4)  # z y x
    for name, offset in (("slice ü.ang", 0), ("slice.ctf", -30)):
        out = os.path.join(folder, name)
        run("convert", made, out, "--slice", "z=1")
        crystals = orix.io.load(out, **({"autogen_names": False} if name.endswith("ang") else {}))
        assert crystals.shape == (3, 4) and np.isclose(crystals.dx, 0.5) and np.isclose(crystals.dy, 1.0)
        assert [p.name for _, p in crystals.phases if p.name != "not_indexed"] == ["Kupfer", "Titan"]
        assert [p.point_group.laue.name for _, p in crystals.phases if p.name != "not_indexed"] == ["m-3m", "6/mmm"]
        theirs = (~crystals.rotations).data.reshape(-1, 4)  # orix: sample to crystal
        ours = q[1].reshape(-1, 4)
        turn = Rotation.from_axes_angles([0, 0, 1], np.radians(offset)).data  # about c, in the crystal
        hexagonal = crystals.phase_id == 2
        expected = np.where(hexagonal[:, None], (Rotation(ours) * Rotation(turn)).data, ours)
        assert hexagonal.any() and not hexagonal.all()
        assert largest_angle(theirs, expected) < 3e-6, (name, largest_angle(theirs, expected))


if damask is None and orix is None:
    print(f"skipped: {why}")
    sys.exit(77)
with tempfile.TemporaryDirectory(prefix="grainspin ü ") as folder:
    if damask:
        check_damask(folder)
    if orix:
        check_orix(folder)
print("fine:", "damask" if damask else "", "orix" if orix else "")
