"""Comparisons of runs with exact answers and with each other, for the figures of tools/report and the conditions of tools/studies.

A run is the folder of a run. Differences between runs are taken network by network: runs of the same run.seed start with the same
units. All intervals of means over networks are those of Student's t distribution.
"""
import functools
import math
import statistics
from collections import namedtuple

import numpy as np

from .history import by_size
from .network import load
from .records import checkpoints_of, h5py, history_of, members, read_config, series_of, time_of
from .teacher_student import Overlaps, overlaps, saad_solla
from .theory import check_frozen, law_of, line_of, must, square_outputs, square_table, stages_of

LEVEL = 0.99
# A mean over networks with its interval.
Mean = namedtuple("Mean", "value low high")
# Of the networks of n units at the times t (T); I initial conditions: V_sgd and its exact value (I, T), the squared error of the
# mean over streams, over its exact variance (I, T), the training loss and its exact mean (I, T).
AgainstLaw = namedtuple("AgainstLaw", "n time V V_exact error loss loss_exact")


def student(level, degrees):
    """Returns the half width of an interval of Student's t distribution: the expansion of Cornish and Fisher in 1/degrees.

    Its relative error is below 0.6 % from 5 degrees of freedom on, at 99 %.
    """
    z = statistics.NormalDist().inv_cdf((1 + level) / 2)
    return (z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2)
            + (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3))


def mean_of(values):
    """Returns the Mean of independent values; without interval (NaN) of fewer than six."""
    values = np.asarray(values, float)
    value, count = values.mean(), len(values)
    half = student(LEVEL, count - 1) * values.std(ddof=1) / np.sqrt(count) if count > 5 else np.nan
    return Mean(value, value - half, value + half)


def from_logarithm(mean):
    return Mean(*np.exp(mean))


def jackknife(statistic, count):
    """Returns the Mean of statistic(keep), where keep selects all of `count` replicas, and the interval of its jackknife.

    Without interval (NaN) of fewer than six replicas.
    """
    everything = np.ones(count, bool)
    value, left = statistic(everything), []
    if count < 6:
        return Mean(value, math.nan, math.nan)
    for i in range(count):
        everything[i] = False
        left.append(statistic(everything))
        everything[i] = True
    half = student(LEVEL, count - 1) * np.sqrt((count - 1) * np.var(left))
    return Mean(value, value - half, value + half)


# ---- frozen features ----

def has_law(run):
    """Returns whether frozen_features gives the law of a run (study.Run), and its streams show the noise at test and training points."""
    if run.streams < 2 or run.config.get("unit.train") != "[c]" or 0 not in checkpoints_of(run.folder):
        return False
    try:
        for _, table in by_size(run.folder):
            check_frozen(run.config, table)
            if not ("f" in table and "f_train" in table):
                return False
        return any(tau > 0 for _, tau, _ in stages_of(run.config, 1))
    except ValueError:  # the theory does not hold for this run
        return False


def at_steps(table, column, steps):
    """Returns a column of the series at some steps, as an array (steps, replicas); NaN where no row was recorded."""
    rows = {int(step): row for row, step in enumerate(table["step"])}
    return np.array([table[column][rows[step]] if step in rows else np.full(table[column].shape[1], np.nan) for step in steps])


@functools.lru_cache(None)
def against_law(run):
    """Returns [AgainstLaw], one for each n, of a run that trains only c and has streams."""
    found = []
    for n, table in by_size(run):
        streams = int(table["attrs"]["streams"])
        f, train = (table[name].reshape(len(table["field_step"]), -1, streams, table[name].shape[-1]) for name in ("f", "f_train"))
        laws = [law_of(table, load(run, n, i * streams, 0)) for i in range(f.shape[1])]
        loss = at_steps(table, "loss", [int(step) for step in table["field_step"]])
        variance = np.stack([law.variance_train for law in laws], 1)
        with np.errstate(divide="ignore", invalid="ignore"):  # at step 0 there is no noise yet
            error = np.where(variance > 0, (train.mean(2) - np.stack([law.mean_train for law in laws], 1)) ** 2 * streams / variance,
                             np.nan)
        found.append(AgainstLaw(n, table["field_time"], f.var(2, ddof=1).mean(2).T, np.array([law.variance.mean(1) for law in laws]),
                                error.mean(2).T, loss.reshape(len(loss), -1, streams).mean(2).T, np.array([law.loss for law in laws])))
    return found


