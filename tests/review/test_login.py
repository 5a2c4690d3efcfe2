"""Beyond this machine: passwords, roles, a trusted proxy, and the refusal to do without."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from conftest import Browser
from judging_project import PAIR, THREE
from typer.testing import CliRunner

from vsig_core.cli import build
from vsig_core.errors import InputError
from vsig_core.project import Project, init_project, open_project
from vsig_core.review.app import create_app
from vsig_core.review.app.login import SESSION_SECONDS, is_loopback
from vsig_core.review.app.signing import Signer, kept_secret
from vsig_core.review.users import new_user, read_users, users_file, write_users

PASSWORD = "four words of mine"


def users_of(project: Project) -> Path:
    return users_file(project.folder, project.settings.review)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What argon2 makes slow on purpose."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr("vsig_core.review.users._hasher", lambda: hasher)


@pytest.fixture
def guarded(project: Project) -> Project:
    """With three users, one of each role."""
    roles = {"Lena": "look", "Anna": "judge", "Doro": "decide"}
    write_users(users_of(project), [new_user(n, r, PASSWORD) for n, r in roles.items()])  # type: ignore[arg-type]
    return project


@pytest.fixture
def open_door(guarded: Project) -> Iterator[Callable[..., Browser]]:
    """Opens browsers on one server that has a login."""
    opened: list[Browser] = []

    def open_one(name: str | None = None, password: str = PASSWORD) -> Browser:
        browser = Browser(
            create_app(guarded), base_url="http://127.0.0.1", raise_server_exceptions=False
        )
        browser.__enter__()
        opened.append(browser)
        if name:
            log_in(browser, name, password)
        return browser

    yield open_one
    for browser in opened:
        browser.__exit__()


def log_in(browser: Browser, name: str, password: str, **more: str):
    data = {"name": name, "password": password, "csrf": login_token(browser), **more}
    return browser.post("/login", data=data)


def login_token(browser: Browser) -> str:
    page = browser.get("/login").text
    return page.split('name="csrf" content="')[1].split('"')[0]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "museum.example", ""])
def test_without_a_login_no_address_but_loopback_is_listened_on(project: Project, host: str):
    with pytest.raises(InputError, match="vsig review-user"):
        create_app(project, host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_loopback_has_many_names(host: str):
    assert is_loopback(host)


def test_with_a_user_any_address_will_do_and_its_name_is_answered(guarded: Project):
    app = create_app(guarded, "192.168.1.7")
    with Browser(app, base_url="http://192.168.1.7") as browser:
        assert browser.get("/").url.path == "/login"
        assert browser.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_every_page_asks_for_the_password_and_then_goes_on(open_door: Callable[..., Browser]):
    door = open_door()
    asked = door.get("/conflicts?settled=1")
    assert asked.url.path == "/login" and "Password" in asked.text
    entered = log_in(door, "Anna", PASSWORD, next="/conflicts?settled=1")
    assert entered.url.path == "/conflicts" and ">Anna<" in entered.text
    assert "You may judge." in door.get("/name").text


@pytest.mark.parametrize("page", ["/picture?uid=x", "/record?uid=x", "/history.json", "/brought"])
def test_nothing_is_given_to_strangers(open_door: Callable[..., Browser], page: str):
    assert open_door().get(page).url.path == "/login"


def test_strangers_write_nothing(open_door: Callable[..., Browser], guarded: Project):
    door = open_door()
    headers = {"X-CSRF-Token": login_token(door)}
    wish = {"act": f"a-{1:032x}", "kind": "same", "ticked": PAIR}
    answer = door.post("/acts", json=wish, headers=headers)
    assert answer.status_code == 401
    assert list(guarded.inbox.list()) == []


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(open_door: Callable[..., Browser]):
    door = open_door()
    wrong, nobody = log_in(door, "Anna", "something else"), log_in(door, "Nobody", PASSWORD)
    assert wrong.status_code == nobody.status_code == 401
    assert "do not belong together" in wrong.text and "do not belong together" in nobody.text


def test_who_tries_again_and_again_has_to_wait_even_with_the_right_password(
    open_door: Callable[..., Browser],
):
    door = open_door()
    answers = [log_in(door, "Anna", f"guess number {n}").status_code for n in range(6)]
    assert answers[0] == 401 and answers[-1] == 429
    late = log_in(door, "Anna", PASSWORD)
    assert late.status_code == 429 and int(late.headers["Retry-After"]) >= 1
    assert door.get("/").url.path == "/login"


def test_who_may_look_judges_nothing(open_door: Callable[..., Browser], guarded: Project):
    lena = open_door("Lena")
    assert lena.get("/").status_code == 200
    assert lena.judge(1, "same", ticked=PAIR).status_code == 403
    assert lena.post("/learn", data={"csrf": lena.token()}).status_code == 403
    headers = {"X-CSRF-Token": lena.token(), "Accept": "application/json"}
    brought = lena.post("/find/picture", content=b"x", headers=headers)
    assert "vectors" in brought.json()["error"], "she may bring a picture; there is no model yet"
    assert list(guarded.inbox.list()) == []


def test_who_may_judge_settles_nothing_and_asks_for_no_training(open_door: Callable[..., Browser]):
    anna = open_door("Anna")
    assert anna.judge(1, "same", ticked=THREE).status_code == 200
    assert anna.judge(2, "settle", target="k-1", note="POSITIVE").status_code == 403
    assert anna.post("/learn", data={"csrf": anna.token()}).status_code == 403
    assert "Learn from what was said" not in anna.get("/learn").text
    assert anna.get("/learn/model?back=1").status_code == 403
    wish = {"csrf": anna.token(), "id": "m-1", "instead": ""}
    assert anna.post("/learn/model", data=wish).status_code == 403


def test_who_may_decide_does_both(open_door: Callable[..., Browser]):
    doro = open_door("Doro")
    assert doro.post("/learn", data={"csrf": doro.token()}).status_code == 200
    assert "Learn from what was said" in doro.get("/learn").text


def test_a_session_ends_with_the_password_the_user_the_time_and_by_leaving(
    open_door: Callable[..., Browser], guarded: Project, monkeypatch: pytest.MonkeyPatch
):
    anna = open_door("Anna")
    everybody = read_users(users_of(guarded))
    write_users(users_of(guarded), [new_user("Anna", "judge", "another password")])
    assert anna.get("/").url.path == "/login"
    write_users(users_of(guarded), everybody.values())
    assert anna.get("/").url.path == "/", "the old password again"
    import time

    later = time.time() + SESSION_SECONDS + 1
    monkeypatch.setattr("vsig_core.review.app.login.time.time", lambda: later)
    assert anna.get("/").url.path == "/login"
    monkeypatch.undo()
    anna.post("/logout", data={"csrf": anna.token()})
    assert anna.get("/").url.path == "/login"


def test_a_session_cannot_be_made_up(open_door: Callable[..., Browser], guarded: Project):
    door = open_door()
    cookie = Signer(kept_secret(guarded.work / "review.secret")).cookie("vsig_session")
    for value in ("", "x", "Anna.1", "QW5uYQo5OTk5OTk5OTk5Cng=.AAAA"):
        door.cookies.set(cookie, value)
        assert door.get("/").url.path == "/login"


def proxied(project: Project, **settings: Any) -> Project:
    lines = {"proxy_header": "X-Remote-User", **settings}
    text = "\n".join(f"{name} = {json.dumps(value)}" for name, value in lines.items())
    (project.folder / "vsig.toml").write_text(f"[review]\n{text}\n")
    return open_project(project.folder)


def test_a_trusted_proxy_says_who_is_there(tmp_path: Path):
    project = proxied(init_project(tmp_path / "p"), trusted_proxies=["testclient"])
    write_users(users_of(project), [new_user("Doro", "decide", PASSWORD)])
    with Browser(create_app(project, "0.0.0.0"), base_url="http://127.0.0.1") as browser:
        assert browser.get("/").status_code == 401
        anna = browser.get("/name", headers={"X-Remote-User": "Anna"})
        assert ">Anna<" in anna.text and "You may judge." in anna.text
        doro = browser.get("/name", headers={"X-Remote-User": "Doro"})
        assert "settle conflicts" in doro.text
        assert "logged in at the proxy" in doro.text


def test_nobody_else_may_say_so(tmp_path: Path):
    project = proxied(init_project(tmp_path / "p"), trusted_proxies=["10.0.0.1"])
    with Browser(create_app(project), base_url="http://127.0.0.1") as browser:
        assert browser.get("/", headers={"X-Remote-User": "Anna"}).status_code == 401


def command(project: Project, *words: str, **more: Any):
    return CliRunner().invoke(build(), ["--project", str(project.folder), *words], **more)


def test_a_user_is_made_changed_listed_and_taken_away_by_a_command(tmp_path: Path):
    project = init_project(tmp_path / "p")
    made = command(project, "review-user", "Anna Rossi", "--json", input=f"{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout) == {"users": [{"name": "Anna Rossi", "role": "judge"}]}
    before = read_users(users_of(project))["Anna Rossi"].password
    command(project, "review-user", "Anna Rossi", "--role", "decide")
    after = read_users(users_of(project))["Anna Rossi"]
    assert (after.role, after.password) == ("decide", before), "a role keeps the password"
    listed = command(project, "review-user")
    assert "Anna Rossi" in listed.stdout and "decide" in listed.stdout
    command(project, "review-user", "Anna Rossi", "--remove")
    assert read_users(users_of(project)) == {}


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (["Anna"], "short\n", "wanted are 10"),
        (["Anna"], "", "wanted are 10"),
        (["Anna", "--role", "root"], f"{PASSWORD}\n", "look, judge, decide"),
        (["Anna", "--remove"], "", "There is no user"),
        ([" "], f"{PASSWORD}\n", "visible"),
    ],
)
def test_what_cannot_be_a_user_is_refused(tmp_path: Path, words: list[str], given: str, said: str):
    project = init_project(tmp_path / "p")
    done = command(project, "review-user", *words, input=given)
    assert isinstance(done.exception, InputError) and said in str(done.exception)
    assert not users_of(project).exists()
