"""Names, roles, passwords, the limit on wrong ones, and who has what open."""

import stat
from pathlib import Path

import pytest

from vsig_core.errors import InputError
from vsig_core.review.presence import Presence
from vsig_core.review.throttle import Throttle
from vsig_core.review.users import (
    User,
    allows,
    check_name,
    new_user,
    read_users,
    verify,
    write_users,
)

PASSWORD = "four words of mine"


class Clock:
    """Seconds that a test moves on."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_password_is_kept_as_a_hash_that_only_its_owner_can_read(tmp_path: Path):
    path = tmp_path / "users.json"
    write_users(path, [new_user("anna", "judge", PASSWORD)])
    assert PASSWORD not in path.read_text()
    assert "$argon2id$" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["users.json"]


def test_only_the_right_password_of_a_known_name_opens(tmp_path: Path):
    path = tmp_path / "users.json"
    write_users(path, [new_user("Anna Rossi", "judge", PASSWORD)])
    users = read_users(path)
    found = verify(users, "  Anna   Rossi ", PASSWORD)
    assert found is not None and found.role == "judge"
    assert verify(users, "Anna Rossi", PASSWORD + "x") is None
    assert verify(users, "luca", PASSWORD) is None
    assert verify({}, "anna", PASSWORD) is None
    assert verify({"x": User("x", "look", "no hash")}, "x", PASSWORD) is None


def test_without_a_file_there_is_nobody(tmp_path: Path):
    assert read_users(tmp_path / "users.json") == {}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"users": [{"name": "a"}]}', '{"users": 7}', '{"users": [7]}']
)
def test_a_file_that_is_no_list_of_users_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "users.json"
    path.write_text(text)
    with pytest.raises(InputError, match="vsig review-user"):
        read_users(path)


def test_a_role_that_is_not_known_is_refused(tmp_path: Path):
    path = tmp_path / "users.json"
    path.write_text('{"users": [{"name": "a", "role": "root", "password": "x"}]}')
    with pytest.raises(InputError, match="look, judge, decide"):
        read_users(path)


@pytest.mark.parametrize("name", ["", "  ", "a" * 81, "a\x00b", "a\u202eb"])
def test_a_name_has_visible_signs(name: str):
    with pytest.raises(InputError, match="visible"):
        check_name(name)


@pytest.mark.parametrize("password", ["", "short", "x" * 1001])
def test_a_password_is_neither_short_nor_endless(password: str):
    with pytest.raises(InputError, match="wanted are 10 to 1000"):
        new_user("anna", "look", password)


def test_each_role_may_what_the_one_before_may():
    assert [allows("judge", role) for role in ("look", "judge", "decide")] == [True, True, False]
    assert not allows("", "look")


def test_wrong_passwords_are_slowed_down_for_a_name_and_for_an_address():
    clock = Clock()
    throttle = Throttle(free=3, first=2.0, longest=60.0, clock=clock)
    for _ in range(2):
        throttle.failed("name:anna", "from:1.2.3.4")
        assert throttle.wait("name:anna") == 0
    throttle.failed("name:anna", "from:1.2.3.4")
    assert throttle.wait("name:anna") == 2.0
    assert throttle.wait("name:luca", "from:1.2.3.4") == 2.0
    assert throttle.wait("name:luca", "from:9.9.9.9") == 0
    clock.now += 2
    assert throttle.wait("name:anna") == 0
    throttle.failed("name:anna")
    assert throttle.wait("name:anna") == 4.0
    for _ in range(40):
        throttle.failed("name:anna")
    assert throttle.wait("name:anna") == 60.0
    throttle.passed("name:anna")
    assert throttle.wait("name:anna") == 0


def test_old_failures_are_forgotten():
    clock = Clock()
    throttle = Throttle(free=2, first=2.0, longest=60.0, clock=clock)
    throttle.failed("a")
    clock.now += 61
    throttle.failed("a")
    assert throttle.wait("a") == 0


def test_the_limit_remembers_a_bounded_number_of_keys():
    throttle = Throttle(free=1, clock=Clock())
    throttle.failed("first")
    for n in range(10_000):
        throttle.failed(f"k{n}")
    assert throttle.wait("first") == 0
    assert throttle.wait("k9999") > 0


def test_an_open_cluster_is_seen_by_others_until_it_is_closed_or_falls_silent():
    clock = Clock()
    presence = Presence(seconds=45, clock=clock)
    presence.opened("anna", "cl-1")
    presence.opened("luca", "cl-1")
    presence.opened("luca", "cl-2")
    assert presence.elsewhere("anna") == {"cl-1": ["luca"], "cl-2": ["luca"]}
    assert presence.elsewhere("mia")["cl-1"] == ["anna", "luca"]
    presence.closed("luca", "cl-2")
    assert presence.elsewhere("anna") == {"cl-1": ["luca"]}
    clock.now += 30
    presence.opened("luca", "cl-1")
    clock.now += 30
    assert presence.elsewhere("mia") == {"cl-1": ["luca"]}
