"""`vsig review-user`: who may use the review app beyond this machine."""

import sys
from typing import Annotated

import typer

from vsig_core.console import Context, emit, note, table
from vsig_core.errors import InputError
from vsig_core.project import Project
from vsig_core.review.users import (
    ROLES,
    Role,
    User,
    check_name,
    new_user,
    read_users,
    users_file,
    write_users,
)


def register(app: typer.Typer) -> None:
    """Add the command to `vsig`."""
    app.command("review-user")(review_user)


def review_user(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Who; left out, all are listed.")] = None,
    role: Annotated[
        str | None, typer.Option(help="look, judge (what a new user may) or decide.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the user away.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Users of the review app: make one, set a password or role, take one away, list them.

    A new user's password is asked for; where stdin is no terminal, its first line is it. With
    --role an existing user keeps the password.
    """
    project = Context.of(context).project
    path = users_file(project.folder, project.settings.review)
    users = read_users(path)
    if name is not None:
        name = check_name(name)
        _change(users, name, role, remove)
        write_users(path, users.values())
        note(f"{path}: {name} {'is gone' if remove else 'is ' + users[name].role}")
    _list(project, users, as_json)


def _change(users: dict[str, User], name: str, role: str | None, remove: bool) -> None:  # noqa: FBT001
    known = users.get(name)
    if remove:
        if known is None:
            raise InputError(f"There is no user {name!r}. Known: {', '.join(users) or 'none'}.")
        del users[name]
        return
    wanted = _role(role or (known.role if known else "judge"))
    if known and role:
        users[name] = User(name, wanted, known.password)
    else:
        users[name] = new_user(name, wanted, _password(name))


def _role(text: str) -> Role:
    for role in ROLES:
        if role == text:
            return role
    raise InputError(f"There is no role {text!r}; known are {', '.join(ROLES)}.")


def _password(name: str) -> str:
    if sys.stdin.isatty():
        return typer.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True)
    return sys.stdin.readline().rstrip("\r\n")


def _list(project: Project, users: dict[str, User], as_json: bool) -> None:  # noqa: FBT001
    rows = [[user.name, user.role] for user in sorted(users.values(), key=lambda u: u.name)]
    if as_json:
        emit({"users": [{"name": name, "role": role} for name, role in rows]})
    else:
        table(f"Users of the review app of {project.folder.name}", ["name", "role"], rows)
