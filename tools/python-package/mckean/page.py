"""Functions that return the HTML elements of the pages of tools/report and tools/studies.

A page is one file without scripts or external resources. It has a light and a dark color scheme, and its tables have headings
for screen readers.
"""
import html

from .guard import PAGE
from .plots import page_colors
from .words import interval, number  # noqa: F401  (for the tools)

STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --paper: #ffffff; --panel: #f5f6f8; --line: #d9dde4; --faint: #6b7482;
  --good: #0b6b3a; --good-bg: #e3f4ea; --bad: #a3122a; --bad-bg: #fde7ea; --open: #7a4b00; --open-bg: #fdf1d8; LIGHT }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7ee; --paper: #14171c; --panel: #1c2027; --line: #353b46;
  --faint: #98a2b3; --good: #7fd8a4; --good-bg: #12301f; --bad: #ff9aa8; --bad-bg: #431620; --open: #f3c877;
  --open-bg: #3a2c10; DARK } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 4rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.4rem 0; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 0.6rem; border-top: 1px solid var(--line); padding-top: 1rem; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 0.4rem; }
a { color: inherit; }
p { max-width: 46rem; margin: 0.4rem 0; }
nav ul { padding: 0; margin: 0.8rem 0; display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; list-style: none; }
.wide { overflow-x: auto; margin: 0.6rem 0; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--faint); padding-bottom: 0.3rem; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.9rem 0.25rem 0; border-bottom: 1px solid var(--line); }
thead th { white-space: nowrap; } td { white-space: nowrap; }
.facts th { font-weight: 600; white-space: nowrap; } .facts td { white-space: normal; overflow-wrap: anywhere; min-width: 12rem; }
.good, .bad, .open, .plain { padding: 0 0.35rem; border-radius: 0.25rem; }
.good { color: var(--good); background: var(--good-bg); }
.bad { color: var(--bad); background: var(--bad-bg); font-weight: 600; }
.open { color: var(--open); background: var(--open-bg); }
.banner { padding: 0.6rem 0.9rem; border-left: 0.35rem solid currentColor; margin: 1rem 0; max-width: 60rem; }
.findings { list-style: none; padding: 0; margin: 0.4rem 0; font: 0.8125rem/1.45 ui-monospace, monospace; }
.findings li { padding: 0.1rem 0.35rem; margin: 0.1rem 0; overflow-wrap: anywhere; }
.trained { margin: 0.2rem 0; padding-left: 1.2rem; max-width: 60rem; }
.answers th { font-weight: 600; min-width: 8rem; white-space: normal; } .answers td { white-space: normal; }
.answers td:nth-child(2) { white-space: nowrap; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem 1.6rem; }
.tables { display: flex; flex-wrap: wrap; gap: 0.4rem 3rem; align-items: flex-start; } .tables .wide { max-width: 100%; }
.tables caption { max-width: 24rem; }
@media (max-width: 30rem) { th, td { padding-right: 0.45rem; } table { font-size: 0.8rem; } }
figure { margin: 0; max-width: 34rem; } figure.double { max-width: 100%; grid-column: 1 / -1; } figure svg { width: 100%; height: auto; display: block; }
figcaption { color: var(--faint); font-size: 0.85rem; line-height: 1.4; }
details { margin: 0.6rem 0; } summary { cursor: pointer; }
pre { overflow-x: auto; background: var(--panel); padding: 0.7rem; font-size: 0.8rem; line-height: 1.4; }
"""

DOUBLE = ' class="double"'  # a figure as wide as the page

# Verdicts in the JSON of `mckean analyze`: CSS class and text.
VERDICTS = {
    "within": ("good", "✓ consistent"),
    "outside": ("bad", "✗ NOT consistent"),
    "compatible": ("open", "≈ compatible"),
    "different": ("open", "≠ different"),
    "none": ("open", "– no interval"),
}


def escape(value):
    return html.escape(str(value), quote=True)


def mark(kind, words):
    return f'<span class="{kind}">{escape(words)}</span>'


def table(caption, heads, rows, name=""):
    """Returns a table. heads, rows: cells in HTML; the first cell of a row is its heading. name: CSS class."""
    head = "".join(f'<th scope="col">{cell}</th>' for cell in heads)
    lines = [f'<tr><th scope="row">{row[0]}</th>' + "".join(f'<td>{cell}</td>' for cell in row[1:]) + "</tr>"
             for row in rows]
    return (f'<div class="wide" role="region" tabindex="0" aria-label="{escape(caption)}"><table class="{name}">'
            f"<caption>{escape(caption)}</caption>"
            + (f"<thead><tr>{head}</tr></thead>" if heads else "") + f"<tbody>{''.join(lines)}</tbody></table></div>")


def facts(caption, pairs):
    """Returns a table with a row for each pair (name, text)."""
    rows = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in pairs)
    return (f'<div class="wide" role="region" tabindex="0" aria-label="{escape(caption)}"><table class="facts">'
            f"<caption>{escape(caption)}</caption><tbody>{rows}</tbody></table></div>")


def fold(summary, body):
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def grid(blocks):
    """Places blocks side by side where the page is wide enough."""
    return '<div class="tables">' + "".join(blocks) + "</div>"


def figures(pictures):
    """Returns pictures with their captions. A caption is also the alternative text of its picture."""
    def one(picture):
        label = escape(picture.caption)
        body = picture.body.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
        return f"<figure{DOUBLE * picture.double}>{body}<figcaption>{label}</figcaption></figure>"
    return '<div class="figures">' + "".join(one(picture) for picture in pictures) + "</div>"


def kind_of(finding):
    """Returns the CSS class for the line of a finding."""
    if finding["kind"] in ("limit", "note"):
        return "plain"
    if finding["kind"] == "warning":
        return "open"
    if finding["verdict"] == "none":  # no interval, or no value that theory expects
        return "plain" if finding["expected"] is None else "open"
    return {"within": "good", "met": "good", "compatible": "open", "different": "open"}.get(finding["verdict"], "bad")


def finding_list(findings):
    """Returns the lines that `mckean analyze` printed for these findings, colored by verdict."""
    return '<ul class="findings">' + "".join(f'<li class="{kind_of(finding)}">{escape(finding["text"])}</li>'
                                         for finding in findings) + "</ul>"


def banner(kind, words):
    return f'<p class="banner {kind}" role="status">{escape(words)}</p>'


def page(title, sections, head=""):
    """Returns a complete document. sections: [(heading, HTML)]; head: HTML before the table of contents."""
    colors = page_colors().items()
    style = STYLE.replace("LIGHT", " ".join(f"--{name}: {light};" for name, (light, _) in colors))
    style = style.replace("DARK", " ".join(f"--{name}: {dark};" for name, (_, dark) in colors))
    links = "".join(f'<li><a href="#part-{i}">{escape(heading)}</a></li>' for i, (heading, _) in enumerate(sections))
    body = "".join(f'<section id="part-{i}"><h2>{escape(heading)}</h2>{content}</section>'
                   for i, (heading, content) in enumerate(sections))
    return (f"{PAGE}<title>{escape(title)}</title>"
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>\n'
            f"<body><header><h1>{escape(title)}</h1>{head}</header><nav aria-label=\"sections\"><ul>{links}</ul></nav>"
            f"<main>{body}</main></body></html>\n")
