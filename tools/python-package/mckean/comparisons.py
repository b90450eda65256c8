"""Comparisons of the parts of a study (tools/studies). Each is a class, whose instances are rows of a study.

A row has a label and parts, the fields that its docstring names, and

  compare(cases)   cases: those of its parts. Returns whether the condition is met, and a line that describes the result.
                   Raises Failure or ValueError if the runs cannot answer, for example because they have too few networks
  expected()       the condition in words; empty if the row only reports

judge(row, cases) is compare, except that a row that the runs cannot answer is not met, and its line states why.
"""
import math
import statistics
from collections import namedtuple

import numpy as np

from . import exact
from .guard import Failure
from .terms import learning_times, terms_of
from .words import interval, number


def verdict(agree, text):
    return f"{'' if agree else 'NOT '}{text}"


def judge(row, cases):
    """Returns row.compare(cases) or, if the runs cannot answer, False and a line that states the reason."""
    try:
        return row.compare(cases)
    except (Failure, ValueError) as error:
        return False, f"{row.label}: NOT met: {error}"


def require(condition, reason):
    if not condition:
        raise Failure(reason)


def finite(*values):
    """Returns whether all values are numbers; None and NaN are not."""
    return all(value is not None and math.isfinite(value) for value in values)


def window_of(case, name):
    """Returns the results of a loss over the window of the analysis."""
    require(name in case.data.get("plateau", {}), f"there is no window of {name}: the run is too short or recorded too few rows")
    return case.data["plateau"][name]


class Alike(namedtuple("Alike", "label parts dt")):
    """Two parts with different dt (a pair), whose V_sgd P / dt must agree for each t > 0 and n."""

    def ratios(self, cases):
        """Returns [(ratio, low, high)], the ratio of V_sgd P / dt at the second dt to that at the first, for each t > 0 and n.

        P is the same for both, so it cancels. The widths of both intervals are added in quadrature on the logarithmic scale,
        and widened (Bonferroni) so that all intervals contain the true ratio with probability 99 %.
        """
        first, second = (case.data for case in cases)
        found = []
        pairs = len(first["n"]) * sum(t > 0 for t in first["times"])
        require("V_sgd" in first and "V_sgd" in second, "there is no V_sgd: it needs data.streams of at least 2")
        require(pairs > 0, "there is no t > 0 that all n have in common")
        require(first["n"] == second["n"] and first["times"] == second["times"], "the runs differ in n or in the recorded t")
        normal = statistics.NormalDist()
        widen = normal.inv_cdf(1 - 0.005 / pairs) / normal.inv_cdf(1 - 0.005)
        for i, time_of in enumerate(first["times"]):
            for s in range(len(first["n"]) if time_of > 0 else 0):
                ratio, widths = 1.0, []
                for data, dt, sign in ((first, self.dt[0], -1), (second, self.dt[1], 1)):
                    value, low, high = (data["V_sgd"][part][i][s] for part in ("values", "low", "high"))
                    require(finite(value, low, high) and low > 0, f"V_sgd of n = {first['n'][s]} at t = {number(time_of)} has no interval: "
                            "too few replicas")
                    ratio *= (value / dt) ** sign
                    widths.append(math.log(high / low) / 2)
                width = widen * math.hypot(*widths)
                found.append((ratio, ratio * math.exp(-width), ratio * math.exp(width)))
        return found

    def compare(self, cases):
        found = self.ratios(cases)
        outside = [ratio for ratio in found if not ratio[1] <= 1 <= ratio[2]]
        values = [ratio[0] for ratio in found]
        return not outside, (f"{self.label}: V_sgd P / dt, dt = {self.dt[1]} over dt = {self.dt[0]}, {len(found)} pairs of n and t: "
                             f"{min(values):.2f} to {max(values):.2f}, " + (f"NOT 1 within joint intervals: {len(outside)}"
                                                                           if outside else "each 1 within its joint interval"))

    def expected(self):
        return f"equal V_sgd P / dt: {self.label}"


