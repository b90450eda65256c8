"""Functions shared by the figures of tools/report: pictures, numbers from analysis.json, and axes for a column of the page."""
from collections import namedtuple

from .plots import bars, guide, np, picture, plt

Picture = namedtuple("Picture", "body caption double", defaults=(False,))  # double: as wide as the page
# A row of the table of figures: heading; function that returns whether the data exist; function that draws a case, or all
# cases, and returns pictures; explanation below the heading: text, or a function of the same argument that returns it.
# It must not claim what the figure may contradict.
Section = namedtuple("Section", "title needs draw text")


def array(group, name):
    """Returns numbers of analysis.json as floats, null as NaN."""
    return np.array(group[name], dtype=float)


def three(group):
    return [array(group, name) for name in ("values", "low", "high")]


def axes(ylabel):
    figure, axis = plt.subplots()
    axis.set_ylabel(ylabel)
    return figure, axis


def legend(axis, columns=4):
    """Draws the legend above the axes, where it hides no data, in at most so many columns as fit in the figure.

    No legend if the only entry is one n.
    """
    handles, labels = axis.get_legend_handles_labels()
    if len(handles) < 2 and (not labels or labels[0].startswith("n = ")):
        return
    for most in range(columns, 0, -1):
        rows = -(-len(handles) // most)  # matplotlib fills column by column
        box = axis.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncol=-(-len(handles) // rows), fontsize=9,
                          handlelength=1.2, columnspacing=1.0, borderaxespad=0.2)
        if box.get_window_extent(axis.figure.canvas.get_renderer()).width < 0.8 * axis.figure.bbox.width:
            return


def done(axis, caption):
    return Picture(picture(axis.figure), caption)


def points(axis, x, group, color, label, columns=slice(None), factor=1.0, line="-"):
    """Draws values with their intervals."""
    value, low, high = (factor * part[columns] for part in three(group))
    axis.errorbar(x, value, yerr=bars(value, low, high), color=color, marker="o", markersize=3.5, capsize=2,
                  linewidth=1.2, linestyle=line, label=label)


def slope_guide(axis, n, value, power):
    """Draws a dashed line proportional to n^power, at 0.6 times value at the smallest n."""
    n = np.array(n, dtype=float)
    axis.plot(n, 0.6 * value * (n / n[0]) ** power, color=guide(), linestyle="--", linewidth=1.2,
              label="1/n" if power == -1 else f"$n^{{{power:g}}}$")
