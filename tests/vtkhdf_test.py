# What `grainspin convert` writes, read back by VTK's own readers and compared with the DAMASK result through h5py and
# numpy alone: nothing of the project takes part in the reading.
import os
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

program, source = os.environ["GRAINSPIN_PROGRAM"], os.environ["GRAINSPIN_SOURCE_DIR"]


def damask(path):
    """By cell, x fastest: O, F, P of every increment, times, material ids by equal initial orientation."""
    with h5py.File(path) as f:
        names = sorted((k for k in f if k.startswith("increment_")), key=lambda k: int(k.split("_")[1]))
        cells = tuple(f["geometry"].attrs["cells"])
        label, entry = f["cell_to/phase"][:, 0]["label"], f["cell_to/phase"][:, 0]["entry"]
        label = np.char.strip(label.astype(str))
        out = {}
        for field, shape in (("O", (4,)), ("F", (3, 3)), ("P", (3, 3))):
            out[field] = np.empty((len(names), len(label)) + shape)
            for k, name in enumerate(names):
                for phase in np.unique(label):
                    at = label == phase
                    out[field][k, at] = f[f"{name}/phase/{phase}/mechanical/{field}"][...][entry[at]]
        out["cells"], out["phase"] = cells, np.unique(label, return_inverse=True)[1]
        return out


def arrays(image):
    data = image.GetCellData()
    return {data.GetArrayName(i): vtk_to_numpy(data.GetArray(i)) for i in range(data.GetNumberOfArrays())}


def same_partition(a, b):
    return len(set(zip(a.tolist(), b.tolist()))) == len(set(a.tolist())) == len(set(b.tolist()))


def check(path, folder):
    truth = damask(path)
    T = len(truth["O"])
    sigma = np.einsum("kcij,kclj->kcil", truth["P"], truth["F"]) / np.linalg.det(truth["F"])[..., None, None]
    start = np.unique(truth["O"][0], axis=0, return_inverse=True)[1].ravel()
    for flags in ([], ["--no-compression"]):
        out = os.path.join(folder, "Ergebnis ü.h5")
        subprocess.run([program, "convert", path, out, "--stress", *flags], check=True)
        reader = vtk.vtkHDFReader()
        assert reader.CanReadFile(out), "vtkHDFReader does not take the file"
        reader.SetFileName(out)
        reader.UpdateInformation()
        times = reader.GetOutputInformation(0).Get(vtk.vtkStreamingDemandDrivenPipeline.TIME_STEPS())
        assert len(times) == T and all(a < b for a, b in zip(times, times[1:])), times
        order = list(range(T))[::-1] + [0]  # also backwards: no state is left over from the one before
        for k in order:
            reader.UpdateTimeStep(times[k])
            image = reader.GetOutput()
            assert tuple(n - 1 for n in image.GetDimensions()) == truth["cells"], image.GetDimensions()
            got = arrays(image)
            assert got["orientation"].dtype == np.float32
            assert np.array_equal(got["orientation"], truth["O"][k].astype(np.float32)), f"orientation of state {k}"
            assert np.array_equal(got["phase"], truth["phase"]), "phase"
            assert same_partition(got["grain"], start), "grain"
            s = sigma[k]
            wanted = np.stack([s[:, 0, 0], s[:, 1, 1], s[:, 2, 2], s[:, 1, 2], s[:, 0, 2], s[:, 0, 1]], 1)
            scale = np.abs(sigma[-1]).max()
            # The solver's stress is symmetric to its tolerance; stored in float32.
            assert np.abs(got["stress"] - wanted).max() < 2e-3 * scale, np.abs(got["stress"] - wanted).max() / scale
        with h5py.File(out) as f:
            assert np.abs(f["grainspin/mean_F"][...] - truth["F"].mean(1)).max() < 1e-13
            assert np.abs(f["grainspin/mean_P"][...] - truth["P"].mean(1)).max() < 1e-9 * np.abs(truth["P"]).max()
            for k, load in enumerate(f["grainspin/load"][...]):  # exp(L) F_k = F_(k+1); |L| is small, the series short
                step, term = np.eye(3), np.eye(3)
                for n in range(1, 12):
                    term = term @ load / n
                    step = step + term
                assert np.abs(step @ truth["F"][k].mean(0) - truth["F"][k + 1].mean(0)).max() < 1e-12

    pvd = os.path.join(folder, "Bilder ä & b.pvd")
    subprocess.run([program, "convert", out, pvd], check=True)
    import xml.etree.ElementTree as xml
    entries = xml.parse(pvd).getroot().findall("Collection/DataSet")
    assert [float(e.get("timestep")) for e in entries] == list(times)
    for k, entry in enumerate(entries):
        reader = vtk.vtkXMLImageDataReader()
        reader.SetFileName(os.path.join(folder, entry.get("file")))
        reader.Update()
        got = arrays(reader.GetOutput())
        assert tuple(n - 1 for n in reader.GetOutput().GetDimensions()) == truth["cells"]
        assert np.array_equal(got["orientation"], truth["O"][k].astype(np.float32)), f".vti orientation of state {k}"
        assert same_partition(got["grain"], start)
        assert got["ipf_z"].dtype == np.uint8 and got["ipf_z"].shape == (len(start), 3)
        assert len(np.unique(got["ipf_z"], axis=0)) > 1
    single = os.path.join(folder, "ein.vti")
    subprocess.run([program, "convert", path, single, "--step", "1"], check=True)
    reader = vtk.vtkXMLImageDataReader()
    reader.SetFileName(single)
    reader.Update()
    assert np.array_equal(arrays(reader.GetOutput())["orientation"], truth["O"][1].astype(np.float32))
    print(f"{os.path.basename(path)}: {T} states of {truth['cells']} by VTK {vtk.vtkVersion.GetVTKVersion()}")


with tempfile.TemporaryDirectory(prefix="grainspin vtk ") as folder:
    for name in ("tests/data/dual_native.hdf5", "tests/data/dual_chunked_gzip.hdf5",
                 "datasets/cu_uniaxial/damask/cu_uniaxial_21.hdf5"):
        check(os.path.join(source, name), folder)
