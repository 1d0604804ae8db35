"""Tables in Markdown: a file of their own, or the place in a file that is marked as theirs."""


def begin_of(name):
    return f"<!-- {name}: begin -->\n"


def end_of(name):
    return f"<!-- {name}: end -->\n"


def lines_of(head, rows, is_word):
    rule = ["---" if is_word(h) else "---:" for h in head]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *rows))


def write(path, name, text):
    """Between the marks of `name`, where the file has them; else the text is the whole file."""
    old = path.read_text() if path.exists() else ""
    before, begin, rest = old.partition(begin_of(name))
    _, end, after = rest.partition(end_of(name))
    path.write_text(before + begin + text + end + after if begin and end else text)
