"""Figures of tools/report that compare runs with exact answers of the theory and with each other (exact.py)."""
import math

from . import exact
from .panels import Section, array, axes, done, legend
from .records import checkpoints_of
from .plots import bars, colors, guide, log_axis, np, plain_log, size_axis, time_axis, time_text


def draws_law(case):
    return any(map(exact.has_law, case.runs))


def draw_law(case):
    """Returns pictures of n V_sgd and of the loss in time, with the exact values."""
    found = [law for run in filter(exact.has_law, case.runs) for law in exact.against_law(run.folder)]
    pictures = []
    for label, name, factor, caption in (
            ("$n\\,V_{sgd}$", "V", True, "n V_sgd at the test points, mean over initial conditions, with intervals"),
            ("loss", "loss", False, "Training loss, mean over networks, with intervals over initial conditions")):
        figure, axis = axes(label)
        for law, color in zip(found, colors(len(found))):
            scale = law.n if factor else 1
            mean = [exact.mean_of(column) for column in scale * getattr(law, name).T]
            value, low, high = np.array(mean).T
            axis.errorbar(law.time, value, yerr=bars(value, low, high), color=color, marker="o", markersize=3.5, capsize=2,
                          linestyle="none", label=f"n = {law.n}")
            axis.plot(law.time, scale * getattr(law, name + "_exact").mean(axis=0), color=color, linewidth=1.2)
        time_axis(axis, found[0].time)
        legend(axis)
        pictures.append(done(axis, f"{caption}; lines: the exact values, given the features."))
    return pictures


def distances(cases):
    """Returns the cases without noise that differ in the output scale and have their initial state, as {kind: [(alpha, distance)]}."""
    found = {}
    for case in cases:
        config = case.first.config
        if 0 not in checkpoints_of(case.home):
            return {}
        kind = "mirrored units" if config.get("unit.init.mirror") == "true" else "other units"
        try:
            found.setdefault(kind, []).append(exact.distance_to_line(case.home))
        except ValueError:  # the theory does not hold for this case
            return {}
    return {kind: sorted(pairs) for kind, pairs in found.items() if len(pairs) > 1}


def scales_differ(cases):
    """Returns whether the cases differ in ensemble.scale and, as mirrored units, in little else."""
    keys = {key for case in cases for key, value in case.first.problem() if value != dict(cases[0].first.problem()).get(key)}
    return "ensemble.scale" in keys and all(key.startswith(("ensemble.scale", "unit.init.")) for key in keys)


def draw_distances(cases):
    figure, axis = axes("distance / motion")
    found = distances(cases)
    for (kind, pairs), color in zip(found.items(), colors(len(found))):
        scale, distance = np.array(pairs).T
        axis.plot(scale, distance, color=color, marker="o", markersize=4, label=kind)
        power = round(np.log(distance[-1] / distance[-2]) / np.log(scale[-1] / scale[-2]))
        axis.plot(scale[-2:], distance[-1] * (scale[-2:] / scale[-1]) ** power * 0.6, color=guide(), linestyle="--", linewidth=1.2,
                  label=f"$\\alpha^{{{power}}}$")
    plain_log(axis)
    log_axis(axis)
    axis.set_xlabel("output scale alpha")
    legend(axis, 4)
    return [done(axis, "Root mean square distance of f to the network linearized at step 0, at the training points and the last "
                       "time, relative to the motion of the linearized network, against alpha; dashed: the nearest integer power.")]


def gamma_of(case):
    return 1 - float(case.first.config.get("ensemble.scale_power", 0))


def draw_gamma(cases):
    times = sorted({time for case in cases for time in case.data["times"] if not math.isnan(time)})
    figure, axis = axes("slope of $V_n$ in n")
    for k, (time, color) in enumerate(zip(times, colors(len(times)))):
        rows = [(gamma_of(case), *(array(case.data["V"], name)[case.data["times"].index(time)] for name in ("slope", "slope_low", "slope_high")))
                for case in cases if time in case.data["times"]]
        x, value, low, high = np.array(rows).T
        axis.errorbar(x + 0.004 * (k - (len(times) - 1) / 2), value, yerr=bars(value, low, high), color=color, marker="o",
                      markersize=4, capsize=2, linestyle="none", label=f"t = {time_text(time)}")
    gamma = np.array(sorted(map(gamma_of, cases)))
    axis.plot(gamma, 1 - 2 * gamma, color=guide(), linestyle="--", linewidth=1.2, label="1 - 2 gamma")
    axis.set_xlabel("gamma")
    legend(axis)
    return [done(axis, "Slope of V_n in n against gamma, for networks n^-gamma sum c phi; dashed: the exact slope at t = 0.")]


def gammas_differ(cases):
    return len(set(map(gamma_of, cases))) > 1 and all("V" in case.data and len(case.data["n"]) > 1 for case in cases)


