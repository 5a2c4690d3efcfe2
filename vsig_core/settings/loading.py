"""From `vsig.toml` and the environment to settings, and what to say of what is wrong there."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from vsig_core.errors import SettingsError
from vsig_core.settings.pictures import SourceSettings
from vsig_core.settings.project import Settings
from vsig_core.settings.section import Section

PROJECT_FILE = "vsig.toml"
ENVIRONMENT_PREFIX = "VSIG_"
# Variables that name other things than settings.
RESERVED_VARIABLES = frozenset({"VSIG_PROJECT", "VSIG_CORPORA", "VSIG_BENCH_CACHE"})


def load_settings(project: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read a project's settings.

    Parameters
    ----------
    project
        Folder that holds `vsig.toml`.
    environment
        Variables that override the file; those of the process where left out.

    Raises
    ------
    SettingsError
        No project there, no TOML, an unknown key or variable, or a value out of its range.
    """
    path = project / PROJECT_FILE
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{project} has no {PROJECT_FILE}. Run 'vsig init {project}' to make one, "
            "or name another project with --project or VSIG_PROJECT."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    overridden = _override(values, os.environ if environment is None else environment)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_explain(error, path, overridden)) from error


def _override(values: dict[str, Any], environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Write the variables' values over the file's; returns each variable's setting."""
    places = _places()
    overridden = {}
    for variable, text in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in RESERVED_VARIABLES:
            continue
        if variable not in places:
            raise SettingsError(_unknown_variable(variable, places))
        *sections, key = overridden[variable] = places[variable]
        holder = values
        for section in sections:
            holder = holder.setdefault(section, {})
        if isinstance(holder, dict):  # else the file has no section of that name, as is said later
            holder[key] = _read_value(text, places[variable])
    return overridden


def _places() -> dict[str, tuple[str, ...]]:
    """Every variable that overrides a setting, and that setting."""
    places: list[tuple[str, ...]] = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            places += [(name, key) for key in field.annotation.model_fields]
        elif name != "source":
            places.append((name,))
    return {ENVIRONMENT_PREFIX + "__".join(place).upper(): place for place in places}


def _unknown_variable(variable: str, places: Mapping[str, object]) -> str:
    if variable.startswith("VSIG_SOURCE"):
        return f"The environment has {variable}; sources are named in {PROJECT_FILE} alone."
    near = difflib.get_close_matches(variable, places, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    return f"The environment has {variable}, which names no setting{hint} Unset it."


def _read_value(text: str, place: tuple[str, ...]) -> str | list[str]:
    """What a variable says; a list as 1,5 or [1, 5], of words with quotes or without."""
    model: Any = Settings
    for section in place[:-1]:
        model = model.model_fields[section].annotation
    if get_origin(model.model_fields[place[-1]].annotation) is not tuple:
        return text
    items = text.strip().removeprefix("[").removesuffix("]").split(",")
    return [item.strip().strip("'\"") for item in items if item.strip()]


def _explain(error: ValidationError, path: Path, overridden: Mapping[str, tuple[str, ...]]) -> str:
    """What is wrong, by the file or the variable that says it."""
    said: dict[str, list[str]] = {}
    for problem in error.errors():
        variables = [v for v, place in overridden.items() if _touches(place, problem["loc"])]
        said.setdefault(", ".join(variables) or str(path), []).append(_sentence(problem))
    return "; ".join(f"{origin}: {'; '.join(sentences)}" for origin, sentences in said.items())


def _touches(place: tuple[str, ...], location: tuple[int | str, ...]) -> bool:
    """Whether one of the two lies within the other."""
    return all(one == other for one, other in zip(place, location, strict=False))


def _sentence(problem: ErrorDetails) -> str:
    """One thing that is wrong, with a suggestion for a misspelt key."""
    place = [str(part) for part in problem["loc"]]
    name = ".".join(place)
    if problem["type"] != "extra_forbidden":
        return f"{name}: {problem['msg']} (got {problem['input']!r})"
    near = difflib.get_close_matches(place[-1], _keys_beside(problem["loc"]), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown key {name!r}{hint}"


def _keys_beside(location: tuple[int | str, ...]) -> list[str]:
    """The keys that are known where an unknown one was found."""
    model: type[BaseModel] = Settings
    for part in location[:-1]:
        if part == "source":
            model = SourceSettings
        elif isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                model = annotation
    return list(model.model_fields)
