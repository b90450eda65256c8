"""How numbers are written in pages, figures and summaries. A number that is not finite, or None, is a dash."""
import math


def number(value, form=".4g"):
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:{form}}"
    return (f"{float(text):.0f}" if "e+0" in text else text).replace("-", "−")


def interval(value, low, high, form=".3f"):
    """Formats a value with its interval, "value [low, high]", or the value alone if there is no interval."""
    if low is None or not math.isfinite(low):
        return number(value, form)
    return f"{number(value, form)} [{number(low, form)}, {number(high, form)}]"
