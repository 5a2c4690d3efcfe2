"""Who may use the review app beyond this machine: names, roles and password hashes.

The file is JSON, `{"users": [{"name", "role", "password"}]}`, readable by its owner
alone; `password` is an argon2id hash with its parameters and salt.
"""

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from vsig_core.errors import InputError
from vsig_core.settings import ReviewSettings

Role = Literal["look", "judge", "decide"]
ROLES: tuple[Role, ...] = get_args(Role)
"""What a person may do, each more than the one before."""

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 1000
LONGEST_NAME = 80


@dataclass(frozen=True)
class User:
    """One person.

    Parameters
    ----------
    name
        As it stands beside the judgements.
    role
        look, judge (and look), decide (settle conflicts, Learn; and judge).
    password
        argon2id hash.
    """

    name: str
    role: Role
    password: str


def users_file(project: Path, settings: ReviewSettings) -> Path:
    """Where the users of a project stand; `project` is its folder."""
    return project / settings.users_file


def allows(role: str, wanted: Role) -> bool:
    """Whether a role may do what another one may.

    >>> allows("decide", "judge"), allows("look", "judge"), allows("root", "look")
    (True, False, False)
    """
    return role in ROLES and ROLES.index(role) >= ROLES.index(wanted)


def read_users(path: Path) -> dict[str, User]:
    """Name to person; nobody where there is no file.

    Raises
    ------
    InputError
        The file is no list of users.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        users = [User(row["name"], row["role"], row["password"]) for row in data["users"]]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no file of users ({error}). Make one with 'vsig review-user NAME'."
        ) from error
    strange = [user for user in users if user.role not in ROLES]
    if strange:
        raise InputError(
            f"{path}: {strange[0].name} has the role {strange[0].role!r}; known are "
            f"{', '.join(ROLES)}. Set it with 'vsig review-user {strange[0].name} --role judge'."
        )
    return {user.name: user for user in users}


def write_users(path: Path, users: Iterable[User]) -> None:
    """Write the file whole or not at all, for its owner's eyes alone."""
    rows = [asdict(user) for user in sorted(users, key=lambda user: user.name)]
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"users": rows}, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(path)
    finally:
        Path(partial).unlink(missing_ok=True)


def new_user(name: str, role: Role, password: str) -> User:
    """A person with a hashed password.

    Raises
    ------
    InputError
        The name is empty, too long or not printable, or the password too short or too long.
    """
    checked = check_name(name)
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InputError(
            f"The password has {len(password)} signs; wanted are {SHORTEST_PASSWORD} to "
            f"{LONGEST_PASSWORD}."
        )
    return User(checked, role, _hasher().hash(password))


def check_name(name: str) -> str:
    """A name as it is stored, without blanks around it.

    Raises
    ------
    InputError
        It is empty, too long, or holds signs that cannot be seen.
    """
    trimmed = " ".join(name.split())
    if not trimmed or len(trimmed) > LONGEST_NAME or not trimmed.isprintable():
        raise InputError(f"A name has 1 to {LONGEST_NAME} visible signs; got {name[:100]!r}.")
    return trimmed


def verify(users: dict[str, User], name: str, password: str) -> User | None:
    """The person, where the password is theirs; None else.

    Takes as long for a name that nobody has: how long it takes does not tell who is there.
    """
    user = users.get(" ".join(name.split()))
    stored = user.password if user else _nobody()
    try:
        _hasher().verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return None
    return user


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash(os.urandom(24).hex())
