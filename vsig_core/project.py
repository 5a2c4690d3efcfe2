"""A project: one folder with its settings, its store and its inbox."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from vsig_core.corpus.tables import is_table
from vsig_core.errors import SettingsError
from vsig_core.settings import (
    PROJECT_FILE,
    SCHEMES,
    Settings,
    SourceSettings,
    load_settings,
    scheme_of,
    unknown_scheme,
)
from vsig_core.store import Files, Location, Store, open_files
from vsig_core.web import Web

PROJECT_VARIABLE = "VSIG_PROJECT"
DAGSTER_YAML = """\
# Dagster's own settings for this project. Nothing here calls home.
telemetry:
  enabled: false
nux:
  enabled: false
# One run at a time: runs write the same tables, and one machine has one set of cores.
concurrency:
  runs:
    max_concurrent_runs: 1
# A run whose process was killed is noticed, so that its work is tried again.
run_monitoring:
  enabled: true
  poll_interval_seconds: 10
"""
INBOX_FOLDERS = ("done", "rejected")


@dataclass(frozen=True)
class Project:
    """What every command and every asset works on.

    Parameters
    ----------
    folder
        Absolute path of the folder that holds `vsig.toml`.
    settings
        What the file and the environment say.
    """

    folder: Path
    settings: Settings

    @cached_property
    def store(self) -> Store:
        """The project's tables and objects.

        Raises
        ------
        StoreError
            It is a folder that is not there, or cannot be read: it is not begun anew elsewhere
            while a disk is not mounted.
        """
        store = Store(self._place(self.settings.store))
        usual = self.settings.store == Settings().store
        if not store.location.is_s3 and not (usual and store.location.vanished):
            store.location.check()
        return store

    @cached_property
    def inbox(self) -> Files:
        """Where annotation files arrive; taken ones move to `done/` in it."""
        return open_files(self._place(self.settings.inbox))

    @property
    def dagster_home(self) -> Path:
        """Where Dagster keeps its runs and logs."""
        return self.folder / ".dagster"

    @property
    def web(self) -> Web:
        """What this project fetches, and what this machine keeps of it.

        Hosts that the settings name themselves may lie in a private network.
        """
        named = [
            place for source in self.settings.source for place in (source.uri, source.metadata)
        ]
        hosts = {urlsplit(place).hostname or "" for place in named if place and "://" in place}
        known = frozenset({*self.settings.web.private_hosts, *hosts})
        return Web(self.work / "web", self.settings.web, known)

    @property
    def work(self) -> Path:
        """Checkpoints and the lock of this machine; may be deleted while nothing runs."""
        return self.folder / ".vsig"

    @property
    def notices(self) -> Path:
        """What went wrong in runs that nobody watched, one file each."""
        return self.folder / "notices"

    def check(self) -> None:
        """Fail soon where a store or an inbox on S3 cannot be read, as a command begins.

        In the middle of its work the same fault is more likely one that passes.

        Raises
        ------
        StoreError
            The server refuses it, or does not answer.
        """
        for place in {self._place(self.settings.store), self.inbox.root}:
            if place.startswith("s3://"):
                Location(place).check()

    @property
    def places(self) -> list[str]:
        """Folders that a project needs, or prefixes in a bucket."""
        inbox = self.inbox.uri
        return [self._place(self.settings.store), inbox(), *map(inbox, INBOX_FOLDERS)]

    def _place(self, name: str) -> str:
        return name if "://" in name else str(self.folder / name)


def open_project(folder: Path | None = None) -> Project:
    """Open a project.

    Parameters
    ----------
    folder
        The project; where left out, the one that `VSIG_PROJECT` names, else the current folder.

    Raises
    ------
    SettingsError
        No project there, or its settings cannot be used.
    """
    chosen = folder or Path(os.environ.get(PROJECT_VARIABLE) or Path.cwd())
    absolute = chosen.expanduser().resolve()
    return Project(absolute, _weights_in_place(load_settings(absolute), absolute))


def _weights_in_place(settings: Settings, folder: Path) -> Settings:
    """A file of weights in the project by its whole path: the current folder may be any."""
    weights = folder / settings.model.weights
    if not weights.is_file():
        return settings
    model = settings.model.model_copy(update={"weights": str(weights)})
    return settings.model_copy(update={"model": model})


def init_project(folder: Path, sources: Sequence[str] = ()) -> Project:
    """Make a project: a commented `vsig.toml`, `inbox/`, `store/` and Dagster's home.

    Parameters
    ----------
    folder
        Made where it is not there.
    sources
        Folders, tables or IIIF documents, relative to the current folder; or addresses.

    Raises
    ------
    SettingsError
        There is a project already, or a source does not exist or is of no known kind.
    """
    folder = folder.expanduser().resolve()
    path = folder / PROJECT_FILE
    if path.exists():
        raise SettingsError(f"{path} exists already; it is left as it is.")
    places = [_source_place(source, folder) for source in sources]
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(settings_template(places), encoding="utf-8")
    project = open_project(folder)
    for place in project.places:
        open_files(place).make()
    write_dagster_home(project)
    return project


def write_dagster_home(project: Project) -> None:
    """Make Dagster's home where it is missing; a changed `dagster.yaml` is left as it is."""
    project.dagster_home.mkdir(parents=True, exist_ok=True)
    config = project.dagster_home / "dagster.yaml"
    if not config.exists():
        config.write_text(DAGSTER_YAML, encoding="utf-8")


