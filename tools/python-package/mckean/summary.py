"""What a study trained, what it asks, and what its analysis found: the first lines of a report, and the last of tools/demo.

A question is asked only if the runs can answer it. The answers come from the verdicts in analysis.json. To add a question,
append a function to QUESTIONS that returns None or an Answer.
"""
import textwrap
from collections import namedtuple

from .words import number

# kind: good, bad, open or plain (an estimate without a verdict); word: the short answer; details: a list of sentences
Answer = namedtuple("Answer", "question kind word details")
LAWS = {"V": "Do the fluctuations of f_n at the test points fall as 1/n (law of large numbers)?",
        "V_train": "Do they fall as 1/n at the training points?",
        "V_init": "Do the fluctuations due to the initial conditions fall as 1/n (law of large numbers)?",
        "V_sgd": "Do the fluctuations due to the data fall as 1/P?"}
LIMITS = ("V", "replicas", "slopes", "heal", "clt")  # findings that state why a question is not asked


# ---- what was trained ----

def listed(values):
    """Writes numbers as text: "64 to 1024 (5 sizes)", or "64"."""
    values = sorted(set(values))
    return f"{values[0]}" if len(values) == 1 else f"{values[0]} to {values[-1]} ({len(values)} sizes)"


def end_of(case):
    """Returns the last time of the analysis as text: that of the smallest and of the largest n if they differ."""
    ends = [case.times_of_size(s)[-1] for s in (0, -1)]
    if ends[0] == ends[1]:
        return f"t = {ends[0]:g}"
    return f"t = {ends[0]:g} (n = {case.data['n'][0]}) and {ends[1]:g} (n = {case.data['n'][-1]})"


