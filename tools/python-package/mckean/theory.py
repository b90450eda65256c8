"""mckean.frozen_features, mckean.linearized, mckean.square_flow: exact answers of the theory for one network of a run, to compare
with the run.

All start from the checkpoint of step 0 and the schedule in the history, and follow the steps of the run exactly, up to
rounding. phi_i = phi(., z_i); alpha = output scale; lambda, tau = ridge and temperature; r = f - y at the P training points.

    frozen features  c <- c - dt [(1/(alpha P)) sum_p phi(x_p) r_p + lambda c] + sqrt(2 tau dt) xi: a linear recursion. With
                     the eigenvalues g of (1/(n P)) Phi Phi', each mode of c has the factor 1 - dt (g + lambda)
    linearized       r <- r - (dt/P) M r, with the tangent kernel M = (1/n) sum_i grad(c_i phi_i).grad(c_i phi_i)' of step 0
    square units     f = alpha x'A x with A = (1/n) sum_i c a_i a_i'; c frozen and equal for all units, no b:
                     A <- (I - dt B) A (I - dt B), B = (2 c/(alpha P)) sum_p r_p x_p x_p': features are learned, for every n
"""
import re
from collections import namedtuple

import numpy as np

from .history import by_size
from .network import UNITS, load
from .records import read_config

# Times t and steps [T] of the recorded fields; mean and variance of f over the noise at the test points (T, points) and at the
# training points (T, P); loss (T): the expected training loss.
Law = namedtuple("Law", "time step mean variance mean_train variance_train loss")
# Outputs f (T, points) and f_train (T, P) of a network without noise.
Path = namedtuple("Path", "time step f f_train")


def stages_of(config, n):
    """Yields (dt, temperature, steps) of each stage for a network of n units."""
    k = 0
    while f"dynamics.stages.{k}.steps" in config:
        stage = {key: config.get(f"dynamics.stages.{k}.{key}", 0) for key in (
            "steps", "dt", "dt_power", "temperature", "temperature_power")}
        if stage["dt"] == "auto":
            raise ValueError("dynamics.stages[].dt: expected a number, because theory needs every step size; received auto")
        dt, tau = (float(stage[key]) * n ** float(stage[f"{key}_power"]) for key in ("dt", "temperature"))
        yield dt, tau, int(stage["steps"])
        k += 1


def runs_of_steps(config, n, marks):
    """Yields (dt, temperature, count, mark): the steps from 0 on, cut at the steps `marks` and at the ends of stages.

    mark: the index in marks of the step at the end, or None.
    """
    at, position = 0, {step: k for k, step in enumerate(marks)}
    for dt, tau, steps in stages_of(config, n):
        end = at + steps
        for cut in [*(step for step in marks if at < step < end), end]:
            yield dt, tau, cut - at, position.get(cut)
            at = cut


def must(config, key, expected, what, default=None):
    """Raises ValueError unless a key has the expected value. default: the value of a run without this key."""
    if config.get(key, default) != expected:
        raise ValueError(f"{what} holds for {key}: {expected}; the run has {config.get(key, default)}")


def ridge_of(config, name):
    """Returns the ridge of a parameter from dynamics.ridge: a number, or {c: NUMBER, ...}."""
    ridge = config.get("dynamics.ridge", "0")
    each = dict(re.findall(r"(\w+): *([^,}\s]+)", ridge))
    return float(each.get(name, 0) if ridge.startswith("{") else ridge)


def check(config, table, what):
    """Raises ValueError unless a run fits what all answers need."""
    for key, expected in (("data.mode", "fixed"), ("dynamics.scheme", "gd"), ("loss.type", "squared"), ("dynamics.update", "euler"),
                          ("dynamics.birth_death", "0")):
        must(config, key, expected, what, expected)
    if "field_step" not in table or "train_x" not in table:
        raise ValueError(f"{what} needs outputs in the history (output.fields)")


def check_frozen(config, table):
    """Raises ValueError unless frozen_features gives the law of a run."""
    check(config, table, "frozen_features")
    must(config, "unit.train", "[c]", "frozen_features")


def find(run, n):
    """Returns n and the table of its networks in the history; n = None: the largest."""
    tables = dict(by_size(run))
    n = max(tables) if n is None else n
    if n not in tables:
        raise ValueError(f"{run}: no networks of n = {n!r}; it has n = {', '.join(map(str, tables))}")
    return n, tables[n]


def features(network, x):
    """Returns phi(x, z_i) as an array (units, points)."""
    return UNITS[network.unit][0](network.inner(np.asarray(x, float), slice(None))).T


def power_sum(ratio, count):
    """Returns 1 + ratio + ... + ratio^(count - 1)."""
    near = np.abs(1 - ratio) < 1e-12
    return np.where(near, count, (1 - ratio ** count) / np.where(near, 1, 1 - ratio))


