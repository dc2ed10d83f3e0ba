"""Makes the files in formats/ and what other programs read from them (formats/oracle.json).

    python formats.py          with damask 3.1.0, orix 0.15.0, h5py 3.16.0, numpy 2.4.6 (PyPI)

All files are made by hand from the formats' documented layouts, but damask.vti, damask.yaml and
damask_export.dream3d, which DAMASK's own package writes. Every quaternion in oracle.json is one that damask or orix computed: scalar first, crystal to
sample, scalar part not negative, a voxel each in x-fastest order.
"""
import json
import shutil
import struct
import tempfile
from pathlib import Path

import damask
import h5py
import numpy as np
from orix.quaternion import Orientation, Rotation

here = Path(__file__).parent / "formats"
here.mkdir(exist_ok=True)
rng = np.random.default_rng(20)
cells = (4, 3, 2)  # x y z
n = int(np.prod(cells))
grains = rng.integers(1, 6, n)  # x fastest, from 1
grains[:5] = [1, 2, 3, 4, 5]
phase_of_grain = np.array([0, 1, 1, 2, 1, 2])
angles = np.column_stack([rng.uniform(0, 360, 6), np.degrees(np.arccos(rng.uniform(-1, 1, 6))), rng.uniform(0, 360, 6)]).round(3)
angles[0] = 0
grid = (cells[2], cells[1], cells[0])
spacing = (0.5, 1.0, 1.5)
oracle = {"made_with": f"damask {damask.__version__}, orix, h5py {h5py.__version__}", "grain": (grains - 1).tolist()}


def positive(q):
    q = np.asarray(q, float).reshape(-1, 4)
    return np.where(q[:, :1] < 0, -q, q)


def from_bunge(degrees):
    """DAMASK's quaternion, checked with orix's, which is of the opposite rotation (sample to crystal)."""
    q = positive(damask.Rotation.from_Euler_angles(degrees, degrees=True).as_quaternion())
    o = positive((~Rotation.from_euler(np.radians(degrees))).data)
    assert np.allclose(np.abs(np.sum(q * o, axis=1)), 1, atol=1e-12)
    return q


q_of_grain = from_bunge(angles)

# ---- EVPFFT ----
lines = []
for v in range(n):
    x, y, z = v % cells[0], v // cells[0] % cells[1], v // cells[0] // cells[1]
    a, g = angles[grains[v]], grains[v]
    lines.append(f"{a[0]:.3f} {a[1]:.3f} {a[2]:.3f} {x+1} {y+1} {z+1} {g} {phase_of_grain[g]}")
(here / "evpfft.txt").write_text("\n".join(lines) + "\n")
oracle["evpfft"] = q_of_grain[grains].tolist()

# ---- PRISMS-Plasticity: x slowest, a line of z for each x, y; Rodrigues vectors under a header that says angles ----
(here / "prisms").mkdir(exist_ok=True)
rodrigues = damask.Rotation.from_quaternion(q_of_grain).as_Rodrigues_vector(compact=True)
(here / "prisms/orientations.txt").write_text("**Grain ID, phi1, PHI, phi2\n" + "".join(
    f"{g}\t{r[0]:.15f}\t{r[1]:.15f}\t{r[2]:.15f}\n" for g, r in list(enumerate(rodrigues))[1:]))
block = grains.reshape(grid)
(here / "prisms/grainID.txt").write_text("**two\n**header lines\n" + "".join(
    " ".join(str(block[z, y, x]) for z in range(cells[2])) + "\n" for x in range(cells[0]) for y in range(cells[1])))
(here / "prisms/prm.prm").write_text("\n".join([
    "# Listing of Parameters", "set Domain size X                = 2.0", "set Domain size Y                = 3.0",
    "set Domain size Z                = 3.0", "set Voxels in X direction        = 4", "set Voxels in Y direction        = 3",
    "set Voxels in Z direction        = 2 # of the microstructure", "set Grain ID file name           = grainID.txt",
    "set Header Lines GrainID File    = 2", "set Orientations file name       = orientations.txt", ""]))
