"""The comparison as tables: for the terminal and for a README, from the same rows."""

from comparison import markdown
from comparison.goals import all_goals
from comparison.rounds import median

HEAD = ["workload", "server", "requests/s", "GB/s", "of limit", "CPU s/GB", "CPU us/request", "p50 ms",
        "p99.9 ms", "client s/GB", "gateway us"]
GOAL_HEAD = ["goal", "figure", "seen", "wanted", "met"]
LADDER_HEAD = ["connections", "requests/s", "GB/s", "CPU us/request", "p50 ms", "p99 ms", "p99.9 ms",
               "worst ms", "errors"]
LIMITS = ("send loop", "fio O_DIRECT", "origin")


def number(value):
    """Three digits that mean something."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3}f}"


def cell(rounds, what):
    return number(median(rounds, what)) if what in rounds[0] else ""


def server_rows(results):
    for workload, seen in results["seen"].items():
        limit = next((seen[name] for name in LIMITS if name in seen), None)
        title = results["titles"][workload]
        for name, rounds in seen.items():
            of_limit = f"{median(rounds, 'gbs') / median(limit, 'gbs'):.2f}x" if limit else ""
            # Of a large answer CPU per GB says more, of a small one CPU per request.
            yield [title, name, cell(rounds, "rate"), cell(rounds, "gbs"), of_limit,
                   cell(rounds, "cpu_per_gb"), cell(rounds, "cpu_us"), cell(rounds, "p50"),
                   cell(rounds, "p999"), cell(rounds, "client_per_gb"),
                   cell(rounds, "origin_us") if "gateway" in name else ""]
            title = ""


def ladder_rows(results):
    for step, rounds in results["ladder"].items():
        yield [f"{int(step):,}", *(cell(rounds, what) for what in (
            "rate", "gbs", "cpu_us", "p50", "p99", "p999", "most")),
               str(sum(r["errors"] for r in rounds))]


def goal_rows(results):
    title = None
    for goal in all_goals(results):
        shown = f"{goal.value:.2f}{goal.unit}" if goal.unit == "x" else f"{goal.value:,.0f}{goal.unit}"
        yield [goal.workload if goal.workload != title else "", goal.what, shown, goal.wanted,
               "yes" if goal.met else "NO"]
        title = goal.workload


def machine_lines(results):
    m = results["machine"]
    busy = ["The machine had other work: figures are rough, ratios and CPU time say more than throughput."]
    return [f"{m['cpu']}, {m['cpus']} CPUs, {m['memory_gib']} GiB, Linux {m['kernel']}, {m['system']}; "
            f"{m['time']}, commit {m['commit']}",
            f"servers on CPUs {m['server_cpus']}, load by {m['client']} on CPUs {m['client_cpus']}; "
            f"{results['rounds']} rounds of {results['seconds']} s, medians; load average before: {m['load']}",
            f"`{m['command']}`; " + ", ".join(f"{name} {v}" for name, v in m["versions"].items()),
            *(busy if m["load"] > m["cpus"] / 2 else [])]


def tables(results):
    """Title, head and rows of each."""
    found = [("Goals", GOAL_HEAD, list(goal_rows(results))),
             ("Servers", HEAD, list(server_rows(results))),
             ("lode local+bounded, 64 KiB objects, more and more connections", LADDER_HEAD,
              list(ladder_rows(results)))]
    return [(title, head, rows) for title, head, rows in found if rows]


def as_text(results):
    parts = ["\n".join(machine_lines(results))]
    for title, head, rows in tables(results):
        widths = [max(map(len, column)) for column in zip(head, *rows)]
        lines = ["  ".join(c.ljust(w) if is_word(h) else c.rjust(w)
                           for c, w, h in zip(row, widths, head)).rstrip() for row in (head, *rows)]
        parts.append("\n".join([title, *lines]))
    return "\n\n".join(parts) + "\n"


def as_markdown(results):
    parts = ["".join(f"{line}  \n" for line in machine_lines(results))]
    parts += [f"**{title}**\n\n{markdown.lines_of(head, rows, is_word)}" for title, head, rows in tables(results)]
    return "\n".join(parts)


def is_word(head):
    return head in ("workload", "server", "goal", "figure", "met")
