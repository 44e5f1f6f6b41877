"""Compares two records of a scenario, and weighs the differences against the list of deliberate ones."""
import dataclasses
import difflib
import fnmatch
import re
import tomllib

_CLAUSE = re.compile(r"(RFC ?\d+|dhcpd[.-].*manual|docs/)")
_FIELDS = {"scenario", "field", "dhcpd", "coaxd", "clause", "why"}


@dataclasses.dataclass
class Difference:
    scenario: str
    step: str           # the script line, or "" for the log and the leases file
    field: str
    reference: str
    candidate: str
    excuse: "Deliberate | None" = None


@dataclasses.dataclass
class Deliberate:
    scenario: str
    field: str
    dhcpd: str | list          # a pattern, or several of which one has to fit
    coaxd: str | list
    clause: str
    why: str
    used: int = 0

    def covers(self, difference):
        return (fnmatch.fnmatchcase(difference.scenario, self.scenario)
                and fnmatch.fnmatchcase(difference.field, self.field)
                and _fits(difference.reference, self.dhcpd)
                and _fits(difference.candidate, self.coaxd))


def _fits(text, patterns):
    return any(fnmatch.fnmatchcase(text, pattern) for pattern in ([patterns] if isinstance(patterns, str) else patterns))


def read_deliberate(path):
    with open(path, "rb") as file:
        entries = tomllib.load(file).get("difference", [])
    found = []
    for number, entry in enumerate(entries, 1):
        if set(entry) != _FIELDS:
            raise ValueError(f"{path}: difference {number} needs exactly {', '.join(sorted(_FIELDS))}")
        if not _CLAUSE.search(entry["clause"]) or not entry["why"].strip():
            raise ValueError(f"{path}: difference {number} cites no clause or gives no reason")
        found.append(Deliberate(**entry))
    return found


def unexpected(scenario, record):
    """Where the reference does not do what the script says it does; such a script proves nothing."""
    if record.error:
        return [f"the reference: {record.error}"]
    wrong = []
    for step, replies in zip(scenario.steps, record.answers):
        if not step.is_packet:
            continue
        got = replies[0].type if replies else "silence"
        if got != step.answer:
            wrong.append(f"line {step.line}: {step.text}\n      the reference answers {got}")
            continue
        for key, value in step.expected:
            seen = replies[0].fields.get(key) if replies else None
            if seen != value:
                wrong.append(f"line {step.line}: {step.text}\n      the reference has {key}={seen}")
    return wrong


def differences(scenario, reference, candidate):
    if reference.error:
        return []             # unexpected() says so
    if candidate.error:
        return [Difference(scenario.name, "", "server", reference.error, candidate.error)]
    found = []
    for step, ours, theirs in zip(scenario.steps, reference.answers, candidate.answers):
        found += _step_differences(scenario.name, f"line {step.line}: {step.text}", ours, theirs)
    if scenario.compare_log and reference.log != candidate.log:
        found += _log_differences(scenario.name, reference.log, candidate.log)
    if scenario.compare_leases:
        found += _lease_differences(scenario.name, reference.leases, candidate.leases)
    return found


def _step_differences(name, step, ours, theirs):
    left, right = (" ".join(reply.type for reply in replies) or "silence" for replies in (ours, theirs))
    found = [] if left == right else [Difference(name, step, "reply", left, right)]
    for a, b in zip(ours, theirs):
        if a.type == b.type:
            for key in dict.fromkeys([*a.fields, *b.fields]):
                x, y = a.fields.get(key, "(absent)"), b.fields.get(key, "(absent)")
                if x != y and not _both_until_2038(key, x, y):
                    found.append(Difference(name, step, key, x, y))
    return found


def _both_until_2038(key, x, y):
    """dhcpd sends an infinite lease as the seconds left until 2038; two clocks may read it a second apart."""
    return (key == "option 51" and x.isdigit() and y.isdigit() and int(x) > 300_000_000
            and int(x) < 0xffffffff and abs(int(x) - int(y)) <= 2)


def _log_differences(name, ours, theirs):
    """Line by line; a line on one side only stands against `(absent)`."""
    found = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag != "equal":
            for k in range(max(i2 - i1, j2 - j1)):
                left = ours[i1 + k] if i1 + k < i2 else "(absent)"
                right = theirs[j1 + k] if j1 + k < j2 else "(absent)"
                found.append(Difference(name, "", "log", left, right))
    return found


def _lease_differences(name, ours, theirs):
    found = []
    for address in sorted(set(ours) | set(theirs)):
        left, right = ours.get(address, ["(absent)"]), theirs.get(address, ["(absent)"])
        if left != right:
            for a in [line for line in left if line not in right] or ["(absent)"]:
                found.append(Difference(name, "", f"lease {address}", a, "(other)"))
            for b in [line for line in right if line not in left]:
                found.append(Difference(name, "", f"lease {address}", "(other)", b))
            if sorted(left) == sorted(right):
                found.append(Difference(name, "", f"lease {address}", " | ".join(left), " | ".join(right)))
    return found


def excuse(found, deliberate):
    """Marks deliberate differences and returns the others."""
    for difference in found:
        difference.excuse = next((entry for entry in deliberate if entry.covers(difference)), None)
        if difference.excuse:
            difference.excuse.used += 1
    return [difference for difference in found if difference.excuse is None]
