#!/usr/bin/env python3
"""An independent implementation of the steps of McKean with numpy in double precision, to check the C code.

Reads a data file (x, y), the checkpoint of a run at step 0 and one at a later step; repeats the steps of gradient descent
with plain matrix products and prints the largest relative difference of all parameters. The rows of the history at both
steps must follow from the particles in the checkpoints. Exit code 1: the difference is larger than TOLERANCE.

usage: reference.py DATA HISTORY STEP0 STEPK UNIT ALPHA DT TOLERANCE
"""
import sys

import h5py
import numpy as np

UNITS = {  # h(s), h'(s)
    "sigmoid": (lambda s: 1 / (1 + np.exp(-s)), lambda s: np.exp(-s) / (1 + np.exp(-s)) ** 2),
    "tanh": (np.tanh, lambda s: 1 / np.cosh(s) ** 2),
}


def ridge_gradients(unit, x, r, c, a, b):
    h, dh = UNITS[unit]
    s = x @ a.T + b  # (P, n)
    w = r[:, None] * c * dh(s)
    return r @ h(s) / len(x), w.T @ x / len(x), w.sum(0) / len(x)


def ridge_output(unit, x, c, a, b):
    return UNITS[unit][0](x @ a.T + b) @ c / len(c)


def rbf(x, z, alpha):
    """exp(-alpha |x - z|^2 / 2) for all pairs; shape (P, n)."""
    distance2 = (x**2).sum(1)[:, None] - 2 * x @ z.T + (z**2).sum(1)
    return np.exp(-alpha * distance2 / 2)


def rbf_gradients(x, r, c, z, alpha):
    phi = rbf(x, z, alpha)
    w = r[:, None] * c * phi
    full = alpha * (w.T @ x - w.sum(0)[:, None] * z) / len(x)
    tangent = full - z * ((full * z).sum(1) / z.shape[1])[:, None]
    return r @ phi / len(x), tangent


def train(unit, alpha, x, y, c, a, b, dt, steps):
    for _ in range(steps):
        if unit == "rbf":
            r = rbf(x, a, alpha) @ c / len(c) - y
            grad_c, grad_z = rbf_gradients(x, r, c, a, alpha)
            c = c - dt * grad_c
            a = a - dt * grad_z
            a *= np.sqrt(a.shape[1]) / np.linalg.norm(a, axis=1)[:, None]
        else:
            r = ridge_output(unit, x, c, a, b) - y
            grad_c, grad_a, grad_b = ridge_gradients(unit, x, r, c, a, b)
            c, a, b = c - dt * grad_c, a - dt * grad_a, b - dt * grad_b
    return c, a, b


def output(unit, alpha, x, c, a, b):
    return rbf(x, a, alpha) @ c / len(c) if unit == "rbf" else ridge_output(unit, x, c, a, b)


def check_rows(history, checkpoint, unit, alpha, x, y, tolerance):
    """The row and the field at the step of a checkpoint follow from its particles."""
    step = checkpoint.attrs["step"]
    for name in checkpoint["ensemble"]:
        group, fields = checkpoint["ensemble"][name], history["ensemble"][name]
        row, at = list(fields["series/step"]).index(step), list(fields["field/step"]).index(step)
        for replica in range(group["c"].shape[0]):
            field = {k: group[k][replica].astype(float) for k in group}
            f = output(unit, alpha, x, field["c"], field["a"], field.get("b"))
            means = {"c_mean": field["c"], "c2_mean": field["c"] ** 2, "a2_mean": (field["a"] ** 2).sum(1)}
            expected = {column: values.mean() for column, values in means.items()}
            for column, value in expected.items():
                found = fields["series"][column][row, replica]
                assert abs(found - value) < 1e-10 * max(1, abs(value)), (step, column, found, value)
            found = fields["series/loss"][row, replica]
            assert abs(found - ((f - y) ** 2).mean() / 2) < tolerance, (step, "loss", found)
            assert np.abs(fields["field/f_train"][at, replica] - f).max() < tolerance, (step, "f_train")


def main():
    data, history, first, last, unit, alpha, dt, tolerance = sys.argv[1:]
    with h5py.File(data) as f:
        x, y = f["x"][:].astype(float), f["y"][:].astype(float)
    worst, compared = 0.0, 0
    with h5py.File(first) as f, h5py.File(last) as g:
        with h5py.File(history) as rows:
            for checkpoint in f, g:
                check_rows(rows, checkpoint, unit, float(alpha), x, y, float(tolerance))
        steps = int(g.attrs["step"]) - int(f.attrs["step"])
        for name in f["ensemble"]:
            start, end = f["ensemble"][name], g["ensemble"][name]
            for replica in range(start["c"].shape[0]):
                field = {k: start[k][replica].astype(float) for k in start}
                result = train(unit, float(alpha), x, y, field["c"], field["a"], field.get("b"), float(dt), steps)
                for key, value in zip("cab", result):
                    if value is None:
                        continue
                    found = end[key][replica].astype(float)
                    moved = np.abs(found - field[key]).max()
                    assert moved > 1e-3, f"{key} of {name} did not move: {moved}"
                    worst = max(worst, (np.abs(found - value) / np.maximum(np.abs(value), 1)).max())
                    compared += value.size
    print(f"{unit}: {compared} parameters after {steps} steps, largest relative difference {worst:.3g}")
    sys.exit(int(worst > float(tolerance)))


if __name__ == "__main__":
    main()