def biases(cases):
    """Returns {temperature_power: {n: (n V_n, Mean of sqrt n |bias|)}} of the cases with noise, each with a case without noise."""
    plain = {max(case.first.sizes): case for case in cases if not is_noisy(case)}
    found = {}
    for case in filter(is_noisy, cases):
        n = max(case.first.sizes)
        _, V, bias = exact.noise_bias(case.home, plain[n].home)
        found.setdefault(float(case.first.config.get("dynamics.stages.0.temperature_power", 0)), {})[n] = V, bias
    return {power: dict(sorted(sizes.items())) for power, sizes in sorted(found.items(), reverse=True)}


def is_noisy(case):
    return float(case.first.config.get("dynamics.stages.0.temperature", 0)) > 0


def powers_differ(cases):
    """Returns the biases if cases with noise differ in temperature_power, and for each n there is a case without noise."""
    noisy = [case for case in cases if is_noisy(case)]
    plain = {max(case.first.sizes) for case in cases if not is_noisy(case)}
    fits = (len({case.first.config.get("dynamics.stages.0.temperature_power", "0") for case in noisy}) > 1 and
            all(max(case.first.sizes) in plain and len(case.first.sizes) == 1 for case in noisy))
    try:
        return biases(cases) if fits else {}
    except ValueError:  # the cases differ in replicas or test points, or have no outputs
        return {}


def draw_biases(cases):
    found, pictures = biases(cases), []
    for label, part, caption in (("$\\sqrt{n}\\,|$bias$|$", 1, "sqrt n times the norm over test points of the bias of the mean of f_n, "
                                  "relative to networks without noise, against n, at the last time, with intervals"),
                                 ("$n\\,V_n$", 0, "n V_n of the same networks")):
        figure, axis = axes(label)
        for color, (power, sizes) in zip(colors(len(found)), found.items()):
            n = np.array(list(sizes))
            if part:
                value, low, high = np.array([sizes[x][1] for x in n]).T
                axis.errorbar(n, value, yerr=bars(value, low, high), color=color, marker="o", markersize=4, capsize=2,
                              label=f"temperature ~ $n^{{{power:g}}}$")
            else:
                axis.plot(n, [sizes[x][0] for x in n], color=color, marker="o", markersize=4, label=f"temperature ~ $n^{{{power:g}}}$")
        size_axis(axis, n)
        log_axis(axis)
        legend(axis, 2)
        pictures.append(done(axis, f"{caption}. For the central limit theorem around the limit without noise both must stay bounded."
                             if part else f"{caption}."))
    return pictures


def has_overlaps(case):
    """Returns whether a few students and teachers have overlaps at several times."""
    config, folder = case.first.config, case.first.folder
    if config.get("target.type") != "teacher" or min(case.first.sizes) * int(config["target.teacher.units"]) > 16:
        return False
    recorded = exact.recorded_overlaps(folder)
    return len(checkpoints_of(folder) if recorded is None else recorded.time) > 2


def draw_overlaps(case):
    """Returns a picture of M = a_i.b_r of the smallest n in time, and its limit for d -> infinity where it is known.

    The limit belongs to the overlaps at step 0, so if these differ between replicas, only replica 0 is shown.
    """
    run = case.first.folder
    n, m, d = min(case.first.sizes), int(case.first.config["target.teacher.units"]), case.first.config["target.d"]
    times, Q, M = exact.overlaps_of(run)
    same = all(np.ptp(part[0], axis=0).max() < 1e-6 for part in (Q, M))
    M = M.reshape(len(times), -1, n * m)
    eta = exact.saad_solla_eta(case.first)
    if eta is not None and not same:
        M = M[:, :1]
    figure, axis = axes("$M_{ir} = a_i \\cdot b_r$")
    for k, color in enumerate(colors(n * m)):
        axis.plot(times, M[:, :, k].mean(1), color=color, marker="o", markersize=3, linestyle="none", label=f"{k // m + 1}, {k % m + 1}")
        axis.fill_between(times, *np.quantile(M[:, :, k], [0.1, 0.9], axis=1), color=color, alpha=0.15, linewidth=0)
    if eta is not None:
        _, limit = exact.limit_of(run, times, eta)
        axis.plot(times, limit.reshape(len(times), -1), color=guide(), linestyle="--", linewidth=1.2)
    time_axis(axis, times)
    legend(axis, 6)
    shown = "replica 0" if M.shape[1] == 1 else "mean over replicas, band from the 10 % to the 90 % quantile"
    dashed = "" if eta is None else "; dashed: the equations of Saad and Solla, d -> infinity"
    return [done(axis, f"Overlaps of students i and teachers r, n = {n}, d = {d}: {shown}{dashed}.")]


CASE_EXACT = [Section("Overlaps with the teacher", has_overlaps, draw_overlaps, ""),
              Section("Exact law of frozen features", draws_law, draw_law,
                      "Networks that train only c, with noise: mean, variance and loss are known exactly, given the features.")]
STUDY_EXACT = [
    Section("Distance to linearized networks", lambda cases: len(cases) > 1 and scales_differ(cases) and distances(cases),
            draw_distances, ""),
    Section("Exponents in gamma", lambda cases: len(cases) > 1 and gammas_differ(cases), draw_gamma, ""),
    Section("Bias due to noise", lambda cases: len(cases) > 1 and powers_differ(cases), draw_biases, ""),
]
