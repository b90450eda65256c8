"""mckean.load: one trained network, which can be evaluated anywhere."""
import math
import os

import numpy as np

from .checksum import crc32c_rows
from .guard import replacing
from .records import checkpoints_of, members, open_hdf5, read_config, text, time_of

UNITS_OF_BLOCK = 256  # units that share a CRC
BLOCK = 1 << 22  # (unit x point) numbers that are computed at a time


def sigmoid(s):
    e = np.exp(-np.abs(s))
    return np.where(s >= 0, 1, e) / (1 + e)


def erf(s):
    try:
        from scipy.special import erf as vectorized
    except ImportError:
        vectorized = np.vectorize(math.erf, otypes=[float])
    return vectorized(s)


# Units: h(s) and h'(s) with s = a.x + b, and h in PyTorch. rbf is a function of the distance: see Network.activations.
UNITS = {
    "sigmoid": (sigmoid, lambda s: sigmoid(s) * sigmoid(-s), lambda s, torch: torch.sigmoid(s)),
    "tanh": (np.tanh, lambda s: 1 - np.tanh(s) ** 2, lambda s, torch: torch.tanh(s)),
    "relu": (lambda s: np.maximum(s, 0), lambda s: (s > 0).astype(float), lambda s, torch: torch.relu(s)),
    "softplus": (lambda s: np.logaddexp(0, s), sigmoid, lambda s, torch: torch.logaddexp(torch.zeros_like(s), s)),
    "erf": (lambda s: erf(s / math.sqrt(2)), lambda s: math.sqrt(2 / math.pi) * np.exp(-s * s / 2),
            lambda s, torch: torch.erf(s / math.sqrt(2))),
    "cosine": (np.cos, lambda s: -np.sin(s), lambda s, torch: torch.cos(s)),
    "square": (lambda s: s * s, lambda s: 2 * s, lambda s, torch: s * s),
    "rbf": (lambda s: np.exp(-s), None, lambda s, torch: torch.exp(-s)),
}