# ---- output scale ----

def scale_of(config, n):
    return float(config.get("ensemble.scale", 1)) * n ** float(config.get("ensemble.scale_power", 0))


@functools.lru_cache(None)
def distance_to_line(run):
    """Returns (scale, distance) of the largest n: the root mean square of f - f_linearized at the training points, at the last field.

    It is relative to the motion of f_linearized; both are averaged over replicas.
    """
    n, table = max(by_size(run), key=lambda pair: pair[0])
    off, moved = 0.0, 0.0
    for replica in range(table["loss"].shape[1]):
        line = line_of(table, load(run, n, replica, 0)).f_train
        off += ((table["f_train"][-1, replica] - line[-1]) ** 2).mean()
        moved += ((line[-1] - line[0]) ** 2).mean()
    return scale_of(read_config(table["attrs"]["config"]), n), np.sqrt(off / moved)


def corrections(run):
    """Returns the Means of the slopes in n, between neighboring n, of the norm D over test points of E f_n - E f_n' at the last field.

    n' is the next size. The squares are corrected for the variance of the means over replicas; a slope is NaN where a corrected square
    is not positive. The intervals are those of the jackknife over replicas, which have the same number for each n.
    """
    pairs = sorted(((n, table["f"][-1]) for n, table in by_size(run)), key=lambda pair: pair[0])
    n, fields = [n for n, _ in pairs], [f for _, f in pairs]

    def distance(k, keep):
        f, g = fields[k][keep], fields[k + 1][keep]
        square = ((f.mean(0) - g.mean(0)) ** 2 - f.var(0, ddof=1) / len(f) - g.var(0, ddof=1) / len(g)).mean()
        return math.sqrt(square) if square > 0 else math.nan

    return [jackknife(lambda keep, k=k: math.log(distance(k + 1, keep) / distance(k, keep)) / math.log(n[k + 1] / n[k]), len(fields[0]))
            for k in range(len(n) - 2)]


# ---- teachers and students ----

def sum_of_squares_limit(correlation, p):
    """Returns the number that the sum of squares of Gaussian numbers with this correlation exceeds with probability p.

    The saddle point approximation of Lugannani and Rice for a sum of squares with the eigenvalues as weights.
    """
    weights = np.linalg.eigvalsh(correlation)
    weights = weights[weights > 1e-12 * weights[-1]]
    normal = statistics.NormalDist()

    def exceeds(zeta):  # the probability to exceed K'(zeta), the mean of the tilted distribution
        rest = 1 - 2 * zeta * weights
        x = (weights / rest).sum()
        w = np.sqrt(2 * (zeta * x + np.log(rest).sum() / 2))
        v = zeta * np.sqrt(2 * (weights ** 2 / rest ** 2).sum())
        return x, 1 - normal.cdf(w + np.log(v / w) / w)

    low, high = 1e-6 / weights[-1], (0.5 - 1e-9) / weights[-1]
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if exceeds(middle)[1] > p else (low, middle)
    return exceeds(low)[0]


def smallest(file):
    """Returns the networks of the smallest n of a checkpoint."""
    return min(members(file), key=lambda group: int(group.attrs["n"]))


def teachers_of(run):
    """Returns the inner parameters (m, d) of the teacher's units."""
    with h5py.File(history_of(run)) as file:
        return file["teacher/a"][()]


def recorded_overlaps(run):
    """Returns the Overlaps (T, R, ..) of the smallest n that the history contains (output.overlaps), or None."""
    with h5py.File(history_of(run)) as file:
        record = smallest(file).get("overlaps", {})
        return Overlaps(*(record[name][()] for name in ("time", "Q", "M"))) if "Q" in record and "M" in record else None


@functools.lru_cache(None)
def overlaps_of(run):
    """Returns the Overlaps (T, R, ..) of all networks of the smallest n: those in the history or, without them, of checkpoints."""
    recorded = recorded_overlaps(run)
    if recorded is not None:
        return recorded
    times, found = [], []
    for path in checkpoints_of(run).values():
        with h5py.File(path) as file:
            group = smallest(file)
            found.append(overlaps(np.asarray(group["a"], float), teachers_of(run)))
            times.append(time_of(file, group))
    return Overlaps(np.array(times), *(np.array(part) for part in zip(*found)))