oracle["prisms"] = positive(damask.Rotation.from_Rodrigues_vector(
    np.column_stack([rodrigues / np.linalg.norm(rodrigues, axis=1, keepdims=True).clip(1e-300),
                     np.linalg.norm(rodrigues, axis=1)])[1:]).as_quaternion())[grains - 1].tolist()

# ---- Neper ----
head = ("***tesr\n **format\n   2.2\n **general\n   3\n   4 3 2\n   0.5 1.0 1.5\n  *origin\n   1.0 2.0 3.0\n")
void = grains.copy()
void[-1] = 0
cell_section = (" **cell\n   5\n  *id\n   1 2 3 4 5\n  *seed\n" + "".join(f"   {i} 0.1 0.2 0.3 0.0\n" for i in range(1, 6)) +
                "  *ori\n   {}\n{}  *crysym\n   cubic\n")
rotation = damask.Rotation.from_quaternion(q_of_grain[1:])


def neper(name, rows):
    return cell_section.format(name, "".join("   " + " ".join(f"{c:.12f}" for c in np.ravel(r)) + "\n" for r in rows))


ascii_data = " **data\n   ascii\n" + " ".join(map(str, void)) + "\n***end\n"
descriptors = {
    "rodrigues": rotation.as_Rodrigues_vector(compact=True), "euler-bunge": rotation.as_Euler_angles(degrees=True),
    "quaternion": rotation.as_quaternion(), "rotmat": rotation.as_matrix(),
    "axis-angle": rotation.as_axis_angle(degrees=True),
    "rodrigues:active": (~rotation).as_Rodrigues_vector(compact=True), "rotmat:active": (~rotation).as_matrix()}
for name, rows in descriptors.items():
    (here / f"cells_{name.replace(':', '_')}.tesr").write_text(head + neper(name, rows) + ascii_data)
binary = (head + neper("rodrigues", descriptors["rodrigues"])).encode()
(here / "binary16_big.tesr").write_bytes(binary + b" **data\n   binary16_big\n" + struct.pack(f">{n}H", *void) + b"\n***end\n")
(here / "file.tesr").write_bytes(binary + b" **data\n   binary32\n  *file file.raw\n***end\n")
(here / "file.raw").write_bytes(struct.pack(f"<{n}i", *void))
by_voxel = rotation.as_quaternion()[grains - 1]
(here / "oridata.tesr").write_bytes(
    head.encode() + b" **data\n   binary8\n" + bytes(void.tolist()) + b"\n **oridata\n   quaternion\n   binary16\n" +
    by_voxel.astype("<f8").tobytes() + b"\n **oridef\n   ascii\n" + b" ".join([b"1"] * (n - 2) + [b"0", b"1"]) + b"\n***end\n")
oracle["tesr"] = positive(rotation.as_quaternion())[grains - 1].tolist()  # but for the last voxel, which is void

# ---- DREAM.3D ----
radians = np.radians(angles).astype("f4")
feature = grains.copy()
feature[-1] = 0  # not indexed
phase = phase_of_grain[feature]
eulers = radians[feature].reshape(*grid, 3)
w_first = damask.Rotation.from_Euler_angles(eulers.reshape(-1, 3).astype(float)).as_quaternion()
quats = np.column_stack([-w_first[:, 1:], w_first[:, 0]]).astype("f4").reshape(*grid, 4)  # x y z w of the opposite rotation


