"""results.svg: a bar for each server's DORA/s and renewals/s, coloured by what an ACK of it promises, with the ceilings as lines.
Written by hand, so that no plotting library is needed; follows the reader's light or dark scheme."""
from xml.sax.saxutils import escape

import results
from servers import CEILING, MEMORY, SYNCED, WRITTEN

LEGEND = {SYNCED: "synced before each ACK", WRITTEN: "written, not synced", MEMORY: "kept in memory"}
TITLES = {"dora": "DORA/s, new clients", "renew": "renewals/s, each one written"}
WIDTH, LABELS, PANEL, GAP = 1050, 350, 260, 85  # the gap takes the figure of the longest bar
TOP, ROW, BAR = 112, 40, 20

# Light first; what does not understand the media query stays light, background and all.
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  text.small, tspan.small { font-size: 11px; fill: #59636e }
  .title { font-size: 16px; font-weight: 600 }
  .figure { font-variant-numeric: tabular-nums; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round }
  .page { fill: #ffffff } .axis { stroke: #d1d9e0 } .limit { stroke: #59636e; stroke-dasharray: 4 3 }
  .synced { fill: #1a7f5a } .written { fill: #c77d0a } .memory { fill: #8a63d2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } text.small, tspan.small { fill: #9aa4af }
    .page { fill: #0d1117 } .figure { stroke: #0d1117 } .axis { stroke: #3d444d } .limit { stroke: #9aa4af }
    .synced { fill: #3fb68b } .written { fill: #e0a13a } .memory { fill: #a98bea }
  }
"""


def text(x, y, content, kind="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(content)}</text>'


def chart(report):
    servers = results.measured(report)
    bars = [s for s in servers if s["promise"] != CEILING]
    limits = [s for s in servers if s["promise"] == CEILING]
    bottom = TOP + ROW * len(bars)
    largest = max([server["pool"] for server in servers], default=0)
    caption = [*results.circumstances(report), "Dashed: what kernel and generator allow a server that does nothing (null; null-trains: "
               "one that takes and sends trains) and plain datagrams of the same sizes (echo)."]
    parts = [text(20, 30, "DHCPv4 servers on one core, measured by coaxstorm", "title"), *legend(bars)]
    for row, server in enumerate(bars):
        y = TOP + ROW * row
        version = f'<tspan class="small" dx="8">{escape(server["version"])}</tspan>'
        parts += [f'<text x="20" y="{y + 16}">{escape(server["name"])}{version}</text>', text(20, y + 31, remark(server, largest), "small")]
    for number, exchange in enumerate(results.EXCHANGES):
        parts += panel(LABELS + number * (PANEL + GAP), exchange, bars, limits, bottom)
    parts += [text(20, bottom + 46 + 16 * n, line, "small") for n, line in enumerate(caption)]
    height = bottom + 46 + 16 * len(caption)
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
                      f'role="img">', f"<style>{STYLE}</style>", f'<rect class="page" width="{WIDTH}" height="{height}"/>', *parts,
                      "</svg>"]) + "\n"


def legend(bars):
    parts, x = [], 20
    for promise, words in LEGEND.items():
        if any(server["promise"] == promise for server in bars):
            parts += [f'<rect class="{promise}" x="{x}" y="46" width="12" height="12"/>', text(x + 18, 57, words, "small")]
            x += 40 + 6 * len(words)
    return parts


def remark(server, largest):
    broken = sum(results.violations(server).values())
    parts = [server["durability"]]
    if server["trains"] != "none":
        parts.append(f"trains {server['trains']}")
    if server["pool"] < largest:
        parts.append(f"{server['pool']:,} addresses")
    if broken:
        parts.append(f"{broken} violations")
    return "; ".join(parts)


def panel(left, exchange, bars, limits, bottom):
    rate = lambda server: server["medians"][exchange]["rate"]
    scale = PANEL / max([rate(server) for server in (*bars, *limits)] + [1])
    parts = [text(left, 84, TITLES[exchange]), f'<line class="axis" x1="{left}" y1="{TOP - 6}" x2="{left}" y2="{bottom}"/>']
    # Lines close to each other: one's name above, the others' below the bars.
    for server, y in zip(limits, (TOP - 10, bottom + 12, bottom + 24)):
        x = left + rate(server) * scale
        parts += [f'<line class="limit" x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}"/>',
                  text(x, y, f"{server['name']} {rate(server):,.0f}", "small", "middle")]
    for row, server in enumerate(bars):
        y, length = TOP + ROW * row + (ROW - BAR) / 2, rate(server) * scale
        parts += [f'<rect class="{server["promise"]}" x="{left}" y="{y}" width="{max(length, 1):.1f}" height="{BAR}"/>',
                  text(left + length + 6, y + 15, f"{rate(server):,.0f}", "figure")]
    return parts
