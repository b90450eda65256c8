"""Style and axes shared by the pictures of tools/plot and tools/report.

After for_page(), picture() returns SVG elements for an HTML page. Their colors are CSS variables, so that the pictures follow
the light and dark color schemes of the page. After for_page(png=True) it returns PNG.
"""
import io
import itertools
import math
import re
import sys

from .guard import PICTURE, write

try:
    import matplotlib
    import numpy as np
except ImportError as error:
    sys.exit(f"{sys.argv[0]}: {error}; this tool needs Python with numpy and matplotlib (Debian: python3-matplotlib)")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of backend)

plt.rcdefaults()  # not the matplotlibrc of the user, which may ask for LaTeX
plt.rcParams.update({
    "figure.figsize": (7.2, 4.6), "figure.dpi": 150, "figure.constrained_layout.use": True, "font.size": 11,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25,
    "legend.frameon": False, "lines.linewidth": 1.8,
})

SCALES = {"C_f": "$C_f$", "loss_0": "loss$_0$"}  # records.LOSS_SCALES, as labels of axes
SHADES = 24  # number of colors in the scale
INK, FAINT = "#fd0000", "#fd0001"  # placeholders for the colors of text and of guide lines (svg_element)
_page, _pictures = False, itertools.count()


def for_page(png=False):
    """Sizes all later pictures for a column of a page."""
    global _page
    _page = not png
    plt.rcParams.update({"figure.figsize": (4.7, 3.7), "lines.linewidth": 1.5, "figure.dpi": 100})
    if _page:
        ink = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "grid.color")
        plt.rcParams.update({**{key: INK for key in ink}, "grid.alpha": 0.15, "svg.hashsalt": "mckean",
                             "figure.facecolor": "none", "axes.facecolor": "none"})


def page_colors():
    """Returns the CSS variables for the colors of pictures: {name: (color in the light scheme, in the dark scheme)}."""
    def shade(x):
        return matplotlib.colors.to_hex(plt.cm.viridis(x))
    scale = np.linspace(0, 1, SHADES)
    return {f"s{i}": (shade(0.82 - 0.82 * x), shade(0.98 - 0.54 * x)) for i, x in enumerate(scale)}


def colors(count):
    """Returns count colors, one for each n or time, from light to dark."""
    if not _page:
        return plt.cm.viridis(np.linspace(0.85, 0.0, count))
    return [f"#fe00{round(x * (SHADES - 1)):02x}" for x in np.linspace(0, 1, count)]


def guide():
    """Returns the color of guide lines."""
    return FAINT if _page else "0.5"


def picture(figure):
    """Returns the figure as an SVG element without external references for an HTML page, or the bytes of a PNG."""
    file = io.BytesIO()
    figure.savefig(file, format="svg" if _page else "png", transparent=_page, metadata={"Date": None, "Creator": None}
                   if _page else PICTURE)
    plt.close(figure)
    return svg_element(file.getvalue().decode()) if _page else file.getvalue()


def svg_element(document):
    body = document[document.index("<svg"):]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.S)
    body = re.sub(r' xmlns(:xlink)?="[^"]*"| (width|height)="[\d.]+pt"(?=[^>]* viewBox)| version="1.1"', "", body)
    body = re.sub(r'<g id="\w+_\d+">', "<g>", body.replace("xlink:href", "href"))
    body = re.sub(r'( id="| href="#|url\(#)', rf"\g<1>p{next(_pictures)}-", body)  # makes ids unique in the page
    body = re.sub(r' (d|x|y)="([^"]*)"', lambda match: f' {match[1]}="' + re.sub(r"(\.\d\d)\d+", r"\1", match[2]) + '"', body)
    body = re.sub(r"#fe00([0-9a-f]{2})", lambda match: f"var(--s{int(match[1], 16)})", body)
    return re.sub(r"\s+\n|\n+", "\n", body.replace(INK, "var(--ink)").replace(FAINT, "var(--faint)"))