def dream3d(name, version, with_eulers=True, cellwise=True):
    with h5py.File(here / name, "w") as f:
        f.attrs["FileVersion"] = np.bytes_(version)
        if version == "7.0":
            base = f.create_group("DataContainers/Synthetic Volume")
            base["_SIMPL_GEOMETRY/DIMENSIONS"] = np.array(cells, "i8")
            base["_SIMPL_GEOMETRY/SPACING"] = np.array(spacing, "f4")
            base["_SIMPL_GEOMETRY/ORIGIN"] = np.array([10, 20, 30], "f4")
        else:
            base = f.create_group("DataStructure/Image Geometry")
            base.attrs["_DIMENSIONS"] = np.array(cells, "u8")
            base.attrs["_SPACING"] = np.array(spacing, "f4")
            base.attrs["_ORIGIN"] = np.array([10, 20, 30], "f4")
            f.create_group("DataStructure/Triangles").attrs["ObjectType"] = np.bytes_("TriangleGeom")
        cell = base.create_group("Cell Data" if version == "7.0" else "CellData")
        if cellwise:
            if with_eulers:
                cell["EulerAngles"] = eulers
            cell["Quats"] = quats
        cell["FeatureIds"] = feature.astype("i4").reshape(*grid, 1)
        cell["Phases"] = phase.astype("i4").reshape(*grid, 1)
        if not cellwise:
            base["Grain Data/EulerAngles"] = radians
        base["CellEnsembleData/CrystalStructures"] = np.array([[999], [1], [0]], "u4")
        base["CellEnsembleData"].create_dataset("PhaseName", data=["Unknown Phase Type", "Kupfer", "Titan α"],
                                                dtype=h5py.string_dtype())


dream3d("v7.dream3d", "7.0")
dream3d("v8.dream3d", "8.0")
dream3d("quats.dream3d", "8.0", with_eulers=False)
dream3d("features.dream3d", "7.0", cellwise=False)
for name in ("v7", "v8"):
    g = damask.GeomGrid.load_DREAM3D(here / f"{name}.dream3d")
    m = damask.ConfigMaterial.load_DREAM3D(here / f"{name}.dream3d")
    index = g.material.flatten(order="F")
    oracle[name] = {"size": g.size.tolist(), "origin": g.origin.tolist(),
                    "phase": [m["material"][i]["constituents"][0]["phase"] for i in index],
                    "q": positive([m["material"][i]["constituents"][0]["O"] for i in index]).tolist()}

# ---- DAMASK ----
config = damask.ConfigMaterial(
    homogenization={"SX": {"N_constituents": 1, "mechanical": {"type": "pass"}}},
    phase={"Kupfer": {"lattice": "cF", "mechanical": {"output": ["F"], "elastic": {"type": "Hooke", "C_11": 168.3e9, "C_12": 122.1e9, "C_44": 75.7e9}}},
           "Titan": {"lattice": "hP", "c/a": 1.587, "mechanical": {"output": ["F"], "elastic": {"type": "Hooke", "C_11": 160e9, "C_12": 90e9, "C_44": 46.5e9, "C_13": 66e9, "C_33": 181.7e9}}}})
names = np.array(["Kupfer", "Titan"])[phase_of_grain[1:] - 1]
config = config.material_add(phase=names, O=damask.Rotation.from_quaternion(q_of_grain[1:]), homogenization="SX")
config.save(here / "damask.yaml")
damask.GeomGrid(material=(grains - 1).reshape(cells, order="F"), size=np.array(cells) * np.array(spacing) * 1e-6,
                origin=np.array([1e-6, 0, 0])).save(here / "damask")
oracle["damask"] = q_of_grain[grains].tolist()

# What DAMASK itself writes as DREAM.3D 7.0: the last increment of dual_native.hdf5. Lengths are metres there.
with tempfile.TemporaryDirectory() as folder:
    shutil.copy(here.parent / "dual_native.hdf5", folder)
    damask.Result(Path(folder) / "dual_native.hdf5").view(increments=-1).export_DREAM3D(target_dir=folder)
    shutil.copy(Path(folder) / "dual_native_inc11.dream3d", here / "damask_export.dream3d")

# ---- arrays of any name ----
with h5py.File(here / "arrays.h5", "w") as f:
    f["run/bunge"] = angles[grains].reshape(*grid, 3)
    f["run/grain"] = grains.reshape(grid)
    f["run/phase"] = phase_of_grain[grains].reshape(*grid, 1).astype("u1")
    f["run/g"] = damask.Rotation.from_quaternion(q_of_grain[grains]).as_matrix().reshape(*grid, 9)
    f["run/layer"] = rotation.as_quaternion()[grains[:12] - 1].reshape(3, 4, 4)
json.dump(oracle, open(here / "oracle.json", "w"), separators=(",", ":"))
