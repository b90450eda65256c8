"""Gradient descent of ensembles of networks in PyTorch, for tools/compare-pytorch.

R networks of n units in d dimensions: c (R, n), a (R, n, d), b (R, n), with f(x) = (1/n) sum_i c_i sigmoid(a_i.x + b_i). Each
method returns a function that takes one step of all networks, and a function that returns the particles (c, a, b). Call them in
a process of their own whose environment is that of environment().
"""
import concurrent.futures
import ctypes
import re

import numpy as np
import torch

PART = 1 << 20  # method by_hand: (unit x point) pairs of the networks that are computed at a time
LABELED = 2048  # fresh points that are labeled at a time

def environment(method, networks, threads):
    """Returns the environment variables of a process: the numbers of threads with which the method is fastest."""
    return {"OMP_NUM_THREADS": str(1 if method == "by hand" else threads),
            "OPENBLAS_NUM_THREADS": str(1 if networks > 1 else threads)}


class FixedPoints:
    """The same P points for all networks and steps."""

    def __init__(self, x, y):
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        self.P, self.d = x.shape

    def batch(self, networks, generator=None):
        """Returns x (networks, P, d) and y (networks, P)."""
        return self.x.expand(networks, -1, -1), self.y.expand(networks, -1)


class FreshPoints:
    """P new points on the sphere |x|^2 = d for each network and step, with labels sum_{p<=q<=r} S_pqr x_p x_q x_r."""

    def __init__(self, P, d, packed):
        """packed: the coefficients S_pqr, p <= q <= r, r varying fastest."""
        self.P, self.d = P, d
        self.p, self.q = torch.triu_indices(d, d)
        self.S = torch.zeros(d, len(self.p))
        rest = torch.from_numpy(np.asarray(packed, np.float32))
        for pair, q in enumerate(self.q):
            self.S[q:, pair], rest = rest[:d - q], rest[d - q:]

    def labels(self, x):
        """Returns the labels of x (count, d)."""
        parts = (part.t().contiguous() for part in x.split(LABELED))
        return torch.cat([(self.S @ (x[self.p] * x[self.q])).mul_(x).sum(0) for x in parts])

    def batch(self, networks, generator=None):
        x = torch.randn(networks * self.P, self.d, generator=generator)
        x.mul_(self.d ** 0.5 / x.norm(dim=1, keepdim=True))
        return x.view(networks, self.P, self.d), self.labels(x).view(networks, self.P)


def start(particles):
    return [torch.from_numpy(np.asarray(field, np.float32)) for field in particles]


def autograd(particles, points, dt, threads):
    """All networks at a time: baddbmm, loss, backward, torch.optim.SGD."""
    torch.set_num_threads(threads)
    c, a, b = (field.requires_grad_() for field in start(particles))
    networks, n = c.shape
    optimizer = torch.optim.SGD([c, a, b], lr=dt * n)

    def step():
        x, y = points.batch(networks)
        optimizer.zero_grad(set_to_none=True)
        if networks == 1:
            f = (torch.sigmoid(torch.addmm(b[0], x[0], a[0].t())) @ c[0] / n).unsqueeze(0)
        else:
            z = torch.baddbmm(b.unsqueeze(1), x, a.transpose(1, 2))
            f = torch.bmm(torch.sigmoid(z), c.unsqueeze(2)).squeeze(2) / n
        loss = 0.5 * ((f - y) ** 2).mean(1).sum()
        loss.backward()
        optimizer.step()

    return step, lambda: [field.detach().numpy() for field in (c, a, b)]


class Share:
    """The work of one thread of by_hand: gradients written out, for a few networks at a time, in reused memory."""

    def __init__(self, c, ab, points, dt, seed):
        """c (networks, n), ab (networks, n, d + 1): the particles of the share, a and b in one array."""
        self.c, self.ab, self.points = c, ab, points
        n, P = c.shape[1], points.P
        self.generator = torch.Generator().manual_seed(seed)
        self.rate = dt / P
        self.count = max(1, PART // (n * P))
        self.h, self.w = torch.empty(self.count, n, P), torch.empty(self.count, n, P)
        self.x = torch.ones(self.count, P, points.d + 1)

    def step(self):
        with torch.no_grad():
            for c, ab in zip(self.c.split(self.count), self.ab.split(self.count)):
                self.descend(c, ab)

    def descend(self, c, ab):
        count, n = c.shape
        h, w, x = self.h[:count], self.w[:count], self.x[:count]
        x[:, :, :-1], y = self.points.batch(count, self.generator)
        torch.bmm(ab, x.transpose(1, 2), out=h).sigmoid_()
        r = torch.bmm(c.unsqueeze(1), h).squeeze(1).div_(n).sub_(y)
        torch.addcmul(h, h, h, value=-1, out=w).mul_(r.unsqueeze(1))
        gradient_c = torch.bmm(h, r.unsqueeze(2)).squeeze(2)
        gradient_ab = torch.bmm(w, x).mul_(c.unsqueeze(2))
        c.sub_(gradient_c, alpha=self.rate)
        ab.sub_(gradient_ab, alpha=self.rate)


def by_hand(particles, points, dt, threads):
    """Without autograd; each of `threads` Python threads has a share of the networks (PyTorch releases the GIL)."""
    torch.set_num_threads(1)
    c, a, b = start(particles)
    ab = torch.cat([a, b.unsqueeze(2)], 2)
    seeds = torch.randint(1 << 40, (threads,)).tolist()
    shares = [Share(*fields, points, dt, seed) for *fields, seed in zip(c.chunk(threads), ab.chunk(threads), seeds)]
    pool = concurrent.futures.ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))

    def step():
        if threads == 1:
            shares[0].step()
        else:
            list(pool.map(Share.step, shares))

    return step, lambda: [field.numpy() for field in (c, ab[:, :, :-1], ab[:, :, -1])]


METHODS = {"autograd": autograd, "by hand": by_hand}


def methods(networks):
    """Returns the names of the methods for this number of networks."""
    return list(METHODS) if networks > 1 else ["autograd"]


def openblas_kernels():
    """Returns the name of the kernels that OpenBLAS uses in this process, or None if PyTorch does not use OpenBLAS."""
    torch.ones(64, 64) @ torch.ones(64, 64)
    with open("/proc/self/maps") as maps:
        libraries = set(re.findall(r"/\S*openblas\S*\.so\S*", maps.read()))
    for library in libraries:
        core = getattr(ctypes.CDLL(library), "openblas_get_corename", None)
        if core:
            core.restype = ctypes.c_char_p
            return core().decode()
    return None


def better_kernels():
    """Returns the name of faster kernels of OpenBLAS for this processor, or None if those in use suit it.

    An OpenBLAS that does not recognize the processor uses kernels for SSE. The rule is that of src/base/openblas.c.
    """
    with open("/proc/cpuinfo") as file:
        flags = next((line.split() for line in file if line.startswith("flags")), ())
    suited = (("SkylakeX", "Cooperlake", "SapphireRapids") if "avx512f" in flags else
              ("Haswell", "Zen") if "avx2" in flags else ())
    kernels = openblas_kernels()
    return suited[0] if kernels and suited and kernels.lower() not in map(str.lower, suited) else None


def blas():
    """Returns the BLAS of this process, with its kernels if it is OpenBLAS."""
    kernels = openblas_kernels()
    return f"OpenBLAS for {kernels}" if kernels else "no OpenBLAS" + (", MKL" if torch.backends.mkl.is_available() else "")


def versions():
    found = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
    return {"pytorch": torch.__version__, "pytorch_level": found[1] if found else "unknown", "pytorch_blas": blas()}