def frozen_features(run, n=None, replica=0):
    """Returns the exact Law of a network that trains only c, over the noise and given its features and its c at step 0.

    run      the folder of a run with unit.train: [c], fixed data, gradient descent, the squared loss and the rule euler
    n        number of units; default: the largest of the run
    replica  number of the replica, from 0

    The Law has the arrays time and step (T) of the recorded outputs; mean and variance of f at the test points (T, points),
    mean_train and variance_train at the training points (T, P), and the expected training loss (T).

    The law is Gaussian. With a ridge and a constant temperature it becomes stationary: for ensemble.scale = 1, the outputs at the
    training points then have the mean G (G + lambda)^-1 y and n Cov = tau P G [(G + lambda)(1 - dt (G + lambda)/2)]^-1, where
    G = Phi' Phi / (n P). The run must keep its checkpoint of step 0 (output.snapshots: [0]) and record output.fields.
    Cost: a singular value decomposition of n x P numbers. Errors: ValueError with the key that does not fit.
    """
    n, table = find(run, n)
    return law_of(table, load(run, n, replica, step=0))


def law_of(table, network):
    """Returns the Law of frozen_features for a network at step 0. table: of the history, for its n."""
    config = read_config(table["attrs"]["config"])
    check_frozen(config, table)
    phi, y = features(network, table["train_x"]), np.asarray(table["train_y"], float)
    units, P, scale, ridge = network.n, len(y), network.scale, ridge_of(config, "c")
    v, s, _ = np.linalg.svd(phi, full_matrices=False)  # modes of c: columns of v; the rest of c has g = 0
    rate, drive = np.append(s ** 2 / (units * P), 0) + ridge, v.T @ (phi @ y) / (scale * P)
    mode, rest, variance = v.T @ network.c, network.c - v @ (v.T @ network.c), np.zeros(len(s) + 1)
    outputs = {"": features(network, table["test_x"]) if "test_x" in table else phi[:, :0], "_train": phi}
    parts = {name: (v.T @ p, np.maximum((p ** 2).sum(0) - ((v.T @ p) ** 2).sum(0), 0), p) for name, p in outputs.items()}
    steps = [int(step) for step in table["field_step"]]
    found = {name + end: np.zeros((len(steps), p.shape[1])) for end, p in outputs.items() for name in ("mean", "variance")}

    def record(k):
        for end, (projected, left, p) in parts.items():
            found["mean" + end][k] = scale / units * (mode @ projected + rest @ p)
            found["variance" + end][k] = (scale / units) ** 2 * (variance[:-1] @ projected ** 2 + variance[-1] * left)

    if 0 in steps:
        record(steps.index(0))
    for dt, tau, count, mark in runs_of_steps(config, units, steps):
        factor = 1 - dt * rate
        mode = factor[:-1] ** count * mode + dt * drive * power_sum(factor[:-1], count)
        rest = factor[-1] ** count * rest
        variance = factor ** (2 * count) * variance + 2 * tau * dt * power_sum(factor ** 2, count)
        if mark is not None:
            record(mark)
    loss = ((found["mean_train"] - y) ** 2 + found["variance_train"]).mean(1) / 2
    return Law(table["field_time"], table["field_step"], loss=loss, **found)


