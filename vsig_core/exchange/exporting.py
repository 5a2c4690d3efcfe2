"""One export: what may leave is written whole, and what stayed in is told."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vsig_core.exchange import graphs, iiif, judgements, map_table, package, web_annotations
from vsig_core.exchange.outgoing import Outgoing
from vsig_core.exchange.writing import REPORT, whole_file, whole_folder, write_json
from vsig_core.project import Project

Writer = Callable[[Outgoing, Path], dict[str, int]]


@dataclass(frozen=True)
class Exported:
    """What was written, and what was not.

    Parameters
    ----------
    format, path
        As asked for; the path is absolute.
    written
        What the export holds: thing to number.
    left_out
        Reason to number of pictures that stayed in.
    rows_left_out
        Table to number of its rows that stayed in with them.
    """

    format: str
    path: str
    written: Mapping[str, int]
    left_out: Mapping[str, int]
    rows_left_out: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def sentences(self) -> list[str]:
        """For a person."""
        held = ", ".join(f"{count:,} {thing}" for thing, count in self.written.items())
        lines = [f"Wrote {self.path}: {held}."]
        for why, count in self.left_out.items():
            lines.append(f"Left out {count:,} picture{'s' * (count != 1)}: {why}.")
        if self.rows_left_out:
            rows = ", ".join(f"{count:,} of {name}" for name, count in self.rows_left_out.items())
            lines.append(
                f"With them stayed in rows that name them, or no picture there is: {rows}."
            )
        return lines


FILES: Mapping[str, Writer] = {
    "csv": judgements.write_csv,
    "parquet": judgements.write_parquet,
    "w3c": web_annotations.write_web_annotations,
    "graphml": graphs.write_graphml,
    "gexf": graphs.write_gexf,
    "map": map_table.write_map,
}
"""Formats that are one file."""

FORMATS = (*FILES, "iiif", "package")
"""All formats, by the name that `vsig export` knows; those that are no file are folders."""


def export(
    project: Project,
    name: str,
    out: Path,
    *,
    overwrite: bool = False,
    base_url: str | None = None,
) -> Exported:
    """Write one format.

    Parameters
    ----------
    project
        Where it comes from.
    name
        One of `FORMATS`.
    out
        File or folder that is made.
    overwrite
        Whether an export that is there already may be replaced.
    base_url
        Where the folder will be served; IIIF ids begin with it. `iiif.BASE_URL` where None.

    Raises
    ------
    InputError
        No picture may leave, or `out` is there already or cannot be made.
    TableMissingError
        What is to be exported has not been computed yet.
    """
    out = out.expanduser().absolute()
    outgoing = Outgoing(project)
    if name in FILES:
        with whole_file(out, overwrite=overwrite) as made:
            return _exported(name, out, FILES[name](outgoing, made), outgoing)
    with whole_folder(out, overwrite=overwrite) as made:
        if name == "package":
            written = package.write_package(outgoing, project.settings, made)
            return _exported(name, out, written, outgoing)
        done = _exported(
            name, out, iiif.write_iiif(outgoing, base_url or iiif.BASE_URL, made), outgoing
        )
        about = {name: value for name, value in done.as_dict().items() if name != "path"}
        write_json(made / REPORT, about)
        return done


def _exported(name: str, out: Path, written: dict[str, int], outgoing: Outgoing) -> Exported:
    left_out = outgoing.leaving.left_out()
    return Exported(name, str(out), written, left_out, dict(outgoing.left_out))