def settings_template(sources: Sequence[str] = ()) -> str:
    """A `vsig.toml` that names every setting, its default and its meaning."""
    lines = [
        "# Settings of this vsig project. A line that begins with '#' shows a default.",
        "# VSIG_STORE, VSIG_INBOX and VSIG_<SECTION>__<KEY> in the environment override it.",
        "",
        *_setting_lines(Settings, skip=_section_names() | {"source"}),
        "",
        "# Where pictures come from; one [[source]] for each.",
    ]
    for source in sources:
        lines += [
            "[[source]]",
            f"uri = {_toml(source)}",
            *_setting_lines(SourceSettings, {"uri"}),
            "",
        ]
    if not sources:
        lines += ["# [[source]]", '# uri = "pictures"', ""]
    for name in sorted(_section_names(), key=list(Settings.model_fields).index):
        section = Settings.model_fields[name].annotation
        assert isinstance(section, type) and issubclass(section, BaseModel)
        purpose = (section.__doc__ or "").strip().splitlines()[0]
        lines += [f"# {purpose}", f"[{name}]", *_setting_lines(section), ""]
    return "\n".join(lines)


def _section_names() -> set[str]:
    return {
        name
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }


def _setting_lines(model: type[BaseModel], skip: set[str] | None = None) -> list[str]:
    lines = []
    for name, field in model.model_fields.items():
        if name in (skip or set()):
            continue
        if field.description:
            lines.append(f"# {field.description}")
        default = "" if field.default is None else _toml(field.default)
        lines.append(f"# {name} = {default}".rstrip())
    return lines


def _toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return str(value)


def _source_place(source: str, project: Path) -> str:
    """A source as the settings name it: relative to the project where it lies inside it."""
    if scheme := scheme_of(source)[0]:
        if scheme not in SCHEMES:
            raise SettingsError(f"The source {unknown_scheme(source)}")
        return source
    place = Path(source).expanduser().resolve()
    if not place.exists():
        raise SettingsError(f"The source {source!r} is not there ({place}).")
    if not (place.is_dir() or is_table(place.name) or place.suffix.lower() == ".json"):
        raise SettingsError(
            f"The source {source!r} is a file, but neither a table of pictures (CSV, JSON Lines "
            "or Parquet) nor a IIIF document (.json); name the folder of the pictures."
        )
    return str(place.relative_to(project)) if place.is_relative_to(project) else str(place)