def tangent_kernel(network, x, other, train="cab"):
    """Returns M(x, x') = (1/n) sum_i grad(c_i phi_i)(x).grad(c_i phi_i)(x') over the trained parameters, as an array.

    x (points, d), other (points', d): points. Units on the sphere are refused with ValueError.
    """
    if network.unit == "rbf":
        raise ValueError("tangent_kernel: expected units h(a.x + b), received rbf")
    x, other = np.asarray(x, float), np.asarray(other, float)
    kernel, block = np.zeros((len(x), len(other))), max(1, (1 << 22) // max(len(x), len(other)))
    inner = (x @ other.T if "a" in train else 0) + (1 if "b" in train else 0)
    for i in range(0, network.n, block):
        units = slice(i, i + block)
        s, t = network.inner(x, units), network.inner(other, units)
        if "c" in train:
            kernel += UNITS[network.unit][0](s) @ UNITS[network.unit][0](t).T
        kernel += inner * ((UNITS[network.unit][1](s) * network.c[units] ** 2) @ UNITS[network.unit][1](t).T)
    return kernel / network.n


def linearized(run, n=None, replica=0):
    """Returns the Path of the outputs of a network linearized at step 0: the limit of a large ensemble.scale (lazy training).

    run, n, replica: as for frozen_features; any unit.train, no ridge, temperature 0.
    The Path has the arrays time and step (T), f at the test points (T, points) and f_train at the training points (T, P).
    For f_0 = 0 the distance of the run to this path, relative to its motion, is O(1/scale^2) with unit.init.mirror.
    Cost: the tangent kernel, 2 n P (P + points) flops for each trained parameter. Errors: ValueError as above.
    """
    n, table = find(run, n)
    return line_of(table, load(run, n, replica, step=0))


def line_of(table, network):
    """Returns the Path of linearized for a network at step 0. table: of the history, for its n."""
    what, config = "linearized", read_config(table["attrs"]["config"])
    check(config, table, what)
    if any(tau for _, tau, _ in stages_of(config, network.n)) or any(ridge_of(config, name) for name in "cab"):
        raise ValueError(f"{what} holds without temperature and ridge")
    y, train = np.asarray(table["train_y"], float), config.get("unit.train", "[c, a, b]")
    x = np.concatenate([table["train_x"], table["test_x"]]) if "test_x" in table else table["train_x"]
    P, f = len(y), network(x)
    kernel = tangent_kernel(network, x, table["train_x"], train)
    g, u = np.linalg.eigh(kernel[:P] / P)
    steps = [int(step) for step in table["field_step"]]
    found, mode = np.zeros((len(steps), len(x))), u.T @ (f[:P] - y)
    if 0 in steps:
        found[steps.index(0)] = f
    for dt, _, count, mark in runs_of_steps(config, network.n, steps):
        f = f - dt / P * (kernel @ (u @ (power_sum(1 - dt * g, count) * mode)))
        mode = (1 - dt * g) ** count * mode
        if mark is not None:
            found[mark] = f
    return Path(table["field_time"], table["field_step"], found[:, P:], found[:, :P])


def square_step(A, x, y, dt, c=1.0, scale=1.0):
    """Returns A after one step of gradient descent of square units on the points x (P, d) with labels y (P).

    A (..., d, d): (1/n) sum_i c a_i a_i' of one or more networks. c: of all units, frozen; scale: alpha.
    """
    r = scale * quadratic(A, x) - y
    step = np.eye(x.shape[1]) - dt * 2 * c / (scale * len(y)) * (r @ squares(x)).reshape(A.shape)
    return step @ A @ step


def quadratic(A, x):
    """Returns x' A x (..., P) of matrices A (..., d, d) at the points x (P, d)."""
    return A.reshape(*A.shape[:-2], -1) @ squares(x).T


def squares(x):
    """Returns x x' (P, d d), row by row, of the points x (P, d)."""
    return (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)


def square_outputs(table, config, n, A, c=1.0, scale=1.0):
    """Returns the outputs f (T, ..., K) at the test points and f_train (T, ..., P), at the recorded times, of networks of square
    units that start with A (..., d, d).

    table: of mckean.open with arrays="numpy"; config: its input. Cost per step: P d^2 for each A.
    """
    x, y = np.asarray(table["train_x"], float), np.asarray(table["train_y"], float)
    test = np.asarray(table["test_x"], float) if "test_x" in table else x[:0]
    steps = [int(step) for step in table["field_step"]]
    found = [np.zeros((len(steps), *A.shape[:-2], len(points))) for points in (test, x)]

    def record(k):
        for f, points in zip(found, (test, x)):
            f[k] = scale * quadratic(A, points)

    if 0 in steps:
        record(steps.index(0))
    for dt, _, count, mark in runs_of_steps(config, n, steps):
        for _ in range(count):
            A = square_step(A, x, y, dt, c, scale)
        if mark is not None:
            record(mark)
    return found


def square_table(run, n):
    """Returns n, the table and the input of a run of square units that trains only a. Errors: ValueError if it does not."""
    n, table = find(run, n)
    config, what = read_config(table["attrs"]["config"]), "square_flow"
    check(config, table, what)
    must(config, "unit.type", "square", what)
    must(config, "unit.train", "[a]", what)
    if any(tau for _, tau, _ in stages_of(config, n)) or ridge_of(config, "a"):
        raise ValueError(f"{what} holds without temperature and ridge")
    return n, table, config


def square_flow(run, n=None, replica=0):
    """Returns the Path (as for linearized) of the outputs of a network of square units that trains only a: a closed recursion
    for every n.

    run, n, replica: as for frozen_features; c must be the same for all units, and b = 0.
    n A is Wishart distributed at step 0 if the a_i are Gaussian and c = 1, so the law of large numbers and the central limit
    theorem can be computed by drawing A. Cost: P d^2 per step. Errors: ValueError as above.
    """
    n, table, config = square_table(run, n)
    network = load(run, n, replica, step=0)
    if np.ptp(network.c) > 0 or np.any(network.b):
        raise ValueError("square_flow needs the same c for all units, and b = 0: unit.init: {c: {mean: 1, std: 0}, b: {std: 0}}")
    c = float(network.c[0])
    return Path(table["field_time"], table["field_step"],
                *square_outputs(table, config, n, c / n * network.a.T @ network.a, c, network.scale))