class Network:
    """f(x) = (scale/n) sum_i c_i h(a_i.x + b_i), or for rbf units (scale/n) sum_i c_i exp(-alpha |x - z_i|^2 / 2).

    c (n), a (n, d; z for rbf units), b (n; None for rbf units): arrays of double precision
    n, d, unit, alpha: sizes, and the type of the units; alpha: inverse square width of rbf units
    scale: the output scale, ensemble.scale n^ensemble.scale_power of the run; 1 by default
    step, time, replica, path: where the network comes from; None if it was not loaded from a checkpoint

    All results have double precision. A run computes f in single precision unless run.precision is double; its outputs
    differ by about 1e-7 of the mean of |c phi| (magnitude).
    """

    def __init__(self, c, a, b=None, unit="sigmoid", alpha=1.0, step=None, time=None, replica=None, path=None,
                 scale=1.0):
        if unit not in UNITS:
            raise ValueError(f"unit: expected one of {', '.join(UNITS)}, received {unit!r}")
        self.c, self.a = np.ascontiguousarray(c, float), np.ascontiguousarray(a, float)
        self.b = None if unit == "rbf" else np.zeros(len(self.c)) if b is None else np.ascontiguousarray(b, float)
        if self.c.ndim != 1 or self.a.ndim != 2 or len(self.a) != len(self.c) or (self.b is not None and self.b.shape != self.c.shape):
            raise ValueError(f"expected c (n), a (n, d) and b (n), received c {self.c.shape}, a {self.a.shape}"
                             + ("" if self.b is None else f", b {self.b.shape}"))
        self.n, self.d = self.a.shape
        self.scale = float(scale)
        self.unit, self.alpha, self.step, self.time, self.replica, self.path = unit, float(alpha), step, time, replica, path

    def __repr__(self):
        where = "" if self.step is None else f", replica {self.replica}, step {self.step}, t = {self.time:g}"
        return f"Network(n = {self.n}, d = {self.d}, {self.unit}{where})"

    def points(self, x):
        """Returns x as an array (points, d), and whether x was a single point (d)."""
        x = np.asarray(x, float)
        single = x.ndim == 0 or (x.ndim == 1 and self.d > 1)
        found = x.reshape(1, -1) if single else x.reshape(-1, 1) if x.ndim == 1 else x
        if found.ndim != 2 or found.shape[1] != self.d:
            hint = f"; x looks transposed: use x.T" if x.ndim == 2 and x.shape[0] == self.d else ""
            raise ValueError(f"x: expected the shape (points, {self.d}) or ({self.d},), received {x.shape}{hint}")
        return found, single

    def blocks(self, x):
        """Yields slices of the points x and of the units whose product is at most BLOCK."""
        units = min(self.n, BLOCK)
        count = max(1, BLOCK // units)
        for p in range(0, len(x), count):
            for i in range(0, self.n, units):
                yield slice(p, p + count), slice(i, i + units)

    def inner(self, x, units):
        """Returns the argument s of h (points, units)."""
        if self.unit != "rbf":
            return x @ self.a[units].T + self.b[units]
        s = np.zeros((len(x), len(self.a[units])))
        for k in range(self.d):  # no cancellation, unlike |x|^2 + |z|^2 - 2 x.z
            s += (x[:, k, None] - self.a[units, k]) ** 2
        return s * (self.alpha / 2)

    def __call__(self, x):
        """Returns f at the points x (points, d) as an array (points), or at one point x (d) as a number."""
        x, single = self.points(x)
        f = np.zeros(len(x))
        for at, units in self.blocks(x):
            f[at] += UNITS[self.unit][0](self.inner(x[at], units)) @ self.c[units]
        f *= self.scale / self.n
        return float(f[0]) if single else f

    def gradient(self, x):
        """Returns df/dx at the points x (points, d) as an array (points, d), or at one point x (d) as an array (d)."""
        x, single = self.points(x)
        gradient = np.zeros(x.shape)
        for at, units in self.blocks(x):
            s, a = self.inner(x[at], units), self.a[units]
            if self.unit == "rbf":
                weight = np.exp(-s) * (self.alpha * self.c[units])
                gradient[at] += weight @ a - weight.sum(axis=1, keepdims=True) * x[at]
            else:
                gradient[at] += (UNITS[self.unit][1](s) * self.c[units]) @ a
        gradient *= self.scale / self.n
        return gradient[0] if single else gradient

    def magnitude(self, x):
        """Returns (scale/n) sum_i |c_i phi(x, z_i)| at the points x: the scale of rounding errors of f."""
        x, single = self.points(x)
        size = np.zeros(len(x))
        for at, units in self.blocks(x):
            size[at] += np.abs(UNITS[self.unit][0](self.inner(x[at], units))) @ np.abs(self.c[units])
        size *= self.scale / self.n
        return float(size[0]) if single else size

    def to_torch(self):
        """Returns a torch.nn.Module with the parameters c (n), a (n, d) and b (n) in double precision.

        Its forward takes x (points, d) and returns f (points). Errors: ImportError without PyTorch.
        """
        import torch

        unit, alpha, scale, h = self.unit, self.alpha, self.scale, UNITS[self.unit][2]

        class OneHiddenLayer(torch.nn.Module):
            def __init__(module, c, a, b):
                super().__init__()
                module.c, module.a = torch.nn.Parameter(torch.from_numpy(c.copy())), torch.nn.Parameter(torch.from_numpy(a.copy()))
                module.b = None if b is None else torch.nn.Parameter(torch.from_numpy(b.copy()))

            def forward(module, x):
                if unit == "rbf":
                    s = ((x.unsqueeze(-2) - module.a) ** 2).sum(-1) * (alpha / 2)
                else:
                    s = x @ module.a.t() + module.b
                return h(s, torch) @ module.c * (scale / len(module.c))

        return OneHiddenLayer(self.c, self.a, self.b)

    def to_npz(self, path):
        """Writes c, a, b, unit, alpha and scale to a NumPy file, which load() also reads. Returns the path.

        path: a new file or an earlier one of this kind, with the ending .npz, which is added if it is missing.
        """
        parts = {"format": np.array("mckean-network"), "c": self.c, "a": self.a, "unit": np.array(self.unit),
                 "alpha": np.array(self.alpha), "scale": np.array(self.scale)}
        path = path if str(path).endswith(".npz") else f"{path}.npz"
        with replacing(path, "network") as temporary, open(temporary, "wb") as file:
            np.savez(file, **parts, **({} if self.b is None else {"b": self.b}))
        return path


def checkpoint_at(run, step):
    """Returns the path of a checkpoint of a run folder: of this step, or the newest."""
    found = checkpoints_of(run)
    if not found:
        raise FileNotFoundError(f"{run}: no checkpoints; `mckean run` writes the first at step 0 or at a step of output.snapshots")
    if step is None:
        return found[max(found)]
    if step not in found:
        raise ValueError(f"{run}: no checkpoint of step {step}; it has those of steps {', '.join(map(str, found))} "
                         "(output.snapshots keeps chosen ones)")
    return found[step]


def open_checkpoint(run, step):
    """Opens a checkpoint. A run in progress may delete it between the choice and the opening: then a newer one exists."""
    for attempt in range(3):
        path = checkpoint_at(run, step) if os.path.isdir(run) else os.fspath(run)
        try:
            return path, open_hdf5(path)
        except FileNotFoundError:
            if attempt == 2 or not os.path.isdir(run):
                raise


def load_npz(path):
    with np.load(path) as file:
        return Network(file["c"], file["a"], file["b"] if "b" in file else None, str(file["unit"]), float(file["alpha"]), path=path,
                       scale=float(file["scale"]) if "scale" in file else 1.0)


def parameter(path, file, group, name, replica):
    """Reads a parameter of one network, and verifies the CRC of each block of its units. Raises ValueError if one differs."""
    values = group[name][replica]
    rows = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)
    whole = len(rows) // UNITS_OF_BLOCK * UNITS_OF_BLOCK
    found = crc32c_rows(rows[:whole].reshape(whole // UNITS_OF_BLOCK, -1)) if whole else np.empty(0, np.uint32)
    if whole < len(rows):
        found = np.append(found, crc32c_rows(rows[whole:].reshape(1, -1)))
    wrong = np.flatnonzero(found != file[f"integrity/{group.name.rsplit('/', 1)[1]}/{name}"][replica])
    if len(wrong):
        raise ValueError(f"{path}: damaged: the bytes of {name}, n = {len(rows)}, replica {replica}, from unit {wrong[0] * UNITS_OF_BLOCK} on "
                         f"differ from those that McKean wrote; `mckean verify {path}` lists all damage")
    return values


def load(run, n=None, replica=0, step=None):
    """Reads one network.

    run      the folder of a run, a checkpoint, or a file of Network.to_npz
    n        number of units; default: the largest of the run
    replica  number of the replica, from 0
    step     of a run folder: the step of the checkpoint; default: the newest. The run may be in progress

    Returns a Network. Reads only its own parameters, of the size 8 n (d + 2) bytes.
    Errors: FileNotFoundError: no such file, or no checkpoint yet. ValueError: no such n, replica or step; the message lists
    what exists; or the checkpoint is damaged.
    """
    if os.fspath(run).endswith(".npz"):
        return load_npz(run)
    path, file = open_checkpoint(run, step)
    try:
        return read_network(path, file, n, replica, step)
    except (OSError, KeyError, RuntimeError, UnicodeDecodeError, TypeError) as error:  # of h5py
        raise ValueError(f"{path}: damaged or incomplete ({error}); `mckean verify {path}` states the damage") from None


def read_network(path, file, n, replica, step):
    with file:
        if text(file.attrs.get("format", "")) != "mckean-checkpoint":
            raise ValueError(f"{path}: expected a checkpoint of McKean, received another HDF5 file")
        groups = {int(group.attrs["n"]): group for group in members(file)}
        n = max(groups) if n is None else n
        if n not in groups:
            raise ValueError(f"{path}: no networks of n = {n!r}; it has n = {', '.join(map(str, groups))}")
        group, at = groups[n], int(file.attrs["step"])
        if replica not in range(len(group["c"])):
            raise ValueError(f"{path}: no replica {replica!r}; it has replicas 0 to {len(group['c']) - 1}")
        if step not in (None, at):
            raise ValueError(f"{path}: expected step {step}, received a checkpoint of step {at}")
        config = read_config(text(file.attrs["config"]))
        alpha = float(config.get("unit.alpha", 1))
        scale = float(config.get("ensemble.scale", 1)) * n ** float(config.get("ensemble.scale_power", 0))
        c, a, b = (parameter(path, file, group, name, replica) if name in group else None for name in "cab")
        return Network(c, a, b, text(group.attrs["unit"]), alpha, at, time_of(file, group), replica, path, scale)
