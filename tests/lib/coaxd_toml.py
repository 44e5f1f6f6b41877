"""The coaxd.toml of a test: small journals and a control socket of its own, and whatever it asks for besides."""
import json
import pathlib


def write(folder, sections):
    """{"tftp": {"enabled": True}} is [tftp] enabled = true. Returns the path, as text."""
    every = {"store": {"segment_mb": 1}, "control": {"socket": f"{folder}/control.sock"}}
    text = "".join(f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
                   for name, settings in (every | sections).items())
    path = pathlib.Path(folder, "coaxd.toml")
    path.write_text(text, encoding="ascii")
    return str(path)