class SameSlope(namedtuple("SameSlope", "label parts tolerance")):
    """Two parts, whose slopes of the test loss in n over the window must agree. Their half widths are added in quadrature."""

    def compare(self, cases):
        first, second = ([window_of(case, "test_loss")[name] for name in ("slope", "slope_low", "slope_high")] for case in cases)
        require(finite(*first, *second), "a slope of the test loss has no interval: more than one replica of some n is needed")
        difference, width = second[0] - first[0], math.hypot((first[2] - first[1]) / 2, (second[2] - second[1]) / 2)
        agree = abs(difference) + width <= self.tolerance
        return agree, (f"{self.label}: difference of the slopes {interval(difference, difference - width, difference + width)}, "
                       + verdict(agree, f"within {self.tolerance} of 0"))

    def expected(self):
        return f"equal slopes within {self.tolerance}: {self.label}"


class Targets(namedtuple("Targets", "label parts name value tolerance")):
    """Parts with different targets: the mean of their slopes NAME@T, or NAME.decay over the window, must be value +- tolerance."""

    def slope(self, case):
        name, _, at = self.name.partition("@")
        if name.endswith(".decay"):
            return window_of(case, name.removesuffix(".decay"))["slope"]
        require(name in case.data, f"the runs have no {name}")
        found = [i for i, t in enumerate(case.data["times"]) if t == float(at)]
        require(found, f"no outputs at t = {at}; add the step to output.fields")
        return case.data[name]["slope"][found[0]]

    def compare(self, cases):
        slopes = [self.slope(case) for case in cases]
        require(finite(*slopes), f"{slopes.count(None)} of {len(slopes)} targets have no slope: too few replicas or n")
        mean = statistics.mean(slopes)
        agree = abs(mean - self.value) <= self.tolerance
        name = self.name.removesuffix(".decay").replace("@", " at t = ")
        return agree, (f"{self.label}: slope of {name} for {len(slopes)} targets: mean {number(mean, '.3f')}, sd between targets "
                       f"{statistics.stdev(slopes):.3f}, {number(min(slopes), '.3f')} to {number(max(slopes), '.3f')}" +
                       ("" if agree else f"; NOT {self.value} +- {self.tolerance}"))

    def expected(self):
        return f"mean of {self.name} over targets {self.label}: {self.value}~{self.tolerance}"


class AgainstLaw(namedtuple("AgainstLaw", "label parts times tolerance")):
    """A part that trains only c: V_sgd over its exact value, over all n and initial conditions, must be 1 +- tolerance at the times.

    At the last time, the squared error of the mean over its exact variance, and the loss over its exact mean, must agree with 1; both
    are means over all n and initial conditions.
    """

    def compare(self, cases):
        found = [law for run in cases[0].runs for law in exact.against_law(run.folder)]
        for t in self.times:
            if not all(np.isclose(law.time, t).any() for law in found):
                raise Failure(f"{self.label}: expected outputs at t = {t:g}, received t = {', '.join(map(number, found[0].time))}; "
                              "add the step to output.fields")
        ratios = [exact.mean_of(np.concatenate([law.V[:, at] / law.V_exact[:, at] for law in found for at in np.flatnonzero(
            np.isclose(law.time, t))])) for t in self.times]
        require(all(map(finite, *zip(*ratios))), "there is no interval: 6 or more initial conditions are needed")
        close = all(1 - self.tolerance < ratio.low and ratio.high < 1 + self.tolerance for ratio in ratios)
        text = ", ".join(f"{interval(*ratio)} at t = {t:g}" for t, ratio in zip(self.times, ratios))
        error = exact.mean_of(np.concatenate([law.error[:, -1] for law in found]))
        loss = exact.mean_of(np.concatenate([(law.loss / law.loss_exact)[:, -1] for law in found]))
        agree = all(mean.low <= 1 <= mean.high for mean in (error, loss))
        return close and agree, (
            f"{self.label}: V_sgd over its exact value {text}, " + verdict(close, f"within {self.tolerance} of 1") +
            f"; at the end, squared error of the mean over its exact variance {interval(*error)}, loss over its exact mean "
            f"{interval(*loss, form='.4f')}, " + verdict(agree, "compatible with 1"))

    def expected(self):
        return f"V_sgd over its exact value: 1~{self.tolerance}"


