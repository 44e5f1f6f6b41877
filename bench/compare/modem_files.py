"""Templates as modems have them: flows, filters by the dozen, and the modem's own MAC, by which coaxstorm --tftp-check knows its file."""
import pathlib

HEAD = """Main {
  NetworkAccess 1;
  MaxCPE ${cpe:3};
  CpeMacAddress ${modem};
  UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; TrafficPriority 3; MaxRateSustained ${up:5000000}; }
  DsServiceFlow { DsServiceFlowRef 2; QosParamSetType 7; TrafficPriority 3; MaxRateSustained ${down:50000000}; }
"""
FILTER = "  SnmpMibObject docsDevFilterIpStatus.{n} Integer 4;\n"
HEAD_OCTETS, FILTER_OCTETS = 100, 21  # about, compiled


def template(octets):
    """The text of a template that compiles to about so many octets."""
    return HEAD + "".join(FILTER.format(n=n) for n in range(1, 1 + max(octets - HEAD_OCTETS, 0) // FILTER_OCTETS)) + "}\n"


def write_templates(folder, octets_by_name):
    """The folder, and a file of keys beside it, as [docsis] of coaxd.toml wants them."""
    path = pathlib.Path(folder)
    path.mkdir()
    for name, octets in octets_by_name.items():
        (path / f"{name}.cfg").write_text(template(octets), encoding="ascii")
    keys = pathlib.Path(f"{folder}.keys")
    keys.touch(mode=0o600)
    keys.write_text('* "a secret of the plant"\n', encoding="ascii")
    return {"docsis.templates": str(path), "docsis.secrets": str(keys)}
