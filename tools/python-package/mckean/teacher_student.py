"""mckean.overlaps, mckean.saad_solla: students and teachers of erf units on Gaussian inputs, for d -> infinity.

Fields u = (a_1.x, .., a_n.x, b_1.x, .., b_m.x) of n students and m teachers, with the covariance C of x ~ N(0, I): Q = a_i.a_j,
M = a_i.b_r, T = b_r.b_s. Residual r = sum_k w_k g(u_k), g(u) = erf(u / sqrt 2), with w = c_i/n for students and -c_r/m for teachers.
Online steps of P points, with dt = eta/d, change the overlaps by (c frozen, no b)

    dM_ir/dt = -c_i E[r g'(u_i) u_r]
    dQ_ij/dt = -c_i E[r g'(u_i) u_j] - c_j E[r g'(u_j) u_i] + (eta/P) c_i c_j E[r^2 g'(u_i) g'(u_j)]

up to terms of the order 1/d. All expectations are known functions of C (Saad and Solla, Phys. Rev. E 52, 4225 (1995)).
"""
from collections import namedtuple

import numpy as np

# Q (T, .., n, n) and M (T, .., n, m) at the times t (T).
Overlaps = namedtuple("Overlaps", "time Q M")


def overlaps(a, b):
    """Returns the overlaps Q = a_i.a_j (.., n, n) and M = a_i.b_r (.., n, m) of students a (.., n, d) and teachers b (m, d).

    a, b: arrays, such as mckean.load(RUN).a and /teacher/a of history.h5. Errors: ValueError for other shapes.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim < 2 or b.ndim != 2 or a.shape[-1] != b.shape[1]:
        raise ValueError(f"overlaps: expected arrays a (.., n, d) and b (m, d), received shapes {a.shape} and {b.shape}; "
                         "of a Network, pass its a")
    return a @ np.swapaxes(a, -1, -2), a @ b.T


def third(C, i, j, k):
    """Returns E[g'(u_i) u_j g(u_k)]; i, j, k: indices, or arrays of them."""
    one = 1 + C[i, i]
    return 2 / np.pi * (C[j, k] * one - C[i, j] * C[i, k]) / (one * np.sqrt(one * (1 + C[k, k]) - C[i, k] ** 2))


def fourth(C, i, j, k, l):
    """Returns E[g'(u_i) g'(u_j) g(u_k) g(u_l)]; the indices as for third()."""
    one, two = 1 + C[i, i], 1 + C[j, j]
    both = one * two - C[i, j] ** 2

    def part(k, l, constant):
        return (both * (constant + C[k, l]) - C[j, k] * C[j, l] * one - C[i, k] * C[i, l] * two
                + C[i, j] * (C[i, k] * C[j, l] + C[i, l] * C[j, k]))

    return 4 / np.pi ** 2 / np.sqrt(both) * np.arcsin(part(k, l, 0) / np.sqrt(part(k, k, 1) * part(l, l, 1)))


def rates(C, n, c, w, eta):
    """Returns dC/dt. eta: as for saad_solla."""
    rate, i, fields = np.zeros_like(C), np.arange(n), np.arange(len(C))
    drift = c[:, None] * (third(C, *np.ix_(i, fields, fields)) @ w)
    rate[:n] -= drift
    rate[:, :n] -= drift.T
    if eta:
        rate[:n, :n] += eta * np.outer(c, c) * (fourth(C, *np.ix_(i, i, fields, fields)) @ w @ w)
    return rate


def saad_solla(Q, M, T, times, eta, c=None, c_teacher=None, steps=50):
    """Integrates the equations of Saad and Solla for the overlaps of students and teachers, d -> infinity.

    Q (n, n), M (n, m)   overlaps at t = 0;  T (m, m): those of the teachers
    times                ascending, from 0 on; t = dt times steps, as in McKean
    eta                  learning rate dt d of Saad and Solla, divided by the points P of a step; 0: the population dynamics
    c (n), c_teacher (m) weights of the units in (1/n) sum c g and (1/m) sum c g; default: 1
    steps                steps of the Runge-Kutta method of fourth order per unit of time

    Returns Overlaps with the arrays time (T), Q (T, n, n) and M (T, n, m) at the times. Errors: ValueError for shapes or times
    that do not fit.
    """
    Q, M, T, times = (np.asarray(part, float) for part in (Q, M, T, times))
    if M.ndim != 2 or Q.shape != (len(M),) * 2 or T.shape != M.shape[1:] * 2:
        raise ValueError(f"saad_solla: expected Q (n, n), M (n, m) and T (m, m), received shapes {Q.shape}, {M.shape} and {T.shape}")
    n, m = M.shape
    if times.ndim != 1 or not len(times) or not np.all(np.diff(times, prepend=0) >= 0):
        raise ValueError(f"saad_solla: expected times in ascending order, from 0 on, received {times.tolist()}")
    c, c_teacher = (np.ones(size) if given is None else np.asarray(given, float) for size, given in ((n, c), (m, c_teacher)))
    if c.shape != (n,) or c_teacher.shape != (m,):
        raise ValueError(f"saad_solla: expected c ({n}) and c_teacher ({m}), received shapes {c.shape} and {c_teacher.shape}")
    C, w, at, found = np.block([[Q, M], [M.T, T]]), np.append(c / n, -c_teacher / m), 0.0, []
    for time in times:
        count = max(1, int(np.ceil((time - at) * steps)))
        h = (time - at) / count
        for _ in range(count if h > 0 else 0):
            k1 = rates(C, n, c, w, eta)
            k2 = rates(C + h / 2 * k1, n, c, w, eta)
            k3 = rates(C + h / 2 * k2, n, c, w, eta)
            C = C + h / 6 * (k1 + 2 * k2 + 2 * k3 + rates(C + h * k3, n, c, w, eta))
        at = time
        found.append(C)
    return Overlaps(times, np.array(found)[:, :n, :n], np.array(found)[:, :n, n:])
