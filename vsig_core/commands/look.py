"""`vsig similar`, `vsig why` and `vsig trace`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.tree import Tree

from vsig_core.annotations import read_box, write_box
from vsig_core.console import STDOUT, Context, bars, emit, note, table, write_file
from vsig_core.current import current_images
from vsig_core.errors import InputError
from vsig_core.project import Project

if TYPE_CHECKING:
    from vsig_core.evidence import Match
    from vsig_core.similar import Similar


def register(app: typer.Typer) -> None:
    """Add the commands to `vsig`."""
    app.command("similar")(similar)
    app.command("why")(why)
    app.command("trace")(trace)


def similar(
    context: typer.Context,
    picture: Annotated[str, typer.Argument(metavar="UID_OR_FILE")],
    k: Annotated[int, typer.Option("-k", min=1, help="How many.")] = 20,
    box: Annotated[
        str | None,
        typer.Option(metavar="X,Y,W,H", help="Find this part of it, in fractions of the picture."),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(metavar="OUT.png", help="Draw what each has in common with the picture."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Nearest pictures of a picture, by the model in force and by details that they share."""
    from vsig_core.similar import Closely
    from vsig_core.similar import similar as find

    project = Context.of(context).project
    part = _box(box)
    with bars() as progress:
        closely = Closely(part, progress("looking at pictures")) if part or evidence else None
        found = find(project, picture, k, closely)
    if evidence:
        _draw(project, picture, found, evidence)
    if as_json:
        emit({"query": picture, "similar": [asdict(entry) for entry in found]})
        return
    title = f"Nearest to {picture}" if part is None else f"Pictures that hold {box} of {picture}"
    _list(title, found)


def _list(title: str, found: "Sequence[Similar]") -> None:
    """As a table; with what they have in common where they were compared."""
    compared = any(entry.match for entry in found)
    more = ["in common"] if compared else []
    rows = []
    for entry in found:
        common = [_common(entry.match)] if compared else []
        about = [entry.uid, entry.cluster or "none", entry.title, entry.author]
        rows.append([entry.rank, f"{entry.distance:.4f}", *common, *about])
    table(title, ["", "distance", *more, "uid", "cluster", "title", "author"], rows)


def _box(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    try:
        return read_box(text)
    except ValueError as error:
        raise InputError(f"--box: {error}.") from error


def _common(match: "Match | None") -> str:
    """The score of a comparison in few letters."""
    if match is None:
        return ""
    return f"{match.score:.1f}{', mirrored' if match.mirrored and match.score else ''}"


def _draw(project: Project, picture: str, found: "Sequence[Similar]", path: Path) -> None:
    from vsig_core.review import Shared, draw_evidence
    from vsig_core.similar import query_picture

    compared = {entry.uid: entry for entry in found if entry.match is not None}
    rows = current_images(project.store, ["uid", "working"], list(compared)).to_pylist()
    copies = {row["uid"]: project.store.objects.get(row["working"]) for row in rows}
    shared = [
        Shared(entry.match, copies[uid], f"{entry.rank}  {uid}")
        for uid, entry in compared.items()
        if entry.match is not None
    ]
    write_file(path, draw_evidence(query_picture(project, picture), shared))
    note(f"{path}: {len(shared)} pictures with what they have in common")


def why(
    context: typer.Context,
    uid: Annotated[str, typer.Argument(metavar="UID")],
    other: Annotated[str | None, typer.Argument(metavar="[UID2]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Why a picture is in its cluster or in none, or two are together or apart."""
    from vsig_core.pair_evidence import Pair, kept_evidence
    from vsig_core.why import in_words
    from vsig_core.why import why as ask

    project = Context.of(context).project
    answer = ask(project.store, uid, other)
    match = kept_evidence(project, [Pair(uid, other)])[0] if other else None
    if as_json:
        emit({**answer.as_dict(), "evidence": asdict(match) if match else None})
        return
    for line in [*in_words(answer), *([_shared(match)] if match else [])]:
        STDOUT.print(line, highlight=False, soft_wrap=True)


def _shared(match: "Match") -> str:
    """What two pictures have in common, part by part, and where."""
    found = f"local evidence {_common(match)}"
    if not match.beyond_chance:
        return f"Part by part they share nothing beyond chance ({found})."
    boxes = (write_box(box) for box in (match.box1, match.box2) if box)
    return f"They share a part ({found}): {' and '.join(boxes)}, x,y,w,h in fractions of each."


def trace(
    context: typer.Context,
    uid: Annotated[str | None, typer.Argument(metavar="[UID]")] = None,
    cluster: Annotated[str | None, typer.Option(help="A cluster instead.")] = None,
    model: Annotated[str | None, typer.Option(help="A model instead.")] = None,
    link: Annotated[
        tuple[str, str] | None, typer.Option(metavar="A B", help="A judged pair instead.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Where a picture, cluster, model or link comes from, and what comes from it.

    Versions, runs, people and files, as trees.
    """
    from vsig_core.tracing import trace_cluster, trace_image, trace_link, trace_model

    store = Context.of(context).project.store
    if [uid, cluster, model, link].count(None) != 3:
        raise InputError("Name one thing to trace: a UID, --cluster ID, --model ID or --link A B.")
    if uid is not None:
        found = trace_image(store, uid)
    elif cluster is not None:
        found = trace_cluster(store, cluster)
    elif link is not None:
        found = trace_link(store, *link)
    else:
        found = trace_model(store, model or "")
    if as_json:
        emit(found)
    else:
        _show(found)


_TREES = {"read": "inputs", "lineage": "inputs", "descent": "outputs"}
_TITLES = {"read": "Read from", "lineage": "Made from", "descent": "Made from it"}


def _show(found: dict[str, Any]) -> None:
    for name, part in found.items():
        if name in _TREES:
            continue
        if isinstance(part, dict):
            table(name, ["", ""], [[k, _cell(v)] for k, v in part.items() if v not in (None, [])])
        elif isinstance(part, list):
            note(f"{name}: {len(part)}")
            for entry in part[:20]:
                note(f"  {_line(entry)}")
        else:
            note(f"{name}: {part}")
    for name, below in _TREES.items():
        if found.get(name):
            STDOUT.print(f"{_TITLES[name]}:")
            STDOUT.print(_tree(found[name], below))


def _cell(value: Any) -> str:
    """Long lists by their beginning."""
    if not isinstance(value, list):
        return str(value)
    lines = [_line(entry) for entry in value[:10]]
    return "\n".join([*lines, *([f"and {len(value) - 10} more"] if len(value) > 10 else [])])


def _line(entry: Any) -> str:
    if isinstance(entry, list):
        return ", ".join(map(str, entry))
    if not isinstance(entry, dict):
        return str(entry)
    return ", ".join(f"{k} {_line(v)}" for k, v in entry.items() if v not in (None, []))


def _tree(node: dict[str, Any], below: str) -> Tree:
    run = f", run {node['run_id'][:8]}" if node["run_id"] else ""
    step = f" by {node['step']}" if node["step"] else ""
    gone = "" if node["readable"] else ", removed since"
    shown = Tree(f"{node['table']} version {node['version']}{step} ({node['at']}{run}{gone})")
    for part in node[below] if isinstance(node[below], list) else []:
        shown.add(_tree(part, below))
    return shown
