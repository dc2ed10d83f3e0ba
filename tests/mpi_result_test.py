# The result that several ranks write, read by h5py and by VTK's own reader, neither of which knows of the project: the same
# numbers as in the file that one process writes.
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
mpiexec = os.environ.get("GRAINSPIN_MPIEXEC", "")
if not mpiexec or not os.path.exists(mpiexec):
    print("skipped: no MPI here")
    sys.exit(77)
environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_hwloc_base_binding_policy="none",
                   OMPI_MCA_mpi_yield_when_idle="1", OMPI_MCA_btl="self,vader",
                   ASAN_OPTIONS="detect_leaks=0")
model = os.path.join(source, "networks/pretrained/cu_uniaxial_local.safetensors")


def run(*command):
    subprocess.run([str(c) for c in command], check=True, env=environment, stdin=subprocess.DEVNULL)


with tempfile.TemporaryDirectory(prefix="grainspin ränge ") as folder:
    state, one, shared = (os.path.join(folder, n) for n in ("start.h5", "one.h5", "shared.h5"))
    cells = (12, 10, 9)
    run(program, "make", "voronoi", "-o", state, "--cells", *cells, "--grains", 8)
    options = ["--device", "cpu", "--steps", "0,3,13", "--quiet"]
    run(program, "predict", model, state, "-o", one, *options)
    run(mpiexec, "-n", 4, program, "predict", model, state, "-o", shared, "--mpi", *options)

    os.chdir("/")  # names are relative to the file, not to where one stands
    with h5py.File(one) as a, h5py.File(shared) as b:
        names = list(a["VTKHDF/CellData"])
        assert names == list(b["VTKHDF/CellData"]) and "grain" in names and "orientation" in names, names
        for name in names:
            p, q = a["VTKHDF/CellData"][name], b["VTKHDF/CellData"][name]
            assert q.is_virtual and not p.is_virtual
            assert len(q.virtual_sources()) == 4 and not any(os.path.isabs(s.file_name) for s in q.virtual_sources())
            assert p.shape == q.shape and p.dtype == q.dtype and np.array_equal(p[...], q[...]), name
        for name in ("strain", "mean_F", "time"):
            assert np.array_equal(a["grainspin"][name][...], b["grainspin"][name][...], equal_nan=True), name
        assert a["VTKHDF"].attrs["Type"] == b["VTKHDF"].attrs["Type"]
        truth = a["VTKHDF/CellData/orientation"][...]

    reader = vtk.vtkHDFReader()
    assert reader.CanReadFile(shared), "vtkHDFReader does not take the file"
    reader.SetFileName(shared)
    reader.UpdateInformation()
    times = reader.GetOutputInformation(0).Get(vtk.vtkStreamingDemandDrivenPipeline.TIME_STEPS())
    assert len(times) == 3, times
    for k in (2, 0, 1):
        reader.UpdateTimeStep(times[k])
        image = reader.GetOutput()
        assert tuple(n - 1 for n in image.GetDimensions()) == cells
        got = vtk_to_numpy(image.GetCellData().GetArray("orientation"))
        assert np.array_equal(got.reshape(truth[k].shape), truth[k]), f"state {k}"
    print("h5py", h5py.__version__, "and VTK", vtk.vtkVersion.GetVTKVersion(), "read four ranks' files as one")
