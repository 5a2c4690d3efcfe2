"""The page of the Python API: what each package's `__all__` promises, read off the sources.

MkDocs asks for it when it builds the site, so it is never out of date. Nothing of vsig is
imported: some of it would bring torch.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "project",
    "similar",
    "why",
    "tracing",
    "promotion",
    "annotations",
    "clustering",
    "model",
    "embedding",
    "layout",
    "corpus",
    "review",
    "exchange",
    "upkeep",
    "store",
    "errors",
)
HEAD = """\
# Python API

`vsig_core` is a plain library: no Dagster, no global state; every function takes what it needs and
returns arrays or Arrow tables. What stands here is imported from the package it stands under, as in
`from vsig_core.clustering import optics`. Errors are a tree, `except VsigError` catches them all.

```python
from pathlib import Path

from vsig_core.project import open_project
from vsig_core.why import why

project = open_project(Path("corpus"))
links = project.store.read("links")          # an Arrow table, the newest version
older = project.store.read("links", version=3)
print(why(project.store, "a.jpg", "b.jpg").chain)
```
"""

Definition = ast.FunctionDef | ast.ClassDef


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put the page among those that lie in the folder; MkDocs calls this hook by its name."""
    files.append(File.generated(config, "api.md", content=api()))
    return files


def api() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(line for name in PACKAGES for line in _package(name))]) + "\n"


def _package(name: str) -> Iterator[str]:
    path = ROOT / "vsig_core" / name
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(source.read_text(encoding="utf-8"))
    yield f"## vsig_core.{name}\n"
    yield f"{(ast.get_docstring(tree) or '').splitlines()[0]}\n"
    homes = _homes(tree) if path.is_dir() else {}
    for public in _public(tree):
        found = _definition(homes.get(public, source), public)
        if found is not None:
            yield from _entry(found)


def _public(tree: ast.Module) -> list[str]:
    """Names in `__all__`; of a module without one, what does not begin with an underscore."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return ast.literal_eval(node.value)
    names = [node.name for node in tree.body if isinstance(node, Definition)]
    return [name for name in names if not name.startswith("_")]


def _homes(tree: ast.Module) -> dict[str, Path]:
    """Public name to the module that it is imported from."""
    return {
        alias.asname or alias.name: ROOT / f"{node.module.replace('.', '/')}.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _definition(source: Path, name: str) -> Definition | None:
    """A function or class; None for constants, and for what another package's front hands on."""
    if not source.exists():
        return None
    tree = ast.parse(source.read_text(encoding="utf-8"))
    found = (n for n in tree.body if isinstance(n, Definition) and n.name == name)
    return next(found, None)


def _entry(node: Definition) -> Iterator[str]:
    yield f"### {node.name}\n"
    yield f"```python\n{_signature(node)}\n```\n"
    if text := ast.get_docstring(node):
        first, _, rest = text.partition("\n\n")
        yield f"{first}\n"
        if rest:
            yield f"```text\n{rest}\n```\n"


def _signature(node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        fields = [
            f"    {ast.unparse(part)}" for part in node.body if isinstance(part, ast.AnnAssign)
        ]
        made = [
            f"    {_signature(part)}"
            for part in node.body
            if isinstance(part, ast.FunctionDef)
            and (part.name == "__init__" or not part.name.startswith("_"))
        ]
        head = f"class {node.name}({bases})" if bases else f"class {node.name}"
        return "\n".join([head, *fields, *made])
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){returns}"
