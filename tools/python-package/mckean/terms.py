"""The residual along each term of a target of type hermite (component in history.h5): learning times, and the figure of tools/report."""
from collections import namedtuple

from .panels import Section, axes, done, legend
from .plots import colors, guide, np, time_axis, time_text
from .records import h5py, history_of, members

# Of the networks of n units at the times t (T): component (T, replica, term), remainder (T, replica); coefficient (term) and names of
# the terms.
Terms = namedtuple("Terms", "n time component remainder coefficient names")


def name_of(degree):
    """Returns the name of a term from its degrees (direction): "he_1(u_0) he_2(u_1)"."""
    return " ".join(f"he_{k}(u_{i})" for i, k in enumerate(degree) if k > 0) or "1"


def terms_of(run):
    """Returns [Terms] of the history of a run, one for each n; [] if it has no components."""
    with h5py.File(history_of(run), "r") as file:
        if "degree" not in file["target"]:
            return []
        names, coefficient = [name_of(row) for row in file["target/degree"][()]], file["target/coefficient"][()]
        return [Terms(int(group.attrs["n"]), group["field/time"][()], group["field/component"][()], group["field/remainder"][()],
                      coefficient, names) for group in members(file) if "field" in group and "component" in group["field"]]


def learning_times(terms):
    """Returns an array (replica, term): the first recorded time at which the component is below half the coefficient in absolute value.

    Infinite if there is no such time; NaN for a term with the coefficient 0.
    """
    learned = np.abs(terms.component) < np.abs(terms.coefficient) / 2
    first = np.where(learned.any(axis=0), terms.time[learned.argmax(axis=0)], np.inf)
    return np.where(terms.coefficient != 0, first, np.nan)


def largest(case):
    """Returns the Terms of the largest n of a case, or None."""
    return max((terms for run in case.runs for terms in terms_of(run.folder)), key=lambda terms: terms.n, default=None)


def has_terms(case):
    terms = largest(case)
    return terms is not None and len(terms.time) > 1


def draw_terms(case):
    terms = largest(case)
    figure, axis = axes("component of $f_n - f$")
    for t, (name, color) in enumerate(zip(terms.names, colors(len(terms.names)))):
        values = terms.component[:, :, t]
        axis.plot(terms.time, values.mean(axis=1), color=color, label=name.replace("he_", "he").replace("u_", "u"))
        if values.shape[1] > 1:
            axis.fill_between(terms.time, *np.quantile(values, [0.1, 0.9], axis=1), color=color, alpha=0.15, linewidth=0)
    axis.axhline(0, color=guide(), linestyle="--", linewidth=1.2)
    time_axis(axis, terms.time)
    legend(axis, 3)
    times = "; ".join(f"{name}: {times_text(row)}" for name, row in zip(terms.names, learning_times(terms).T) if not np.isnan(row[0]))
    return [done(axis, f"Residual along each term of the target, n = {terms.n}: mean over replicas, band from the 10 % to the 90 % "
                       f"quantile. Median of the first t at which it is below half the coefficient: {times}.")]


def times_text(times):
    middle = np.median(times)
    return time_text(middle) if np.isfinite(middle) else "not reached"


TERM_SECTIONS = [Section("Terms of the target", has_terms, draw_terms,
                         "The residual f_n - f at the test points, projected on the terms of f in their order. The squares of the "
                         "components, over 2, and the remainder add up to the test loss.")]