def save(figure, path):
    """Writes the figure as PNG and prints its path."""
    file = io.BytesIO()
    figure.savefig(file, metadata=PICTURE)
    plt.close(figure)
    write(path, "picture", file.getvalue())
    print(path)


# ---- axes ----

def time_text(t):
    """Writes a time for a legend: integers completely, other times with four digits."""
    return f"{t if t == round(t) else float(f'{t:.4g}'):g}"


def time_axis(axis, times):
    """Sets up the time axis: linear, or, if the positive times span a decade, logarithmic with a linear segment for t = 0."""
    positive = times[times > 0]
    axis.set_xlabel("t")
    if not len(positive):
        return
    first, last = positive.min(), positive.max()
    if last / first < 10:
        axis.set_xlim(0, 1.02 * last)
        return
    axis.set_xscale("symlog", linthresh=first, linscale=0.35)
    decades = 10.0 ** np.arange(np.floor(np.log10(first)), np.ceil(np.log10(last)) + 1)
    ticks = np.outer(decades, (1, 2, 5) if last / first < 100 else (1,)).ravel()
    ticks = [0, *ticks[(ticks >= 0.999 * first) & (ticks <= 1.001 * last)]]
    axis.set_xticks(ticks, [f"{x:g}" for x in ticks])
    axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axis.set_xlim(-0.2 * first, 1.06 * last)


class LogTicks(matplotlib.ticker.LogLocator):
    """Ticks of a logarithmic axis: 1, 2, 5, 10, ..., or powers of ten if the axis spans a factor of `most`."""
    def __init__(self, most):
        super().__init__()
        self.most = most

    def tick_values(self, low, high):
        self.set_params(subs=(1, 2, 5) if high / low < self.most else (1,))
        return super().tick_values(low, high)


def tick_text(value, low, high):
    """Formats a tick of an axis from low to high. All ticks of an axis have the same form: plain numbers, or powers of ten if the
    axis extends below 5 10^-5 or above 2 10^6."""
    if value <= 0 or (0.5e-4 < low and high < 2e6):
        return f"{value:.10f}".rstrip("0").rstrip(".")
    power = math.floor(math.log10(value) + 1e-9)
    digit = value / 10.0 ** power
    return f"$10^{{{power}}}$" if abs(digit - 1) < 1e-6 else f"${digit:.3g}\\cdot10^{{{power}}}$"


def log_ticks(axis, most):
    """Sets the ticks of a logarithmic XAxis or YAxis of matplotlib, which follow its later limits."""
    axis.set_major_locator(LogTicks(most))
    axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: tick_text(value, *sorted(axis.get_view_interval()))))
    axis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def log_axis(axis):
    """Makes y logarithmic, with labeled ticks even within one decade. Leaves y linear if no value is positive."""
    if max([0] + [y for line in axis.get_lines() for y in line.get_ydata() if np.isfinite(y)]) <= 0:
        return
    axis.set_yscale("log")
    log_ticks(axis.yaxis, 300)


def plain_log(axis):
    """Makes x logarithmic."""
    axis.set_xscale("log")
    log_ticks(axis.xaxis, 100)


def size_axis(axis, n):
    """Makes x logarithmic, with at most six of the n as ticks."""
    axis.set_xscale("log", base=2)
    ticks = n[::-(-len(n) // 6)]
    axis.set_xticks(ticks, [str(x) for x in ticks])
    axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axis.set_xlabel("n")


def bars(value, low, high):
    """Returns the argument yerr of matplotlib's errorbar, or None if a lower bound is missing."""
    return [np.maximum(value - low, 0), np.maximum(high - value, 0)] if np.isfinite(low).all() else None


# ---- particles ----

def spread_direction(c, a):
    """Returns the unit vector (d) along which the inner parameters a (units, d) are largest, weighted by |c| (units).

    It is the leading eigenvector of sum_i |c_i| a_i a_i'.
    """
    return np.linalg.svd(a.T @ (np.abs(c)[:, None] * a))[0][:, 0]
