"""Compares all datasets of two histories bit for bit, and checks that the steps in B ascend. Exit code 1: they differ.

usage: same_history.py A B
"""
import sys

import h5py
import numpy

a, b = (h5py.File(path) for path in sys.argv[1:])


def datasets(file):
    found = {}
    file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return found


one, other = datasets(a), datasets(b)
differences = [f"{name}: only in one" for name in one.keys() ^ other.keys()]
for name in one.keys() & other.keys():
    x, y = one[name][()], other[name][()]
    if x.shape != y.shape or x.dtype != y.dtype or x.tobytes() != y.tobytes():
        differences.append(f"{name}: {x.shape} {x.dtype} and {y.shape} {y.dtype}, {x.tobytes() != y.tobytes()} bytes")
    if name.endswith("/step") and not (numpy.diff(y) > 0).all():
        differences.append(f"{name}: steps do not ascend: a duplicate row, or rows in the differences order")
for key in ("step",):
    if a.attrs[key] != b.attrs[key]:
        differences.append(f"attribute {key}: {a.attrs[key]} and {b.attrs[key]}")
print("\n".join(differences) if differences else f"{len(one)} datasets are equal")
sys.exit(bool(differences) or not one)
