"""Figures of tools/report about the central limit theorem of the field, the empirical distribution of the units, and single
units."""
import os

from .panels import Section, array, axes, done, legend, slope_guide
from .plots import bars, colors, guide, log_axis, np, size_axis, spread_direction, time_text
from .records import h5py, members, time_of

LEADING, PARTICLES = 5, 1200  # largest numbers of vectors and of units in a picture


# ---- the field ----

def times_of(case, group):
    """Returns the objects "0", "1", ... of a group of analysis.json, one for each time."""
    found = case.data.get(group, {})
    return [found[key] for key in sorted((key for key in found if key.isdigit()), key=int)]


def where(time):
    return f"t = {time['time']:g}, {time['points'][0]} points"


def is_exact(time):
    """Returns whether the reference is the initial distribution, for which the mean of the field is known exactly."""
    return time["reference"][0] == "initial"


def is_own(case, time, s):
    """Returns whether network size number s is compared with half of its own replicas."""
    return time["reference"][0] == "half" and s == len(case.data["n"]) - 1


def draw_quotients(case):
    n, pictures = np.array(case.data["n"]), []
    for time in times_of(case, "clt"):
        quotients, limit = array(time, "quotients"), array(time, "quotient_limit")
        last = len(n) - is_own(case, time, len(n) - 1)
        if not last:  # a single size, which is its own reference
            continue
        count = min(LEADING, quotients.shape[1])
        figure, axis = axes("$u_i' C_n u_i / l_i$")
        for i, color in enumerate(colors(count)):
            axis.plot(n[:last], quotients[:last, i], color=color, marker="o", markersize=4, label=f"i = {i + 1}")
        axis.fill_between(n[:last], 1 - limit[:last], 1 + limit[:last], color=guide(), alpha=0.12, linewidth=0)
        axis.axhline(1, color=guide(), linestyle="--", linewidth=1.2)
        size_axis(axis, n[:last])
        legend(axis, 5)
        pictures.append(done(axis, f"{where(time)}: quotients of C_n = n Cov on the {count} leading vectors of the "
                                   f"reference ({time['reference'][0]}), against n; band: range accepted for a Gaussian field."))
    return pictures


def draw_quantiles(case):
    n, pictures = case.data["n"], []
    for time in times_of(case, "clt"):
        quantiles = array(time, "quantiles")
        z = np.linspace(-4, 4, quantiles.shape[1])
        figure, axis = axes("quantiles of y")
        axis.plot(z, z, color=guide(), linestyle="--", linewidth=1.2)
        for s, color in enumerate(colors(len(n))):
            axis.plot(z, quantiles[s], color=color, linewidth=1.3, label=f"n = {n[s]}")
        axis.set_xlabel("quantiles of N(0, 1)")
        legend(axis)
        pictures.append(done(axis, f"{where(time)}: quantiles of all whitened projections y against those of the normal "
                                   "distribution; dashed: equal."))
    return pictures


# ---- the empirical distribution ----

def measured(case):
    """Returns the objects of the times, common to all n, at which observables of mu_n have a variance over replicas; none for a single n."""
    return [time for time in times_of(case, "measure")
            if len(case.data["n"]) > 1 and time["time"] is not None and None not in time["V"]["values"]]


def draw_measure(case):
    n, found = np.array(case.data["n"]), measured(case)
    pictures = []
    for name, words in (("V", "Variance over replicas of the mean of psi over the units of a network, against n; psi: 64 random cosines of the "
                               "parameters of a unit, of which the mean is shown; dashed 1/n."),
                        ("mmd", "Squared maximum mean discrepancy (MMD^2) between the distribution of the units at n and at the largest n, "
                                 "without the terms of a unit with itself.")):
        figure, axis = axes("$V(<\\psi>_n)$" if name == "V" else "MMD$^2$")
        for time, color in zip(found, colors(len(found))):
            value, low, high = (array(time[name], part) for part in ("values", "low", "high"))
            keep = np.isfinite(value)
            axis.errorbar(n[keep], value[keep], yerr=bars(value[keep], low[keep], high[keep]), color=color, marker="o",
                          markersize=3.5, capsize=2, linewidth=1.2, label=f"t = {time_text(time['time'])}")
        size_axis(axis, n)
        if name == "V":
            log_axis(axis)
            slope_guide(axis, n, min(time["V"]["values"][0] for time in found), -1)
        else:
            axis.axhline(0, color=guide(), linestyle="--", linewidth=1.2)
        legend(axis)
        pictures.append(done(axis, words))
    return pictures


# ---- particles ----

def some_particles(path, direction=None):
    """Returns time, n, c (units) and a . e (units) of up to PARTICLES units of the largest n in a checkpoint, and e (d).

    direction: the vector e; None: the direction of largest spread of these units.
    """
    with h5py.File(path) as file:
        group = members(file)[-1]
        n = int(group.attrs["n"])
        rows, stride = max(1, min(group["c"].shape[0], PARTICLES // n)), max(1, n // PARTICLES)
        c, a = group["c"][:rows, ::stride].ravel(), group["a"][:rows, ::stride].reshape(-1, group["a"].shape[-1])
        e = spread_direction(c, a) if direction is None else direction
        return time_of(file, group), n, c[:PARTICLES], (a @ e)[:PARTICLES], e


def step_of(path):
    return int(os.path.basename(path)[len("step-"):-len(".h5")])


def draw_particles(case):
    run, pictures = max(case.runs, key=lambda run: max(run.sizes)), []
    paths = run.snapshots()
    direction, steps = some_particles(paths[-1])[4], [step_of(path) for path in paths]
    between = [path for path, step in zip(paths, steps) if steps[0] < step < steps[-1] / 2]
    for path in dict.fromkeys((paths[0], *between[len(between) // 2:][:1], paths[-1])):
        time, n, c, inner, _ = some_particles(path, direction)
        figure, axis = axes("c")
        axis.plot(inner, c, color=colors(3)[1], marker="o", markersize=2.2, linestyle="none", alpha=0.5,
                  markeredgewidth=0)
        axis.set_xlabel("z . e" if run.config.get("unit.type") == "rbf" else "a . e")
        axis.set_title(f"t = {time:g}", fontsize=11)
        pictures.append(done(axis, f"{len(c)} of the units of n = {n} at t = {time:g}: amplitude c against the inner "
                                   "parameter along e, the direction in which it spreads most at the end."))
    return pictures


def has_snapshots(case):
    return any(run.snapshots() for run in case.runs)


FIELD_SECTIONS = [
    Section("Rayleigh quotients of the covariance", lambda case: times_of(case, "clt"), draw_quotients,
            "The central limit theorem predicts that n Cov of f_n tends to one operator, so that the quotients of all n agree. Sorted sample "
            "eigenvalues are biased; quotients on fixed vectors are not."),
    Section("Normality of whitened projections", lambda case: times_of(case, "clt"), draw_quantiles, ""),
    Section("Observables of the units", measured, draw_measure, ""),
    Section("Particles", has_snapshots, draw_particles, ""),
]
