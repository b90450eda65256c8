"""The figures of tools/report. Each is a row of CASE_SECTIONS or STUDY_SECTIONS.

To add a figure, write a function that takes a case (or all cases of the study) and returns pictures. Then add a row with this
function and with a function that returns whether the data exist. A figure without data is omitted.
"""
from .exact_figures import CASE_EXACT, STUDY_EXACT
from .fields import FIELD_SECTIONS
from .overlay import draw_runs
from .panels import Picture, Section, array, axes, done, legend, points, slope_guide, three
from .plots import SCALES, bars, colors, guide, log_axis, np, picture, plain_log, size_axis, time_axis, time_text
from .records import series_of
from .summary import law_sentence, rate_sentence
from .terms import TERM_SECTIONS
from .words import interval

POINTS = {"V": "test points", "V_train": "training points", "V_init": "due to initial conditions",
          "V_sgd": "due to data or noise"}
LOSSES = {"loss": "training loss", "test_loss": "test loss"}
CASES = 12  # maximum number of cases in one figure
ROWS = 240  # maximum number of points in a line


def has_spread(case, name):
    return name in case.data and np.nanmax(np.append(array(case.data[name], "values"), 0)) > 0


def late(case):
    """Returns the indices of at most six recorded times after 0, evenly spread; [0] if there are none."""
    found = [i for i, time in enumerate(case.data["times"]) if time > 0] or [0]
    return sorted({found[round(x)] for x in np.linspace(0, len(found) - 1, min(6, len(found)))})


def times_by_size(case):
    """Returns an array (sizes, times) of the times of each size."""
    return np.array([case.times_of_size(s) for s in range(len(case.data["n"]))])


# ---- losses ----

def series(case, column):
    """Returns {n: (time (rows), values (rows, replicas))}; replicas of the runs with as many rows as the first."""
    found = {}
    for run in case.runs:
        for n, time, values in series_of(run.history, column):
            found.setdefault(n, []).append((time, values))
    return {n: (pairs[0][0], np.concatenate([v for t, v in pairs if len(t) == len(pairs[0][0])], axis=1))
            for n, pairs in sorted(found.items())}