class Lazy(namedtuple("Lazy", "label parts value tolerance")):
    """Parts with different output scales: the distance to the linearized networks must fall as scale^value, +- tolerance, at large scales."""

    def compare(self, cases):
        found = sorted(exact.distance_to_line(run.folder) for case in cases for run in case.runs)
        require(all(finite(distance) and distance > 0 for _, distance in found), "a distance to the linearized networks is 0, or not "
                "a number")
        require(len({scale for scale, _ in found}) == len(found) > 1, "the runs do not differ in their output scale")
        slopes = [math.log(b[1] / a[1]) / math.log(b[0] / a[0]) for a, b in zip(found, found[1:])]
        agree = abs(slopes[-1] - self.value) <= self.tolerance
        text = ", ".join(f"{distance:.2g} (alpha = {scale:g})" for scale, distance in found)
        return agree, (f"{self.label}: relative distance to the linearized networks {text}; slopes in alpha "
                       f"{', '.join(number(slope, '.2f') for slope in slopes)}, the last " +
                       verdict(agree, f"{self.value} +- {self.tolerance}"))

    def expected(self):
        return f"distance to the linearized networks ~ alpha^{self.value}"


class Corrections(namedtuple("Corrections", "label parts")):
    """Parts with different gamma: how the mean of f_n approaches its limit. It only reports."""

    def compare(self, cases):
        texts = []
        for case in cases:
            gamma = 1 - float(case.first.config.get("ensemble.scale_power", 0))
            texts.append(f"gamma = {gamma:g}: {', '.join(interval(*slope, form='.2f') for slope in exact.corrections(case.home))}")
        return True, f"{self.label}: slopes of |E f_n - E f_4n| in n, between neighboring n: {'; '.join(texts)}"

    def expected(self):
        return ""


class NoiseBias(namedtuple("NoiseBias", "label parts value tolerance")):
    """Parts with noise, one for each n, then as many without: sqrt n |bias| must be ~ n^value, +- tolerance, between the largest n.

    The bias must vanish for n -> infinity (law of large numbers): the interval of this slope is below 1/2.
    """

    def compare(self, cases):
        half = len(cases) // 2
        found = sorted(exact.noise_bias(noisy.home, plain.home) for noisy, plain in zip(cases[:half], cases[half:]))
        require(len({n for n, _, _ in found}) == len(found) > 1, "the runs do not differ in n")
        for n, _, bias in found:
            require(finite(*bias), f"the bias of n = {n} has no interval: too few replicas")
            require(bias.value > 0, f"the bias of n = {n} is not resolved: its square minus that of its error is not positive; more "
                    "replicas are needed")
        slopes = [math.log(b[2].value / a[2].value) / math.log(b[0] / a[0]) for a, b in zip(found, found[1:])]
        width = math.hypot(*((mean.high - mean.low) / 2 / mean.value for _, _, mean in found[-2:])) / math.log(found[-1][0] / found[-2][0])
        agree, vanishes = abs(slopes[-1] - self.value) <= self.tolerance, slopes[-1] + width < 0.5
        return agree and vanishes, (f"{self.label}: n V_n " + ", ".join(f"{V:.3g} ({n})" for n, V, _ in found) + "; sqrt n |bias| " +
                       ", ".join(f"{interval(*bias, form='.3g')} ({n})" for n, _, bias in found) + "; its slopes in n " +
                       ", ".join(number(slope, ".2f") for slope in slopes) + f" +- {width:.2f}, the last " +
                       verdict(agree, f"{number(self.value)} +- {self.tolerance}") + " and " + verdict(vanishes, "below 1/2"))

    def expected(self):
        return f"sqrt n |bias| ~ n^{self.value:.2g}: {self.label}"


