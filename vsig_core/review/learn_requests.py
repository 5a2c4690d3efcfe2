"""Asking for a training without Dagster's web server: a file that its sensor watches.

The file lies in the inbox, which the app and the pipeline share wherever they run.
Whoever does the work answers in a file beside it, and takes the request away.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from vsig_core.annotations.times import read_time, write_time
from vsig_core.store import Files

REQUEST = "requests/learn.json"
ANSWER = "requests/learn-answer.json"


@dataclass(frozen=True)
class LearnRequest:
    """Somebody wants a training now, however few judgements are new.

    Parameters
    ----------
    by
        Who.
    at
        When, ISO 8601 in UTC.
    """

    by: str
    at: str


@dataclass(frozen=True)
class LearnAnswer:
    """What became of a request.

    Parameters
    ----------
    asked_by, asked_at
        Of the request.
    at
        When it was answered, ISO 8601 in UTC.
    outcome
        In words.
    """

    asked_by: str
    asked_at: str
    at: str
    outcome: str


def ask_to_learn(inbox: Files, by: str, now: datetime | None = None) -> LearnRequest:
    """Ask; where somebody has asked already, that request stands and is returned."""
    request = LearnRequest(by, write_time((now or datetime.now(UTC)).replace(microsecond=0)))
    if inbox.create(REQUEST, _json(asdict(request))):
        return request
    return asked_to_learn(inbox) or request


def asked_to_learn(inbox: Files) -> LearnRequest | None:
    """The request that waits; None where there is none.

    A file that was written by hand and says nothing readable is a request all the same.
    """
    found = inbox.find(REQUEST)
    data = inbox.read(REQUEST)
    if data is None or found is None:
        return None
    said = _read(data)
    return LearnRequest(str(said.get("by") or "somebody"), _time(said.get("at"), found.modified))


def answer_request(inbox: Files, outcome: str, now: datetime | None = None) -> None:
    """Say what became of the request that waits, and take it away; without one do nothing."""
    request = asked_to_learn(inbox)
    if request is None:
        return
    answered = write_time((now or datetime.now(UTC)).replace(microsecond=0))
    answer = LearnAnswer(request.by, request.at, answered, outcome)
    inbox.write(ANSWER, _json(asdict(answer)))
    inbox.remove(REQUEST)


def last_answer(inbox: Files) -> LearnAnswer | None:
    """What became of the last request; None where none was answered."""
    said = _read(inbox.read(ANSWER) or b"")
    names = ("asked_by", "asked_at", "at", "outcome")
    if not all(isinstance(said.get(name), str) for name in names):
        return None
    return LearnAnswer(*(said[name] for name in names))


def _json(value: dict[str, str]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def _read(data: bytes) -> dict[str, str]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _time(text: str | None, otherwise: datetime) -> str:
    try:
        return write_time(read_time(text or ""))
    except ValueError:
        return write_time(otherwise.replace(microsecond=0))
