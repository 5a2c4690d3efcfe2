"""Writes docs/tables.md, docs/settings.md and docs/commands.md from the code: `make docs`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from pydantic import BaseModel

from vsig_core.cli import build
from vsig_core.settings import PRESETS, Settings, SourceSettings
from vsig_core.store import TABLES

HERE = Path(__file__).parent
MADE = "<!-- Made by docs/write_reference.py from the code; change it there. -->\n"


def tables() -> str:
    """Every table of the store and every column."""
    lines = [MADE, "# Tables", "", "Delta Lake tables below `<store>/tables/`. Times are UTC."]
    for spec in TABLES.values():
        lines += ["", f"## {spec.name}", "", spec.meaning, ""]
        lines.append(f"Key: {', '.join(spec.key)}.")
        if spec.partitions:
            lines.append(f"Partitioned by {', '.join(spec.partitions)}.")
        lines += ["", "| column | type | meaning |", "|---|---|---|"]
        lines += [f"| {c.name} | {c.type} | {c.meaning} |" for c in spec.columns]
    return "\n".join(lines) + "\n"


def settings() -> str:
    """Every setting, its default and its meaning."""
    lines = [
        MADE,
        "# Settings",
        "",
        "`vsig.toml` in the project folder; `VSIG_STORE`, `VSIG_INBOX` and "
        "`VSIG_<SECTION>__<KEY>` override it (a list as `1,5`; sources stand in the file alone). "
        "`vsig init` writes a commented file.",
    ]
    lines += ["", "## (top)", "", *_fields(Settings)]
    lines += ["", "## [[source]]", "", *_fields(SourceSettings)]
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            purpose = (section.__doc__ or "").strip()
            lines += ["", f"## [{name}]", "", purpose, "", *_fields(section)]
    lines += ["", "## Presets", ""]
    for preset, sections in PRESETS.items():
        lines.append(f"`{preset}`: {'the defaults above' if not sections else ''}")
        lines += [f"- [{name}] {values}" for name, values in sections.items()]
        lines.append("")
    return "\n".join(lines)


def _fields(model: type[BaseModel]) -> list[str]:
    lines = ["| key | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            continue
        if name == "source":
            continue
        default = "required" if field.is_required() else f"`{field.default!r}`"
        lines.append(f"| {name} | {default} | {field.description or ''} |")
    return lines


def commands() -> str:
    """Every command, its arguments and options."""
    group = typer.main.get_command(build())
    lines = [MADE, "# Commands", "", "`vsig [--project DIR] COMMAND`.", ""]
    lines += ["Exit status: 0 done, 1 failed, 2 wrong usage or input."]
    for name, command in _leaves("vsig", group):
        lines += ["", f"## {name}", "", command.help or "", ""]
        lines += ["| argument or option | meaning |", "|---|---|"]
        for parameter in command.params:
            shown = ", ".join(f"`{o}`" for o in parameter.opts)
            if parameter.param_type_name == "argument":
                shown = f"`{parameter.metavar or parameter.name}`"
            lines.append(f"| {shown} | {getattr(parameter, 'help', None) or ''} |")
    return "\n".join(lines) + "\n"


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Commands that do something, those of groups too, with their whole names."""
    parts = getattr(command, "commands", None)
    if parts is None:
        yield name, command
        return
    for part, below in sorted(parts.items()):
        yield from _leaves(f"{name} {part}", below)


PAGES = {"tables.md": tables, "settings.md": settings, "commands.md": commands}


def main() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