def thin(times):
    """Returns the indices of at most ROWS rows, denser at early times."""
    if len(times) <= ROWS:
        return np.arange(len(times))
    return np.unique(np.concatenate([np.geomspace(1, len(times), ROWS // 2), np.linspace(1, len(times), ROWS // 2)])
                     .astype(int)) - 1


def draw_in_time(case, label, columns, scale=None):
    """Returns a picture for each column of {column: caption} that the histories have.

    label: of the vertical axis. scale: the function that scales the vertical axis, such as log_axis; None: linear.
    """
    pictures = []
    for column, caption in columns.items():
        lines = series(case, column)
        if not lines or not np.isfinite(next(iter(lines.values()))[1]).any():
            continue
        figure, axis = axes(label)
        for color, (n, (times, values)) in zip(colors(len(lines)), lines.items()):
            rows = thin(times)
            axis.plot(times[rows], values[rows].mean(axis=1), color=color, label=f"n = {n}")
            if values.shape[1] > 1:
                axis.fill_between(times[rows], *np.quantile(values[rows], [0.1, 0.9], axis=1), color=color, alpha=0.15,
                                  linewidth=0)
        time_axis(axis, np.concatenate([times for times, _ in lines.values()]))
        if scale:
            scale(axis)
        legend(axis)
        pictures.append(done(axis, f"{caption}: mean over replicas, band from the 10 % to the 90 % quantile over replicas."))
    return pictures


def draw_loss_in_time(case):
    name = case.loss_scale()
    return draw_in_time(case, f"loss / {SCALES[name]}", {f"loss_over_{name}": f"Training loss over {name}",
                                                         f"test_loss_over_{name}": f"Test loss over {name}"}, log_axis)


def draw_regularized_loss_in_time(case):
    return draw_in_time(case, "G", {"regularized_loss": "Training loss with the ridge, G = L + (lambda/2) mean |theta|^2"}, log_axis)


def draw_accuracy_in_time(case):
    return draw_in_time(case, "accuracy", {"accuracy": "Share of points of the batch with the right sign",
                                           "test_accuracy": "Share of test points with the right sign"})


def draw_loss_in_n(case):
    n, name_0, pictures = np.array(case.data["n"]), case.loss_scale(), []
    loss_0 = case.data[name_0]
    for name, words in LOSSES.items():
        if name not in case.data:
            continue
        group, times = case.data[name], late(case)
        figure, axis = axes(f"loss / {SCALES[name_0]}")
        for i, color in zip(times, colors(len(times))):
            fit = [array(group["fit"], part)[i] for part in ("limit", "amplitude", "p")] if "fit" in group else [np.nan]
            fitted = np.isfinite(fit).all()
            points(axis, n, group, color, f"t = {time_text(case.data['times'][i])}", i, 1 / loss_0, "none" if fitted else "-")
            if fitted:
                fine = np.geomspace(n[0], n[-1], 60)
                axis.plot(fine, (fit[0] + fit[1] * fine ** -fit[2]) / loss_0, color=color, linewidth=1)
        size_axis(axis, n)
        log_axis(axis)
        legend(axis)
        pictures.append(done(axis, f"{words.capitalize()} over {name_0} against n at some times; lines are the fits "
                                   "L + A n^-p where one exists."))
    return pictures


def fitted_times(case, name):
    """Returns those indices in late(case) at which the fit of this loss has an interval for p."""
    group = case.data.get(name, {})
    return [i for i in late(case) if "fit" in group and np.isfinite(array(group["fit"], "p_low")[i])]


def draw_excess(case):
    n, name_0, pictures = np.array(case.data["n"]), case.loss_scale(), []
    loss_0 = case.data[name_0]
    for name, words in LOSSES.items():
        times = fitted_times(case, name)
        if not times:
            continue
        fit = case.data[name]["fit"]
        figure, axis = axes(f"(loss - L) / {SCALES[name_0]}")
        for i, color in zip(times, colors(len(times))):
            value, low, high = ((part[i] - fit["limit"][i]) / loss_0 for part in three(case.data[name]))
            keep = value > 0
            bar = [np.minimum(value - low, 0.9 * value)[keep], (high - value)[keep]]
            axis.errorbar(n[keep], value[keep], yerr=bar, color=color, marker="o", markersize=3.5, capsize=2,
                          linestyle="none", label=f"t = {time_text(case.data['times'][i])}: p = "
                                                  + interval(fit["p"][i], fit["p_low"][i], fit["p_high"][i], ".2f"))
            axis.plot(n, fit["amplitude"][i] / loss_0 * n ** -float(fit["p"][i]), color=color, linewidth=1)
        slope_guide(axis, n, value[keep].min() * n[keep][np.argmin(value[keep])] / n[0], -1)
        size_axis(axis, n)
        log_axis(axis)
        legend(axis, 1)
        pictures.append(done(axis, f"{words.capitalize()} above its fitted limit L, over {name_0}, with the fits A n^-p; "
                                   "dashed 1/n. Points below L are not shown."))
    return pictures


# ---- the error of trained networks ----

def plateaus(case):
    """Returns {column: results} of `mckean analyze --window`, empty without a window."""
    found = case.data.get("plateau", {})
    return {name: found[name] for name in LOSSES if name in found}


def draw_levels(axis, n, group, color, label):
    value, low, high = (array(group, part) for part in ("level", "level_low", "level_high"))
    axis.errorbar(n, value, yerr=bars(value, low, high), color=color, marker="o", markersize=3.5, capsize=2, linewidth=1.2,
                  label=label)


def slope_of(group):
    value, low, high = (group[part] for part in ("slope", "slope_low", "slope_high"))
    if value is None:
        return ""
    return f"slope {value:.3f}" + (f" [{low:.3f}, {high:.3f}]" if low is not None else "")


def draw_plateaus(case):
    n, found, name_0 = np.array(case.data["n"]), plateaus(case), case.loss_scale()
    figure, axis = axes(f"loss / {SCALES[name_0]}")
    for (name, group), color in zip(found.items(), colors(len(found))):
        draw_levels(axis, n, group, color, f"{LOSSES[name]}, {slope_of(group)}")
    slope_guide(axis, n, np.nanmin([array(group, "level")[0] for group in found.values()]), -1)
    size_axis(axis, n)
    log_axis(axis)
    legend(axis, 1)
    window = case.data["plateau"]
    return [done(axis, f"Mean over t = {window['first']:g} to {window['last']:g} of log loss/{name_0}: geometric mean over "
                       f"networks against n, with {100 * case.data['level']:g} % intervals; dashed 1/n.")]


# ---- fluctuations ----

def draw_collapse(case):
    n, times, pictures = case.data["n"], times_by_size(case), []
    for name in (name for name in POINTS if has_spread(case, name)):
        figure, axis = axes("$n\\,V_n$")
        for s, color in enumerate(colors(len(n))):
            value, low, high = (n[s] * part[:, s] for part in three(case.data[name]))
            axis.plot(times[s], value, color=color, marker="o", markersize=3, linewidth=1.2, label=f"n = {n[s]}")
            axis.fill_between(times[s], low, high, color=color, alpha=0.15, linewidth=0)
        predicted = case.data.get("predicted", {}).get(name)
        if predicted:
            value, low, high = (array(predicted, part) for part in ("prediction", "prediction_low", "prediction_high"))
            keep = np.isfinite(value)
            axis.errorbar(times[0][keep], value[keep], [(value - low)[keep], (high - value)[keep]], color="black", linewidth=1.2,
                          linestyle="--", capsize=3, label="predicted, $n \\to \\infty$")
        time_axis(axis, times.ravel())
        axis.set_xlim(right=times.max() * 1.2)
        log_axis(axis)
        legend(axis)
        pictures.append(done(axis, f"n V_n against t, {POINTS[name]}, with bands of intervals. Where the curves of all n "
                                   "coincide, V_n falls as 1/n." + (" Black: predicted from the dynamics (mckean predict)." if predicted
                                                                    else "")))
    return pictures


def draw_variance_in_n(case):
    n, pictures = np.array(case.data["n"]), []
    for name in (name for name in POINTS if has_spread(case, name)):
        group, times = case.data[name], [i for i in late(case) if np.nanmax(array(case.data[name], "values")[i]) > 0]
        figure, axis = axes("$V_n$" if name == "V" else f"$V_{{{name[2:]}}}$")
        for i, color in zip(times, colors(len(times))):
            points(axis, n, group, color, f"t = {time_text(case.data['times'][i])}", i)
        size_axis(axis, n)
        log_axis(axis)
        expected = group.get("expected")
        slope_guide(axis, n, np.nanmin(array(group, "values")[times, 0]), -1.0 if expected is None else expected)
        legend(axis)
        pictures.append(done(axis, f"Variance over replicas against n, {POINTS[name]}; dashed: {slope_words(expected)}."))
    return pictures


def sloped(case):
    """Returns the quantities with slopes and intervals at two or more times."""
    return [name for name in POINTS if has_spread(case, name) and
            np.isfinite(array(case.data[name], "slope_low")).sum() >= 2]


def draw_slopes_in_time(case):
    times, names = np.array(case.data["times"]), sloped(case)
    figure, axis = axes("slope in n")
    for k, (name, color) in enumerate(zip(names, colors(len(names)))):
        value, low, high = (array(case.data[name], part) for part in ("slope", "slope_low", "slope_high"))
        keep = np.isfinite(low)
        shift = 1 + 0.06 * (k - (len(names) - 1) / 2)
        axis.errorbar(times[keep] * shift, value[keep], yerr=bars(value[keep], low[keep], high[keep]), color=color,
                      marker="o", markersize=3.5, capsize=2, linewidth=1.2, label=f"{name}: {POINTS[name]}")
    for expected in {case.data[name].get("expected") for name in names} - {None}:
        axis.axhline(expected, color=guide(), linestyle="--", linewidth=1.2)
        tolerance = case.data.get("tolerance", 0)
        axis.axhspan(expected - tolerance, expected + tolerance, color=guide(), alpha=0.12, linewidth=0)
    time_axis(axis, times)
    axis.set_xlim(right=np.nanmax(times) * 1.2)
    legend(axis, 2)
    return [done(axis, f"Slopes of log variance on log n against t, {100 * case.data['level']:g} % intervals; dashed line "
                       "and band: theory and tolerance.")]


def slope_words(expected):
    return "1/n" if expected is None or expected == -1 else f"n^{expected:g}, as expected"


BOUNDS = {"bound_ratio": "test points", "bound_ratio_train": "training points"}


def draw_bounds(case):
    n, times, pictures = case.data["n"], times_by_size(case), []
    for name in (name for name in BOUNDS if name in case.data):
        figure, axis = axes("bound / $n\\,V_n$")
        for s, color in enumerate(colors(len(n))):
            points(axis, times[s], case.data[name], color, f"n = {n[s]}", (slice(None), s))
        time_axis(axis, times.ravel())
        axis.set_xlim(right=times.max() * 1.2)
        log_axis(axis)
        legend(axis)
        pictures.append(done(axis, f"Resampling bound over n V_n against t, {BOUNDS[name]}; above 1, fluctuations are smaller "
                                   "than those of units resampled from mu_n."))
    return pictures


# ---- rates ----

def reached(case):
    """Returns the indices of those fractions of the initial loss to which the loss falls for two or more n."""
    rate = case.data.get("rate", {})
    return [i for i, row in enumerate(rate.get("time", [])) if np.isfinite(np.array(row, dtype=float)).sum() > 1]


def draw_rates(case):
    n, rate = np.array(case.data["n"]), case.data["rate"]
    figure, axis = axes("t")
    for i, color in zip(reached(case), colors(len(reached(case)))):
        value, low, high = (array(rate, part)[i] for part in ("time", "time_low", "time_high"))
        keep = np.isfinite(value)
        axis.errorbar(n[keep], value[keep], yerr=bars(value[keep], low[keep], high[keep]), color=color, marker="o",
                      markersize=3.5, capsize=2, linewidth=1.2, label=f"to {rate['fraction'][i]:g}")
    size_axis(axis, n)
    log_axis(axis)
    legend(axis)
    return [done(axis, "Time at which the mean loss first falls to a fraction of its initial value, against n; in theory "
                       "independent of n.")]


# ---- healing ----

def falling(case):
    """Returns the healing curves if any V_n ends well below its maximum (by a factor 1.5)."""
    curves = case.data.get("healing", {})
    return curves if any(np.nanmax(array(curve, "ratio")) > 1.5 for curve in curves.values()) else {}


def draw_healing_ratio(case):
    n = np.array(case.data["n"])
    figure, axis = axes("max / end of $n\\,V_n$")
    curves = falling(case)
    for (name, curve), color in zip(curves.items(), colors(len(curves))):
        value, low, high = (array(curve, part) for part in ("ratio", "ratio_low", "ratio_high"))
        axis.errorbar(n, value, yerr=bars(value, low, high), color=color, marker="o", markersize=4, capsize=2,
                      label=POINTS.get(name, name))
    axis.axhline(10, color=guide(), linestyle="--", linewidth=1.2)
    size_axis(axis, n)
    log_axis(axis)
    legend(axis, 2)
    return [done(axis, "Maximum of n V_n over its value at the end; dashed: 10, the threshold of the verdict.")]


def draw_healing_exponents(case):
    n, times, pictures = case.data["n"], times_by_size(case), []
    for name, curve in falling(case).items():
        value, low, high = (array(curve, part) for part in ("exponent", "exponent_low", "exponent_high"))
        middle = [np.sqrt(t[:-1] * t[1:]) for t in times]
        keeps = [np.isfinite(value[:, s]) & (t > 0) for s, t in enumerate(middle)]
        if not any(map(np.any, keeps)):  # an exponent needs outputs at two times after 0
            continue
        figure, axis = axes("d log $V_n$ / d log t")
        for s, (keep, color) in enumerate(zip(keeps, colors(len(n)))):
            axis.errorbar(middle[s][keep] * (1 + 0.03 * s), value[keep, s], color=color, marker="o", markersize=3.5, capsize=2,
                          yerr=bars(value[keep, s], low[keep, s], high[keep, s]), linewidth=1.2, label=f"n = {n[s]}")
        axis.axhline(0, color=guide(), linestyle="--", linewidth=1.2)
        plain_log(axis)
        axis.set_xlabel("t")
        legend(axis)
        pictures.append(done(axis, f"Local exponent of V_n in t, {POINTS.get(name, name)}: above 0 fluctuations grow, "
                                   "below 0 they decrease (healing)."))
    return pictures


# ---- several cases ----

def across(cases, time, group, names):
    """Returns arrays of x and of the named numbers of group(case) at a time.

    cases: pairs (x, case); those that lack the time or one of the numbers are left out.
    """
    rows = [(x, *(array(group(case), name)[case.data["times"].index(time)] for name in names))
            for x, case in cases if time in case.data["times"]]
    return np.array([row for row in rows if np.isfinite(row).all()]).reshape(-1, 1 + len(names)).T


def has_powers(cases):
    return sum("V_sgd" in case.data and case.data["V_sgd"].get("expected") is not None for case in cases) >= 2


def draw_exponents_in_a(cases):
    found = [case for case in cases if "V_sgd" in case.data and case.data["V_sgd"].get("expected") is not None]
    a = np.array([-case.data["V_sgd"]["expected"] / 2 for case in found])
    times = sorted({time for case in found for time in case.data["times"] if time > 0})
    figure, axis = axes("slope of $V_{sgd}$ in n")
    for k, (time, color) in enumerate(zip(times, colors(len(times)))):
        x, value, low, high = across(zip(a, found), time, lambda case: case.data["V_sgd"],
                                     ("slope", "slope_low", "slope_high"))
        axis.errorbar(x + 0.012 * (k - (len(times) - 1) / 2), value, yerr=bars(value, low, high), color=color, marker="o",
                      markersize=4, capsize=2, linestyle="none", label=f"t = {time_text(time)}")
    axis.plot([a.min(), a.max()], [-2 * a.min(), -2 * a.max()], color=guide(), linestyle="--", linewidth=1.2, label="-2a")
    axis.set_xlabel("a, batch P ~ $n^{2a}$")
    legend(axis)
    return [done(axis, "Slope in n of the variance due to the data, against the power of the batch; dashed: theory, -2a.")]


def first_step(case):
    """Returns {n: (P, dt)} of the first step of the runs."""
    batch, dt = ({n: float(values[0]) for run in case.runs for n, _, values in series_of(run.history, column)}
                 for column in ("batch", "dt"))
    return {n: (batch[n], dt[n]) for n in batch}


def draw_noise_scale(cases):
    """Returns a picture for each target seed: V_sgd P / dt, the noise of SGD scaled by P and dt, at the last time."""
    groups, pictures = {}, []
    for case in (case for case in cases if has_powers([case, case])):
        groups.setdefault(case.first.config["target.seed"], []).append(case)
    for seed, found in groups.items():
        figure, axis = axes("$V_{sgd}\\,P$ / dt")
        for case, color in zip(found, colors(len(found))):
            n, step = case.data["n"], first_step(case)
            value, low, high = (part[-1] * [step[x][0] / step[x][1] for x in n] for part in three(case.data["V_sgd"]))
            axis.errorbar(n, value, yerr=bars(value, low, high), color=color, marker="o", markersize=3.5, capsize=2,
                          linewidth=1.2, label=f"a = {-case.data['V_sgd']['expected'] / 2:g}, dt = {step[n[0]][1]:g}")
        size_axis(axis, np.unique(np.concatenate([case.data["n"] for case in found])))
        log_axis(axis)
        legend(axis, 2)
        pictures.append(done(axis, f"V_sgd P / dt against n at t = {found[0].data['times'][-1]:g}, target seed {seed}: in "
                                   "theory the same for all batches and dt if n is large."))
    return pictures


def fitted(cases):
    """Returns the cases in which loss = L + A n^-p can hold (common data) and p has an interval."""
    return [case for case in cases if case.data.get("common_data") and fitted_times(case, "loss")]


def draw_fits_of_cases(cases):
    found = fitted(cases)
    times = sorted({case.data["times"][i] for case in found for i in fitted_times(case, "loss")})
    figure, axis = axes("p")
    for k, (time, color) in enumerate(zip(times, colors(len(times)))):
        x, value, low, high = across(enumerate(found), time, lambda case: case.data["loss"]["fit"], ("p", "p_low", "p_high"))
        axis.errorbar(x + 0.08 * (k - (len(times) - 1) / 2), value, yerr=bars(value, low, high), color=color, marker="o",
                      markersize=4, capsize=2, linestyle="none", label=f"t = {time_text(time)}")
    axis.axhline(1, color=guide(), linestyle="--", linewidth=1.2)
    axis.set_xticks(range(len(found)), [case.label.split(".")[-1] for case in found])
    legend(axis)
    return [done(axis, "Exponent p of training loss = L + A n^-p in each case, with intervals; dashed: 1.")]


def tested(cases):
    """Returns the cases with a test loss over a window at two or more n."""
    return [case for case in cases if "test_loss" in plateaus(case) and len(case.data["n"]) > 1]


def draw_plateaus_of_cases(cases):
    found = tested(cases)
    groups = [plateaus(case)["test_loss"] for case in found]
    figure, axis = axes("test loss / $C_f$")
    for case, group, color in zip(found, groups, colors(len(found))):
        label = ", ".join(f"{key.split('.')[-1]} = {case.first.config[key]}" if key.endswith(".d") else
                          f"target {case.first.config[key]}" for key in ("target.d", "target.seed") if key in case.first.config)
        draw_levels(axis, np.array(case.data["n"]), group, color, f"{label}: {slope_of(group)}")
    n = np.unique(np.concatenate([case.data["n"] for case in found]))
    slope_guide(axis, n, min(array(group, "level")[0] for group in groups), -1)
    size_axis(axis, n)
    log_axis(axis)
    legend(axis, 1)
    return [done(axis, "Test loss over C_f of trained networks against n in each case, over the window of its analysis, with "
                       "intervals; dashed 1/n.")]


def draw_cases(cases):
    return [Picture(picture(draw_runs([case.home for case in cases])),
                    "Training loss over C_f and n V_n against t in each case; colors show what differs between the inputs.", True)]


# ---- the table ----

def any_spread(case):
    return any(has_spread(case, name) for name in POINTS)


def several_sizes(case):
    return len(case.data["n"]) > 1


def law_text(case):
    return " ".join(law[1] for law in (law_sentence(case, name) for name in POINTS if name in case.data) if law)


CASE_SECTIONS = [
    Section("Loss in time", lambda case: len(case.data["times"]) > 1, draw_loss_in_time,
            rate_sentence),
    Section("Loss with the ridge in time", lambda case: len(case.data["times"]) > 1 and series(case, "regularized_loss"),
            draw_regularized_loss_in_time, ""),
    Section("Accuracy in time", lambda case: len(case.data["times"]) > 1 and series(case, "accuracy"),
            draw_accuracy_in_time, ""),
    Section("Loss against n", several_sizes, draw_loss_in_n, ""),
    Section("Error above the limit of many units", lambda case: any(fitted_times(case, name) for name in LOSSES),
            draw_excess, "Fits of loss = L + A n^-p at fixed t; theory predicts p = 1."),
    Section("Error of trained networks", lambda case: plateaus(case) and several_sizes(case), draw_plateaus,
            "The loss after training, averaged over a window of t; theory predicts that it falls as 1/n for large n."),
    Section("Fluctuations on the scale of the CLT", lambda case: any_spread(case) and len(case.data["times"]) > 1,
            draw_collapse, ""),
    Section("Fluctuations against n", lambda case: any_spread(case) and several_sizes(case), draw_variance_in_n,
            law_text),
    Section("Slopes in time", sloped, draw_slopes_in_time, ""),
    Section("Resampling bound", lambda case: any(name in case.data for name in BOUNDS) and len(case.data["times"]) > 1,
            draw_bounds, "In theory, the fluctuations of a Monte Carlo sample of mu_n bound those at long times; this is not a test."),
    Section("Rates", reached, draw_rates, ""),
    Section("Healing", falling, lambda case: draw_healing_ratio(case) + draw_healing_exponents(case),
            "Theory predicts that n V_n decreases at long times (healing) for noise-free gradient descent with the squared loss, "
            "in the norm of the training measure: with fixed data at the training points, not necessarily elsewhere."),
    *TERM_SECTIONS,
    *CASE_EXACT,
    *FIELD_SECTIONS,
]
STUDY_SECTIONS = [
    Section("Cases in one figure", lambda cases: 1 < len(cases) <= CASES, draw_cases, ""),
    Section("Exponents of the noise of SGD", has_powers, draw_exponents_in_a, ""),
    Section("Scale of the noise of SGD", has_powers, draw_noise_scale, ""),
    Section("Error of trained networks", lambda cases: len(tested(cases)) > 1, draw_plateaus_of_cases, ""),
    Section("Exponents of the error", lambda cases: len(fitted(cases)) > 1, draw_fits_of_cases, ""),
    *STUDY_EXACT,
]


def case_pictures(case):
    """Returns [(section, pictures)] for the sections whose data a case has."""
    return [(section, section.draw(case)) for section in CASE_SECTIONS if section.needs(case)]


def study_pictures(cases):
    return [(section, section.draw(cases)) for section in STUDY_SECTIONS if section.needs(cases)]