class SaadSolla(namedtuple("SaadSolla", "label parts eta")):
    """Parts with increasing d: their overlaps, extrapolated in 1/d, must be those for d -> infinity: p > 5e-6 for all together.

    A study makes two such tests, so that they reject correct overlaps with p = 1e-5 in total (Bonferroni). eta: dt d/P.
    """

    def compare(self, cases):
        count, worst, statistic, limit, distance = exact.against_saad_solla([case.home for case in cases], self.eta)
        agree = statistic < limit
        return agree, (f"{self.label}: {count} overlaps and times, extrapolated from d = " + ", ".join(
            case.first.config["target.d"] for case in cases) + f": largest deviation {worst:.2f} standard errors, sum of squares "
            f"{statistic:.0f}, " + verdict(agree, f"below {limit:.0f} (p = 5e-6, half of 1e-5 for two tests)") +
            f"; relative distance at the largest d {distance:.2g}")

    def expected(self):
        return f"overlaps of Saad and Solla: {self.label}"


class Wishart(namedtuple("Wishart", "label parts")):
    """A part with square units: V_n and the means of f_n at the test points must be those of exact recursions of A, n A Wishart.

    All n, times and points together: p > 1e-5 (Bonferroni). The normal scores account for the skewness of the law.
    """

    def compare(self, cases):
        found = [law for run in cases[0].runs for law in exact.against_wishart(run.folder)]
        ratios = np.concatenate([law.ratio for law in found])
        worst = [max(np.abs(getattr(law, name)).max() for law in found) for name in ("V", "mean")]
        limits = [statistics.NormalDist().inv_cdf(1 - 1e-5 / 4 / count) for count in (ratios.size, sum(law.mean.size for law in found))]
        agree = all(value < limit for value, limit in zip(worst, limits))
        return agree, (f"{self.label}: V_n over its exact value at {ratios.size} n and t: {ratios.min():.3f} to {ratios.max():.3f}; largest "
                       f"normal score of V_n {worst[0]:.1f}, of means of f_n {worst[1]:.1f}, "
                       + verdict(agree, f"below {limits[0]:.1f} and {limits[1]:.1f} (p = 1e-5)"))

    def expected(self):
        return f"{self.label}: V_n and means of f_n as for Wishart distributed n A"


class Ends(namedtuple("Ends", "label parts column below")):
    """Two parts: the ratio of a column at the end, first over second part, must be below a number at the largest n."""

    def compare(self, cases):
        found = sorted(exact.ends(cases[0].home, cases[1].home, self.column))
        require(found, "the runs have no n in common")
        require(finite(*found[-1][1]), f"the ratio at n = {found[-1][0]} has no interval: 6 or more replicas are needed")
        agree = found[-1][1].high < self.below
        return agree, (f"{self.label}: ratio of {self.column} at the end " + ", ".join(f"{interval(*ratio, form='.3g')} (n = {n})"
                       for n, ratio in found) + ", " + verdict(agree, f"below {self.below} at n = {found[-1][0]}"))

    def expected(self):
        return f"{self.label}: ratio of {self.column} below {self.below}"


class Staircase(namedtuple("Staircase", "label parts factor")):
    """Two parts. In the first, networks must learn the terms of the target in order; the last term alone, the second part, must take longer.

    It must take at least `factor` times as long, in medians over replicas, at the largest n.
    """

    def compare(self, cases):
        found = [max(terms_of(case.home), key=lambda terms: terms.n, default=None) for case in cases]
        require(all(found), "the runs recorded no terms of the target; see output.fields and target.type: hermite")
        steps, alone = map(learning_times, found)
        ordered = bool(np.isfinite(steps).all() and (np.diff(steps, axis=1) > 0).all())
        last, single = statistics.median(steps[:, -1]), statistics.median(alone[:, -1])
        later = math.isfinite(last) and single >= self.factor * last
        medians = ", ".join(number(time) for time in np.median(steps, axis=0))
        return ordered and later, (f"{self.label}: terms learned at t = {medians} (medians), " + verdict(ordered, f"in order in each of "
                                   f"{len(steps)} networks; ") + f"the last term alone at t = {number(single)}, " + verdict(
                                       later, f"at least {self.factor} times as long"))

    def expected(self):
        return f"terms learned in order, the last alone in at least {self.factor} times as long"
