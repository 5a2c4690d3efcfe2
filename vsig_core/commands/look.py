"""`vsig similar`, `vsig why` and `vsig trace`."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.tree import Tree

from vsig_core.console import STDOUT, Context, emit, note, table
from vsig_core.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the commands to `vsig`."""
    app.command("similar")(similar)
    app.command("why")(why)
    app.command("trace")(trace)


def similar(
    context: typer.Context,
    picture: Annotated[str, typer.Argument(metavar="UID_OR_FILE")],
    k: Annotated[int, typer.Option("-k", min=1, help="How many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Nearest pictures of a picture, by the model in force."""
    from vsig_core.similar import similar as find

    found = find(Context.of(context).project, picture, k)
    if as_json:
        emit({"query": picture, "similar": [asdict(entry) for entry in found]})
        return
    table(
        f"Nearest to {picture}",
        ["", "distance", "uid", "cluster", "title", "author"],
        [
            [e.rank, f"{e.distance:.4f}", e.uid, e.cluster or "none", e.title, e.author]
            for e in found
        ],
    )


def why(
    context: typer.Context,
    uid: Annotated[str, typer.Argument(metavar="UID")],
    other: Annotated[str | None, typer.Argument(metavar="[UID2]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Why a picture is in its cluster or in none, or two are together or apart."""
    from vsig_core.why import in_words
    from vsig_core.why import why as ask

    answer = ask(Context.of(context).project.store, uid, other)
    if as_json:
        emit(answer.as_dict())
        return
    for line in in_words(answer):
        STDOUT.print(line, highlight=False, soft_wrap=True)


def trace(
    context: typer.Context,
    uid: Annotated[str | None, typer.Argument(metavar="[UID]")] = None,
    cluster: Annotated[str | None, typer.Option(help="A cluster instead.")] = None,
    model: Annotated[str | None, typer.Option(help="A model instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Where a picture, a cluster or a model comes from: versions, runs, files, judgements."""
    from vsig_core.tracing import trace_cluster, trace_image, trace_model

    store = Context.of(context).project.store
    if [uid, cluster, model].count(None) != 2:
        raise InputError("Name one thing to trace: a UID, --cluster ID or --model ID.")
    if uid is not None:
        found = trace_image(store, uid)
    elif cluster is not None:
        found = trace_cluster(store, cluster)
    else:
        found = trace_model(store, model or "")
    if as_json:
        emit(found)
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    for name, part in found.items():
        if name == "lineage":
            continue
        if isinstance(part, dict):
            table(name, ["", ""], [[k, v] for k, v in part.items() if v is not None])
        elif isinstance(part, list):
            note(f"{name}: {len(part)}")
            for entry in part[:20]:
                note(f"  {_line(entry)}")
        else:
            note(f"{name}: {part}")
    if found["lineage"]:
        STDOUT.print(_tree(found["lineage"]))


def _line(entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    return ", ".join(f"{k} {v}" for k, v in entry.items() if v not in (None, []))


def _tree(node: dict[str, Any]) -> Tree:
    run = f", run {node['run_id'][:8]}" if node["run_id"] else ""
    shown = Tree(f"{node['table']} version {node['version']} ({node['at']}{run})")
    for below in node["inputs"] if isinstance(node["inputs"], list) else []:
        shown.add(_tree(below))
    return shown
