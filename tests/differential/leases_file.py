"""Reads and writes dhcpd.leases (dhcpd.leases(5)) for comparison: dates are relative, the last block of a lease wins."""
import calendar
import re
import time

_BLOCK = re.compile(r"^lease (\S+) \{\n(.*?)^\}", re.M | re.S)
_DATE = re.compile(r"(starts|ends|tsfp|atsfp|cltt) (?:\d (\d+/\d+/\d+ \d+:\d+:\d+)|never|epoch (\d+)[^;]*);")


def dated(text, now):
    """Puts dates in place of {now}, {now-60}, {now+3600}."""
    def date(match):
        return time.strftime("%w %Y/%m/%d %H:%M:%S", time.gmtime(now + int(match[1] or 0)))
    return re.sub(r"\{now([+-]\d+)?\}", date, text)


def read(path):
    """address -> list of lines; times count from the lease's start."""
    with open(path, encoding="latin-1") as file:
        text = file.read()
    return {address: _relative(body) for address, body in _BLOCK.findall(text)}


def _seconds(match):
    if match[2]:
        return calendar.timegm(time.strptime(match[2], "%Y/%m/%d %H:%M:%S"))
    return int(match[3]) if match[3] else None


def _relative(body):
    lines, start = [], None
    for line in (part.strip() for part in body.splitlines()):
        if line.startswith("tstp "):
            continue          # means something to a failover partner only; a missing one is read as `ends`
        match = _DATE.fullmatch(line)
        if not match:
            lines.append(line)
            continue
        seconds = _seconds(match)
        if start is None:
            start = seconds
            line = f"{match[1]} START"
        elif seconds is not None and start is not None:
            line = f"{match[1]} START+{seconds - start}"
        lines.append(line)
    return lines