def numbers_of(Q, M):
    """Returns the overlaps of students, i <= j, and those with teachers, as an array (.., numbers)."""
    return np.concatenate([Q[(..., *np.triu_indices(Q.shape[-1]))], M.reshape(*M.shape[:-2], -1)], -1)


# The keys of a run to which the equations of Saad and Solla apply with all c = 1, and their values.
SAAD_SOLLA = {"unit.type": "erf", "unit.train": "[a]", "target.type": "teacher", "target.teacher.type": "erf", "target.noise": "0",
              "data.mode": "online", "data.inputs": "gaussian", "loss.type": "squared", "ensemble.scale": "1",
              "ensemble.scale_power": "0", "dynamics.update": "euler", "dynamics.birth_death": "0", "dynamics.ridge": "0"}
STAGE_SAAD_SOLLA = {"temperature": "0", "dt_power": "0"}


def saad_solla_eta(run):
    """Returns dt d/P of a run (study.Run) to which the equations of Saad and Solla apply with all c = 1, else None."""
    stage = {key.removeprefix("dynamics.stages.0."): value for key, value in run.config.items() if key.startswith("dynamics.stages.")}
    fits = (all(run.config.get(key) == value for key, value in SAAD_SOLLA.items()) and "dynamics.stages.1.steps" not in stage
            and all(stage.get(key, value) == value for key, value in STAGE_SAAD_SOLLA.items())
            and stage.get("dt") != "auto" and "batch" in stage and 0 in checkpoints_of(run.folder))
    if not fits or overlaps_of(run.folder).time[0] != 0:
        return None
    with h5py.File(history_of(run.folder)) as file, h5py.File(checkpoints_of(run.folder)[0]) as checkpoint:
        for units in (file["teacher"], smallest(checkpoint)):
            if np.any(units["c"][()] != 1) or np.any(units["b"][()] != 0):
                return None
    return float(stage["dt"]) * float(run.config["target.d"]) / float(stage["batch"])


def limit_of(run, times, eta):
    """Returns Q (T, n, n) and M (T, n, m) for d -> infinity, from the overlaps of replica 0 of a run at step 0; all c = 1."""
    b, found = teachers_of(run), overlaps_of(run)
    flow = saad_solla(found.Q[0, 0], found.M[0, 0], b @ b.T, times, eta)
    return flow.Q, flow.M


def against_saad_solla(runs, eta):
    """Compares overlaps, extrapolated in 1/d by least squares with a line, with saad_solla, at all times after 0.

    runs: of increasing d, from the same overlaps. Returns how many overlaps and times, the largest deviation in standard errors, the
    sum of squares of the deviations, its limit for Gaussian deviations with the measured correlations, and the relative distance of
    the largest d. The limit has p = 5e-6, because each study makes two such tests: together they have p = 1e-5 (Bonferroni).
    """
    times = overlaps_of(runs[0]).time
    limit = numbers_of(*limit_of(runs[0], times, eta))[1:].ravel()
    data = [numbers_of(*overlaps_of(run)[1:])[1:].swapaxes(0, 1) for run in runs]
    data = [values.reshape(len(values), -1) for values in data]  # (R, overlaps and times)
    if min(map(len, data)) < 2 or len(data) < 2 or limit.size == 0:
        raise ValueError("expected 2 or more networks for each of 2 or more d, and overlaps at a t > 0")
    means = np.array([values.mean(0) for values in data])
    errors = np.array([values.std(0, ddof=1) / np.sqrt(len(values)) for values in data])
    x, weight = np.array([1 / teachers_of(run).shape[1] for run in runs])[:, None], errors ** -2.0
    S, Sx, Sxx = weight.sum(0), (weight * x).sum(0), (weight * x * x).sum(0)
    part = weight * (Sxx - x * Sx) / (S * Sxx - Sx ** 2)  # of each mean in the value at 1/d = 0
    covariance = sum(np.outer(share, share) * np.cov(values.T) / len(values) for share, values in zip(part, data))
    sd = np.sqrt(np.diag(covariance))
    z = ((part * means).sum(0) - limit) / sd
    distance = np.linalg.norm(means[-1] - limit) / np.linalg.norm(limit)
    return z.size, np.abs(z).max(), (z ** 2).sum(), sum_of_squares_limit(covariance / np.outer(sd, sd), 5e-6), distance


# ---- square units ----

# Of the networks of n units at T times: V over its exact value (T), and the deviations of V (T) and of the means of f_n at the test
# points (T, K) from their exact values, as normal scores.
AgainstWishart = namedtuple("AgainstWishart", "n ratio V mean")


