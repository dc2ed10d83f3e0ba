#!/usr/bin/env python3
"""An archive from what the example solver wrote: the states of `cp_solver START.txt LOAD --out PREFIX` put behind the initial state.

    solver_archive.py START.h5 LOAD PREFIX OUT.h5 [LOG]

START.h5: the microstructure as `grainspin make voronoi` wrote it (START.txt is its `grainspin convert`). LOG: what cp_solver
printed, for the normal components of the mean deformation gradient that the load leaves free. Needs numpy, scipy, h5py.
"""
import json
import sys

import h5py
import numpy as np
from scipy.linalg import logm


def quaternions(path, shape):
    """Bunge angles in degrees, x fastest, to (w,x,y,z), crystal to sample."""
    p1, p, p2 = np.radians(np.loadtxt(path, usecols=(0, 1, 2))).T / 2
    q = np.stack([np.cos(p) * np.cos(p1 + p2), np.sin(p) * np.cos(p1 - p2), np.sin(p) * np.sin(p1 - p2),
                  np.cos(p) * np.sin(p1 + p2)], -1)
    return q.reshape(shape + (4,)).astype(np.float32)


def load_steps(path):
    """Mean F at the end of each step, nan where it is free, and the times that the steps take."""
    F, time = [], []
    for line in open(path):
        words = line.split("#")[0].split()
        if words:
            time.append(float(words[0]))
            F.append([np.nan if w == "x" else float(w) for w in words[3:]])
    return np.array(F).reshape(-1, 3, 3), np.array(time)


def main():
    start, load, prefix, out = sys.argv[1:5]
    F, times = load_steps(load)
    free = np.isnan(F)
    if len(sys.argv) > 5:
        rows = [[float(w) for w in line.split()] for line in open(sys.argv[5]) if line.split() and line.split()[0].isdigit()]
        for k, row in enumerate(rows[:len(F)]):
            for a in range(3):
                F[k, a, a] = row[1 + a]
    F[np.isnan(F)] = 0  # shears that are free: never read
    T = len(F)
    mean = np.concatenate([np.eye(3)[None], F])
    with h5py.File(start) as s, h5py.File(out + ".part", "w") as f:
        field = s["VTKHDF/CellData/orientation"]
        shape = field.shape[1:4]
        states = [field[0]] + [quaternions(f"{prefix}_{k}.txt", shape) for k in range(1, T + 1)]
        vtk = f.create_group("VTKHDF")
        for key, value in s["VTKHDF"].attrs.items():
            vtk.attrs.create(key, value, dtype=s["VTKHDF"].attrs.get_id(key).dtype)
        vtk.create_dataset("CellData/orientation", data=np.stack(states), chunks=(1,) + shape + (4,), compression="gzip")
        vtk.create_dataset("CellData/grain", data=s["VTKHDF/CellData/grain"][:])
        steps = vtk.create_group("Steps")
        steps.attrs["NSteps"] = np.int64(T + 1)
        steps.create_dataset("CellDataOffsets/orientation", data=np.arange(T + 1, dtype=np.int64))
        steps.create_dataset("CellDataOffsets/grain", data=np.zeros(T + 1, dtype=np.int64))
        L = np.array([logm(mean[k + 1] @ np.linalg.inv(mean[k])).real for k in range(T)])
        E = (L + L.transpose(0, 2, 1)) / 2
        E -= np.trace(E, axis1=1, axis2=2)[:, None, None] / 3 * np.eye(3)
        strain = np.concatenate([[0], np.cumsum(np.sqrt(2 / 3 * (E * E).sum((1, 2))))])
        steps.create_dataset("Values", data=strain)
        g = f.create_group("grainspin")
        g.attrs["format_version"] = np.int64(1)
        info = json.loads(s["grainspin/info"][()])
        info["step_names"] = [f"increment_{k}" for k in range(T + 1)]
        info["creator"] = "cp_solver"
        info["phases"][0]["law"] = {"type": "phenopowerlaw", "N_sl": [12], "a_sl": [0.6], "dot_gamma_0_sl": [0.003], "n_sl": [20.0],
                                    "h_0_sl-sl": [350e6], "h_int": [0.0], "h_sl-sl": [1.0, 1.0, 5.123, 0.574, 1.123, 1.123, 1.0],
                                    "xi_0_sl": [1.6e6], "xi_inf_sl": [96.4e6]}
        for key, value in (("info", json.dumps(info)), ("provenance", json.dumps({"program": "cp_solver", "start": start}))):
            g.create_dataset(key, data=np.bytes_(value.encode()))
        g.create_dataset("mean_F", data=mean)
        g.create_dataset("mean_P", data=np.zeros((T + 1, 3, 3)))
        g.create_dataset("load", data=L)
        g.create_dataset("prescribed", data=(~free).astype(np.uint8))
        g.create_dataset("strain", data=strain)
        g.create_dataset("time", data=np.concatenate([[0], np.cumsum(times)]))
    import os
    os.replace(out + ".part", out)


main()
