#!/usr/bin/env python3
"""An independent implementation of the steps with noise and ridge of McKean, with numpy in double precision. It makes the noise
itself, from the counters that include/dynamics/noise.h states.

Reads a data file (x, y), the checkpoint of a run of tanh units at step 0 and one at a later step; repeats the steps, and prints
the largest difference of all parameters. Exit code 1: the difference is larger than TOLERANCE.

usage: reference_langevin.py DATA STEP0 STEPK UPDATE DT TAU RIDGE FRICTION SEED TOLERANCE
"""
import sys

import h5py
import numpy as np

THERMAL = 19


def philox4x64(counter, key):
    """One block of Philox4x64-10, for Python integers."""
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        p0, p1 = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
        low = 2**64 - 1
        c = [(p1 >> 64) ^ c[1] ^ k0, p1 & low, (p0 >> 64) ^ c[3] ^ k1, p0 & low]
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & low, (k1 + 0xBB67AE8584CAA73B) & low
    return c


def philox4x32(c, k0, k1):
    """Blocks of Philox4x32-10, for arrays of words."""
    low, half = np.uint64(2**32 - 1), np.uint64(32)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> half) ^ c[1] ^ np.uint64(k0), p1 & low, (p0 >> half) ^ c[3] ^ np.uint64(k1), p0 & low]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def noise(seed, n, replica, step, numbers):
    """xi of all units, shape (n, numbers): c, b, a_0, ..."""
    block = philox4x64((2**64 - 1, step, n * 2**24 + replica, 2**64 - 1), (seed, THERMAL))
    k0, k1, nonce0, nonce1 = (word & 0xFFFFFFFF for word in block)
    draws = (numbers + 1) // 2
    unit, draw = (array.astype(np.uint64) for array in np.meshgrid(np.arange(n), np.arange(draws), indexing="ij"))
    word = philox4x32([unit, draw, np.full_like(unit, nonce0), np.full_like(unit, nonce1)], k0, k1)
    mantissa, twenty, twelve = np.uint64(2**52 - 1), np.uint64(20), np.uint64(12)
    u = 1 - (((word[0] << twenty) ^ (word[1] >> twelve)) & mantissa).astype(float) / 2.0**52
    t = (((word[2] << twenty) ^ (word[3] >> twelve)) & mantissa).astype(float) / 2.0**52
    radius = np.sqrt(-2 * np.log(u))
    pairs = np.stack([radius * np.cos(2 * np.pi * t), radius * np.sin(2 * np.pi * t)], axis=2)
    return pairs.reshape(n, 2 * draws)[:, :numbers]


def gradient(x, y, theta, ridge):
    """grad V + ridge theta of all units, shape (n, d + 2)."""
    c, b, a = theta[:, 0], theta[:, 1], theta[:, 2:]
    h = np.tanh(x @ a.T + b)
    r = h @ c / len(c) - y
    w = r[:, None] * c * (1 - h**2)
    return np.column_stack([r @ h, w.sum(0), w.T @ x]) / len(x) + ridge * theta


def train(x, y, theta, steps, update, dt, tau, ridge, friction, xi):
    v, decay = np.zeros_like(theta), np.exp(-friction * dt)
    for step in range(steps):
        g = gradient(x, y, theta, ridge)
        if update == "euler":
            theta = theta - dt * g + np.sqrt(2 * tau * dt) * xi(step)
        elif update == "leimkuhler_matthews":
            theta = theta - dt * g + np.sqrt(2 * tau * dt) * (xi(step) + xi(step + 1)) / 2
        else:
            v = v - (dt / 2 if step == 0 else dt) * g  # the last half kick of the step before, and the first of this one
            theta = theta + dt / 2 * v
            v = decay * v + np.sqrt(tau * (1 - decay**2)) * xi(step)
            theta = theta + dt / 2 * v
    return theta


def main():
    data, first, last, update, *numbers, seed, tolerance = sys.argv[1:]
    dt, tau, ridge, friction = map(float, numbers)
    with h5py.File(data) as f:
        x, y = f["x"][:], f["y"][:]
    worst = 0.0
    with h5py.File(first) as f, h5py.File(last) as g:
        steps = int(g.attrs["step"])
        for name in f["ensemble"]:
            start, end = f["ensemble"][name], g["ensemble"][name]
            replicas, n = start["c"].shape
            for replica in range(replicas):
                before, after = (np.column_stack([group["c"][replica], group["b"][replica], group["a"][replica]])
                                 for group in (start, end))

                def xi(step, n=n, replica=replica):
                    return noise(int(seed), n, replica, step, before.shape[1])

                result = train(x, y, before, steps, update, dt, tau, ridge, friction, xi)
                assert np.abs(after - before).max() > 0.1
                worst = max(worst, np.abs(after - result).max())
    print(f"{update}: after {steps} steps, largest difference {worst:.3g}")
    sys.exit(int(worst > float(tolerance)))


if __name__ == "__main__":
    main()