def normal_score(z, skewness):
    """Returns the standard normal number with the same probability as z under a gamma distribution (Wilson and Hilferty).

    z and skewness: arrays. The gamma distribution has mean 0, variance 1 and this skewness. For |skewness| <= 0.3 and |z| <= 5, errors
    are below 0.12.
    """
    s = np.where(np.abs(skewness) > 1e-6, skewness, 1e-6)
    return 6 / s * (np.cbrt(np.maximum(1 + s * z / 2, 0)) - 1) + s / 6


def scores(seen, draws):
    """Returns the normal scores of the means of seen (R, ..) over R networks, given independent draws (N, ..) from the exact law."""
    mean, sd = draws.mean(0), draws.std(0)
    skewness = (((draws - mean) / sd) ** 3).mean(0) / np.sqrt(len(seen))
    return normal_score((seen.mean(0) - mean) / (sd * np.sqrt(1 / len(seen) + 1 / len(draws))), skewness)


def squares(f):
    """Returns the means over points of (f - mean f)^2 (R, T), which have the mean V, of outputs f (R, T, K) of R networks."""
    return ((f - f.mean(0)) ** 2).mean(2) * len(f) / (len(f) - 1)


# The keys of a run of square units whose n A is Wishart distributed at the start, and their values.
WISHART = {"unit.init.c.mean": "1", "unit.init.c.std": "0", "unit.init.b.mean": "0", "unit.init.b.std": "0", "unit.init.a.mean": "0",
           "unit.init.mirror": "false", "ensemble.scale": "1", "ensemble.scale_power": "0"}


def against_wishart(run, draws=16384):
    """Returns AgainstWishart for each n of a run of square units with c = 1 and b = 0, whose a are Gaussian with mean 0 at the start.

    Exact values are those of `draws` recursions of A = (1/n) sum_i a_i a_i'. Errors: ValueError as for mckean.square_flow, and if
    a key of WISHART has another value or the units are imported.
    """
    found = []
    for n, _ in by_size(run):
        n, table, config = square_table(run, n)
        must(config, "unit.init.path", None, "the law of square units")
        for key, expected in WISHART.items():
            must(config, key, expected, "the law of square units", expected)
        d, std, random = table["train_x"].shape[1], float(config["unit.init.a.std"]), np.random.default_rng(n)
        A = np.zeros((draws, d, d))
        for _ in range(n):
            a = std * random.standard_normal((draws, d))
            A += a[:, :, None] * a[:, None, :] / n
        seen, drawn = (f.swapaxes(0, 1) for f in (table["f"], square_outputs(table, config, n, A)[0]))
        if len(seen) < 2:
            raise ValueError(f"V_n of n = {n} needs 2 or more replicas")
        squares_seen, squares_drawn = squares(seen), squares(drawn)
        found.append(AgainstWishart(n, squares_seen.mean(0) / squares_drawn.mean(0), scores(squares_seen, squares_drawn),
                                    scores(seen, drawn)))
    return found


# ---- differences between runs ----

def last_outputs(run):
    """Returns (n, f) of the largest n: the outputs at the test points at the last field, as an array (replicas, points)."""
    n, table = max(by_size(run), key=lambda pair: pair[0])
    if "f" not in table:
        raise ValueError(f"{run}: expected outputs at test points (output.fields, data.test)")
    return n, table["f"][-1]


@functools.lru_cache(None)
def noise_bias(run, without):
    """Returns (n, n V_n, Mean of sqrt n |mean f - mean f of the run without noise|) at the last field."""
    (n, f), (other, g) = last_outputs(run), last_outputs(without)
    if n != other or f.shape != g.shape:
        raise ValueError(f"{run} and {without}: expected networks of the same n and replicas")

    def bias(keep):
        difference = (f - g)[keep]
        square = (difference.mean(0) ** 2 - difference.var(0, ddof=1) / len(difference)).mean()
        return np.sqrt(n * max(square, 0))

    return n, n * f.var(0, ddof=1).mean(), jackknife(bias, len(f))


def ends(run, other, column):
    """Yields (n, ratio): the ratio of a column at the last row, run over other, network by network, as a geometric Mean."""
    last = {n: values[-1] for n, _, values in series_of(run, column)}
    for n, _, values in series_of(other, column):
        if n in last:
            yield n, from_logarithm(mean_of(np.log(last[n] / values[-1])))