def trained(case):
    """Returns sentences: networks, target, points, dynamics."""
    run, config = case.first, case.first.config
    replicas = sorted({count // run.streams for other in case.runs for count in other.sizes.values()})
    count = f"{replicas[0]}" if len(replicas) == 1 else f"{replicas[0]} to {replicas[-1]}"
    several = "replica" if replicas == [1] else "replicas of each n"
    if run.streams > 1:
        several += f" ({run.streams} data streams for each replica)"
    scheme = "gradient descent" if config["dynamics.scheme"] == "gd" else "stochastic gradient descent"
    sentences = [f"Networks of {config['unit.type']} units, n = {listed(case.data['n'])}, {count} {several}, "
                 f"by {scheme} to {end_of(case)}.", f"Target: {run.target_text()}."]
    names = (("train", "Training"), ("test", "Test"))
    return sentences + [f"{name}: {run.origin[key]}." for key, name in names if key in run.origin]


# ---- what was asked and found ----

def span(values):
    """Writes the range of some numbers."""
    low, high = min(values), max(values)
    return f"{low:.3f}" if low == high else f"{low:.3f} to {high:.3f}"


def at_times(all_times, chosen):
    """Writes times as text and joins neighbors: "t = 0 to 50, 200"."""
    spans = []
    for i, time in enumerate(all_times):
        if time in chosen:
            if spans and spans[-1][1] == i - 1:
                spans[-1][1] = i
            else:
                spans.append([i, i])
    return "t = " + ", ".join(f"{all_times[a]:g}" if a == b else f"{all_times[a]:g} to {all_times[b]:g}" for a, b in spans)


def judged(words):
    """Returns the kind and the short answer that follow from these verdicts."""
    words = set(words)
    if "outside" in words:
        return ("open", "in part") if words & {"within", "compatible"} else ("bad", "NO")
    return ("open", "not resolved") if words & {"compatible", "different"} else ("good", "yes")


def replicas_needed(case, factors):
    """Writes how many replicas would decide: with two digits, rounded up."""
    factor = max(factors)
    if factor > 1000:
        return "more than 1000 times as many replicas needed"
    replicas = set(case.data["replicas"])
    count = factor * (replicas.pop() if len(replicas) == 1 else 1)
    if len(set(case.data["replicas"])) > 1:
        return f"about {float(f'{count:.2g}'):g} times as many replicas needed"
    digit = max(1, 10 ** (len(str(int(count))) - 2))
    return f"about {-(-count // digit) * digit:.0f} replicas needed"


def slope_line(case, group, word):
    """Returns a sentence on the slopes with this verdict: their times, the interval, and what would decide."""
    times, tolerance, expected = case.data["times"], case.data["tolerance"], group["expected"]
    found = [i for i, verdict in enumerate(group["verdict"]) if verdict == word]
    slopes = [group["slope"][i] for i in found]
    sides = {("steeper" if group["slope"][i] < expected else "shallower") for i in found}
    width = max(group["slope_high"][i] - group["slope_low"][i] for i in found) / 2
    interval = f"interval {'up to ' * (len(found) > 1)}+-{width:.2g}"
    side = f": {sides.pop()}" if len(sides) == 1 else ""
    text = f"{at_times(times, [times[i] for i in found])}: slope {span(slopes)}, "
    if word == "within":
        return text + f"consistent with {expected:g} within {tolerance:g}"
    if word == "outside":
        return text + f"NOT consistent with {expected:g} within {tolerance:g}{side}"
    needed = replicas_needed(case, [group["replicas_factor"][i] for i in found])
    if word == "compatible":
        return text + f"compatible with {expected:g} ({interval}; {needed} to resolve {tolerance:g})"
    return text + f"different from {expected:g}{side} ({interval}; {needed} to resolve whether by more than {tolerance:g})"


def times_with(case, group, words):
    """Returns the times at which the slope has one of these verdicts."""
    return [time for time, verdict in zip(case.data["times"], group["verdict"]) if verdict in words]


def law_of(name):
    def ask(case):
        group = case.data.get(name, {})
        words = [word for word in ("within", "compatible", "different", "outside") if word in group.get("verdict", [])]
        if not words:
            return None
        answer = judged(words)
        if "outside" not in words and group["verdict"][-1] == "within" and len(words) > 1:  # resolved at the end
            answer = "good", f"yes at {at_times(case.data['times'], times_with(case, group, ['within']))}"
        return Answer(LAWS[name], *answer, [slope_line(case, group, word) for word in words])
    return ask


SUBJECTS = {"V": ("the law of large numbers", "V_n", "1/n"), "V_train": ("the law of large numbers", "V_n at the training points", "1/n"),
            "V_init": ("the law of large numbers", "the variance due to the initial conditions", "1/n"),
            "V_sgd": ("the noise of the data", "the variance due to the data", "1/P")}


def law_sentence(case, name):
    """Returns the kind and a sentence about the slope of a variance at the last time with an interval; None without one."""
    group = case.data.get(name, {})
    found = [i for i, verdict in enumerate(group.get("verdict", [])) if verdict != "none"]
    if not found:
        return None
    i, (law, what, power) = found[-1], SUBJECTS[name]
    time, verdict, tolerance = case.data["times"][i], group["verdict"][i], case.data["tolerance"]
    sign = "falls" if group["slope"][i] < 0 else "grows"
    first = (f"{what[0].upper()}{what[1:]} {sign} as n^{group['slope'][i]:.3f} [{group['slope_low'][i]:.3f}, "
             f"{group['slope_high'][i]:.3f}] at t = {time:g}")
    expected = power if power == "1/n" else f"{power}, n^{group['expected']:g}"
    others = times_with(case, group, [verdict])
    at = f" at {at_times(case.data['times'], others)}" if len(others) > 1 else ""
    if verdict == "within":
        return "good", f"{first}: consistent with {expected} within {tolerance:g}{at} ({law})."
    if verdict == "outside":
        return "bad", f"{first}: NOT consistent with {expected} within {tolerance:g}{at} ({law})."
    word = "compatible with" if verdict == "compatible" else "not resolved against"
    return "plain", f"{first}: {word} {expected} ({law}); {replicas_needed(case, [group['replicas_factor'][i]])} to resolve {tolerance:g}."


def headline(case):
    """Returns the kind and a sentence that answers what was asked first: conditions, otherwise a law, otherwise the loss."""
    found = conditions(case)
    if found:
        return ("good", f"All stated conditions are met: {found.details[0]}.") if found.kind == "good" else \
               ("bad", f"Stated conditions are NOT met: {found.details[0]}.")
    laws = [law for law in (law_sentence(case, name) for name in LAWS) if law]
    return laws[0] if laws else ("plain", loss_sentence(case))


def loss_sentence(case):
    """Returns a sentence on the losses of the smallest and of the largest n at the first and at the last time."""
    scale = case.data[case.loss_scale()]
    sizes = [0, len(case.data["n"]) - 1] if len(case.data["n"]) > 1 else [0]
    parts = []
    for name, words in (("loss", "loss"), ("test_loss", "test loss")):
        values = case.data.get(name, {}).get("values")
        ends = [(values[0][s], values[-1][s], case.data["n"][s]) for s in sizes] if values else []
        if ends and None not in [end for pair in ends for end in pair]:
            parts.append(f"{words}/{case.loss_scale()} " + ", ".join(
                f"{number(start / scale, '.3f')} -> {number(end / scale, '.3f')} (n = {n})" for start, end, n in ends))
    return "; ".join(parts) + "."


def rate_sentence(case):
    """Returns what the time to a given loss shows about the rate of learning; empty if it is not known."""
    answer = rate(case)
    return f"Is the rate of learning independent of n? {answer.word}: {answer.details[0]}." if answer else ""


def verdicts_on(case, matches):
    return [finding for finding in case.findings("verdict") if matches(finding["name"]) and finding["verdict"] != "none"]


def central_limit(case):
    found = verdicts_on(case, lambda name: name == "clt")
    if not found:
        return None
    failed = [finding for finding in found if finding["verdict"] == "outside"]
    details = [f"consistent in {len(found) - len(failed)} of {len(found)} tests (n and t), with normality at the largest n"]
    if failed:
        failures = {}
        for finding in failed:
            failures.setdefault(finding["n"], []).append(finding["t"])
        details.append("NOT consistent: " + "; ".join(f"n = {n} at {at_times(case.data['times'], times)}"
                                                      for n, times in failures.items()))
    return Answer("Are they Gaussian with the predicted covariance (central limit theorem)?",
                  *judged([finding["verdict"] for finding in found]), details)


def rate(case):
    found = verdicts_on(case, lambda name: name.startswith("rate."))
    if not found:
        return None
    slopes = [finding["estimate"] for finding in found]
    consistent = sum(finding["verdict"] == "within" for finding in found)
    return Answer("Is the rate of learning independent of n?", *judged([finding["verdict"] for finding in found]),
                  [f"slope of the time to a given loss in n: {span(slopes)}, theory 0; "
                   f"consistent within {case.data['tolerance']:g} at {consistent} of {len(found)} losses"])


def error(case):
    fit = case.data.get("loss", {}).get("fit", {})
    found = [i for i, low in enumerate(fit.get("p_low", [])) if low is not None and case.data["times"][i] > 0]
    if not found or not case.data.get("common_data"):
        return None
    last = found[-1]
    contain = sum(fit["p_low"][i] <= 1 <= fit["p_high"][i] for i in found)
    return Answer("At fixed t, is the training loss L + A n^-p with p = 1?", "plain", "see p",
                  [f"p = {fit['p'][last]:.2f} [{fit['p_low'][last]:.2f}, {fit['p_high'][last]:.2f}] at "
                   f"t = {case.data['times'][last]:g}; the interval contains 1 at {contain} of {len(found)} times"])


def decay(case):
    found = verdicts_on(case, lambda name: name == "test_loss.decay") or verdicts_on(case, lambda name: name == "loss.decay")
    if not found:
        return None
    name, window = found[0]["name"].split(".")[0], case.data["plateau"]
    group = window[name]
    local = ", ".join(f"{value:.2f}" for value in group["local"])
    drift = [f"{value:.2f} (n = {n})" for n, value in zip(case.data["n"], group["drift"])]
    return Answer("Does the loss of the trained networks fall as 1/n?", *judged([found[0]["verdict"]]),
                  [f"{name}, mean over t = {window['first']:g} to {window['last']:g}: slope in n {group['slope']:.3f} "
                   f"[{group['slope_low']:.3f}, {group['slope_high']:.3f}]; between neighboring n {local}",
                   "slope in log t over the window: " + ", ".join(drift)])


def healing(case):
    found = verdicts_on(case, lambda name: name.endswith(".heal"))
    if not found:
        return None
    return Answer("Do the fluctuations n V_n decrease at long times (healing)?", *judged([finding["verdict"] for finding in found]),
                  [f"n = {finding['n']}: n {finding['name'].split('.')[0]} decreases from its maximum to the end by a factor of "
                   f"{finding['estimate']:.3g} [{finding['interval'][0]:.3g}, {finding['interval'][1]:.3g}]" for finding in found])


def conditions(case):
    found, unmet = case.findings("condition"), case.unmet()
    if not found:
        return None
    return Answer("Are the conditions stated with --expect met?", *(("bad", "NO") if unmet else ("good", "yes")),
                  [f"{len(found) - len(unmet)} of {len(found)} are met"] + [finding["text"] for finding in unmet])


QUESTIONS = [conditions, law_of("V"), law_of("V_train"), law_of("V_init"), law_of("V_sgd"), central_limit, rate, error, decay,
             healing]


def answers(case):
    """Returns an Answer for each question that the runs of a case can answer."""
    return [answer for answer in (ask(case) for ask in QUESTIONS) if answer]


def limits_of(case):
    """Returns the findings that state why a question is not asked."""
    return [finding for finding in case.findings("limit") if finding["name"] in LIMITS]


def print_brief(case, width=80):
    """Prints what was trained, the first law and the losses, in about six lines: the end of tools/demo."""
    law = next((law for law in (law_sentence(case, name) for name in LAWS) if law), None)
    networks = sum(count for run in case.runs for count in run.sizes.values())
    lines = [("Trained", f"{networks} networks of {case.first.config['unit.type']} units, n = {listed(case.data['n'])}, "
                         f"to {end_of(case)}."), ("Found", law and law[1]), ("Loss", loss_sentence(case))]
    for label, sentence in lines:
        if sentence:
            print(textwrap.fill(sentence, width, initial_indent=f"{label:10}", subsequent_indent=10 * " ", break_on_hyphens=False))


def print_summary(case, label="", width=80):
    """Prints what was trained, asked and found, in lines of at most `width` columns. label: of the case, or empty."""
    def lines(text, first, rest):
        print(textwrap.fill(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False))

    print(f"\nWhat was trained{' in ' * bool(label)}{label}")
    for sentence in trained(case):
        lines(sentence, "  ", "    ")
    print(f"\nWhat was asked, and what was found ({100 * case.data['level']:g} % intervals)")
    for answer in answers(case):
        lines(f"{answer.question} {answer.word}", "  ", "    ")
        for detail in answer.details:
            lines(detail, "      ", "        ")
    if limits_of(case):
        print("\nWhat these runs cannot answer")
    for finding in limits_of(case):
        lines(finding["text"], "  ", "    ")
    warnings = case.findings("warning")
    if warnings:
        print(f"\nWarnings: {len(warnings)}")
        for finding in warnings[:5]:
            lines(finding["text"], "  ", "    ")
