"""The comparison as a page: one file without scripts, fonts or anything from elsewhere."""

import html

from comparison.rounds import median
from comparison.table import machine_lines, number, tables

STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --soft: #6b7280; --rule: #d9dde2; --paper: #fff;
  --lode: #2563b8; --limit: #b9c0c9; --other: #d08a3c; --bad: #b4232a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7eb; --soft: #9aa3ad; --rule: #343a41;
  --paper: #16191d; --lode: #6aa4ee; --limit: #59626c; --other: #d9a066; --bad: #f07178; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1060px; margin: 2.5em auto; padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: .2em; } h2 { font-size: 1.1em; margin-top: 2.2em; }
.machine { color: var(--soft); font-size: .87em; margin: .2em 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: .4em 2em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .87em; font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--soft); font-weight: 500; border-bottom: 1px solid var(--rule); }
th, td { padding: .22em .8em .22em 0; vertical-align: top; } td.n, th.n { text-align: right; }
td.no { color: var(--bad); font-weight: 600; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg .soft { fill: var(--soft); } svg .title { font-weight: 600; font-size: 13px; }
.lode { fill: var(--lode); } .limit { fill: var(--limit); } .other { fill: var(--other); }
.spread { stroke: var(--ink); stroke-opacity: .55; stroke-width: 1.2; }
"""
WIDTH, ROW, LEFT, RIGHT = 460, 23, 142, 76
# Which figure of a workload is drawn beside its throughput.
CPU = {"whole": ("cpu_per_gb", "CPU s/GB"), "ranges": ("cpu_per_gb", "CPU s/GB"),
       "small-16": ("cpu_us", "CPU us/request"), "small-64": ("cpu_us", "CPU us/request"),
       "miss": ("cpu_per_gb", "CPU s/GB")}
THROUGHPUT = {"small-16": ("rate", "requests/s"), "small-64": ("rate", "requests/s")}


def colour(name):
    if name.startswith("lode"):
        return "lode"
    if name[0].isdigit():
        return "lode"  # a step of its ladder
    return "limit" if name in ("send loop", "fio O_DIRECT", "origin") else "other"


def bars(title, unit, seen, what):
    """A bar per server from nought to its median, a line from its least round to its most."""
    rows = [(name, median(rounds, what), [r[what] for r in rounds])
            for name, rounds in seen.items() if what in rounds[0]]
    if not rows:
        return ""
    most = max(max(values) for _, _, values in rows)
    scale = (WIDTH - LEFT - RIGHT) / most
    height = 30 + ROW * len(rows)
    out = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img"><text class="title" x="0" y="15">'
           f'{html.escape(title)} <tspan class="soft" font-weight="400">{html.escape(unit)}</tspan></text>']
    for index, (name, value, values) in enumerate(rows):
        y = 26 + index * ROW
        low, high = LEFT + min(values) * scale, LEFT + max(values) * scale
        out.append(
            f'<g><title>{html.escape(name)}: {number(value)} {html.escape(unit)} (rounds from '
            f'{number(min(values))} to {number(max(values))})</title>'
            f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{html.escape(name)}</text>'
            f'<rect class="{colour(name)}" x="{LEFT}" y="{y + 3}" width="{value * scale:.1f}" height="13"/>'
            f'<line class="spread" x1="{low:.1f}" x2="{high:.1f}" y1="{y + 9.5}" y2="{y + 9.5}"/>'
            f'<text x="{max(high, LEFT + value * scale) + 6:.1f}" y="{y + 13}">{number(value)}</text></g>')
    return "".join(out) + "</svg>"


def charts(results):
    for workload, seen in results["seen"].items():
        title = results["titles"][workload]
        what, unit = THROUGHPUT.get(workload, ("gbs", "GB/s"))
        yield bars(title, unit, seen, what)
        if workload in CPU:
            what, unit = CPU[workload]
            yield bars(title, unit, seen, what)
    if results["ladder"]:
        steps = {f"{int(n):,}": rounds for n, rounds in results["ladder"].items()}
        yield bars("lode, 64 KiB, by connections", "requests/s", steps, "rate")
        yield bars("lode, 64 KiB, by connections", "p99.9 ms", steps, "p999")


def table(title, head, rows):
    def row(tag, cells):
        kinds = ("" if index < 2 else ' class="no"' if text == "NO" else ' class="n"'
                 for index, text in enumerate(cells))
        return "<tr>" + "".join(f"<{tag}{kind}>{html.escape(text)}</{tag}>"
                                for text, kind in zip(cells, kinds)) + "</tr>"
    body = "".join(row("td", each) for each in rows)
    return (f'<h2>{html.escape(title)}</h2><div class="wide"><table><thead>{row("th", head)}</thead>'
            f"<tbody>{body}</tbody></table></div>")


def as_page(results):
    lines = "".join(f'<p class="machine">{html.escape(line.replace("`", ""))}</p>'
                    for line in machine_lines(results))
    goals, *others = (table(*each) for each in tables(results))
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>lode beside others</title>'
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
            f"<h1>lode beside others</h1>{lines}{goals}<h2>Medians, and the rounds' spread</h2>"
            f'<div class="charts">{"".join(charts(results))}</div>{"".join(others)}</body></html>\n')
