"""What was to be reached and what was seen, and the Markdown table of it."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Figure:
    row: str
    what: str           # what was measured
    must: str           # the figure that must be reached; empty: it is only stated
    seen: str
    met: bool | None = None  # None: only stated, or not measured, and `seen` says why


def at_least(row, what, value, floor, seen):
    return Figure(row, what, f"at least {floor:g}", f"{value:.2f} ({seen})", value >= floor)


def at_most(row, what, value, ceiling, seen):
    return Figure(row, what, f"at most {ceiling:g}", f"{value:.2f} ({seen})", value <= ceiling)


def stated(row, what, seen):
    return Figure(row, what, "", seen)


def not_measured(row, what, must, why):
    return Figure(row, what, must, f"not measured: {why}")


def verdict(figure):
    if figure.met is None:
        return "?" if figure.must else ""
    return "yes" if figure.met else "**no**"


def table(figures):
    lines = ["| row | measured | must be | seen | met |", "|---|---|---|---|---|"]
    lines += [f"| {f.row} | {f.what} | {f.must} | {f.seen} | {verdict(f)} |" for f in figures]
    return "\n".join(lines) + "\n"
