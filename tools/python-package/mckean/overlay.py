"""Pictures that overlay several runs, labeled by what differs between their inputs."""
import os

from .guard import check
from .history import by_size
from .plots import log_axis, np, plt, save, time_axis, time_text
from .records import read_config

PRIVATE = ("run.", "output.", "unit.init.checksum", "unit.init.path", "unit.init.subsample")  # keys that do not name a case


def fluctuation(table):
    """Returns (time, V_n): the variance of f_n over replicas, averaged over test points; None without fields or replicas."""
    f = table.get("f")
    if f is None or f.shape[1] < 2 or table["attrs"]["streams"] > 1:
        return None
    return table["field_time"], f.var(axis=1, ddof=1).mean(axis=1)


def labels_of(runs):
    """Returns a label for each run: the keys of the inputs that differ, with the last part of their names."""
    inputs = [{key: value for key, value in read_config(input_of(run)).items() if not key.startswith(PRIVATE) or
               key == "run.seed"} for run in runs]
    keys = [key for key in dict.fromkeys(key for each in inputs for key in each)
            if len({each.get(key) for each in inputs}) > 1]
    labels = [", ".join(f"{key.rsplit('.', 1)[-1]} = {each.get(key, 'default')}" for key in keys[:3]) for each in inputs]
    return [label if labels.count(label) == 1 and label else os.path.basename(os.path.normpath(run))
            for label, run in zip(labels, runs)]


def input_of(run):
    return next(by_size(run))[1]["attrs"]["config"]


def draw_runs(runs):
    """Returns a figure of the training loss and n V_n of all runs against t, for the largest n of each (dashed: the smallest)."""
    figure, axes = plt.subplots(1, 2, figsize=(10.4, 4.6))
    for run, label, color in zip(runs, labels_of(runs), plt.cm.viridis(np.linspace(0, 0.85, len(runs)))):
        tables = list(by_size(run))
        for (n, table), style in ((tables[-1], "-"), *(((tables[0], "--"),) if len(tables) > 1 else ())):
            scale = float(table["attrs"]["C_f"])
            name = f"{label}, n = {n}"
            axes[0].plot(table["time"], table["loss"].mean(axis=1) / scale, style, color=color, label=name)
            found = fluctuation(table)
            if found:
                axes[1].plot(found[0], n * found[1], style, color=color, marker="o", markersize=3, label=name)
    for axis, title in zip(axes, ("training loss / $C_f$", "$n\\,V_n$ at the test points")):
        axis.set_title(title, fontsize=11)
        if axis.lines:
            time_axis(axis, np.concatenate([line.get_xdata() for line in axis.lines]))
            log_axis(axis)
        else:
            axis.text(0.5, 0.5, "no fields, or fewer than two replicas", ha="center", transform=axis.transAxes)
    axes[0].legend(fontsize=8)
    figure.suptitle("Solid: largest n; dashed: smallest n", fontsize=11)
    return figure


def overlay(runs, folder):
    """Writes overlay.png, the figure of draw_runs."""
    path = os.path.join(folder, "overlay.png")
    check(path, "picture")
    save(draw_runs(runs), path)


def times_of(rows, name):
    """Returns the different times, "t" or "t_V", of rows, in order and without rounding errors."""
    return sorted({float(f"{row[name]:.12g}") for row in rows if np.isfinite(row[name])})


def span(rows, name):
    """Writes the time of all rows, such as "t = 5", or the first and the last one."""
    ends = times_of([row for _, row in rows], name)
    if not ends:
        return "test points"
    return f"t = {time_text(ends[0])}" + (f" to {time_text(ends[-1])}: not the same for all values" if len(ends) > 1 else "")


def against(key, rows, folder):
    """Draws sweep.png: training loss and V_n at one t against the values of a swept key. rows: [(value, row of launch.rows_of)]."""
    path = os.path.join(folder, "sweep.png")
    check(path, "picture")
    sizes = sorted({row["n"] for _, row in rows})
    figure, axes = plt.subplots(1, 2, figsize=(10.4, 4.6))
    for n, color in zip(sizes, plt.cm.viridis(np.linspace(0.85, 0, len(sizes)))):
        points = sorted((value, row["loss"], row["V"]) for value, row in rows if row["n"] == n)
        for axis, column in zip(axes, (1, 2)):
            axis.plot([point[0] for point in points], [point[column] for point in points], marker="o", color=color,
                      label=f"n = {n}")
    for axis, title, words in zip(axes, (f"training loss at {span(rows, 't')}", f"$V_n$ at {span(rows, 't_V')}"),
                                  ("mean over replicas", "variance of $f_n$ over replicas, mean over test points")):
        values = [value for value, _ in rows]
        if min(values) > 0 and max(values) >= 4 * min(values):
            axis.set_xscale("log")
        if len(set(values)) <= 8:
            axis.set_xticks(sorted(set(values)), [f"{value:g}" for value in sorted(set(values))])
            axis.minorticks_off()
        axis.set_xlabel(key)
        axis.set_ylabel(words)
        axis.set_title(title, fontsize=11)
        log_axis(axis)
    axes[0].legend(fontsize=8)
    save(figure, path)
