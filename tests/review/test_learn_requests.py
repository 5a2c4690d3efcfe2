"""Asking for a training by a file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from vsig_core.review.learn_requests import (
    ANSWER,
    REQUEST,
    LearnRequest,
    answer_request,
    ask_to_learn,
    asked_to_learn,
    last_answer,
)
from vsig_core.store import Files, open_files

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def inbox(tmp_path: Path) -> Files:
    files = open_files(str(tmp_path / "inbox"))
    files.make()
    return files


def test_a_request_waits_until_it_is_answered(inbox: Files):
    assert asked_to_learn(inbox) is None
    asked = ask_to_learn(inbox, "anna", NOON)
    assert asked == LearnRequest("anna", "2026-03-01T12:00:00Z")
    assert asked_to_learn(inbox) == asked
    answer_request(inbox, "a new model is in force", NOON)
    assert asked_to_learn(inbox) is None
    answer = last_answer(inbox)
    assert answer is not None
    assert (answer.asked_by, answer.outcome) == ("anna", "a new model is in force")


def test_whoever_asks_second_waits_for_the_same_training(inbox: Files):
    first = ask_to_learn(inbox, "anna", NOON)
    assert ask_to_learn(inbox, "luca") == first


def test_an_answer_without_a_question_is_none(inbox: Files):
    answer_request(inbox, "nothing", NOON)
    assert last_answer(inbox) is None


@pytest.mark.parametrize("text", [b"", b"learn please", b"[]", b'{"by": 7, "at": "soon"}'])
def test_a_file_made_by_hand_is_a_request_too(inbox: Files, text: bytes):
    inbox.write(REQUEST, text)
    asked = asked_to_learn(inbox)
    assert asked is not None
    assert asked.by in ("somebody", "7")
    assert asked.at.endswith("Z")


def test_an_answer_that_cannot_be_read_is_none(inbox: Files):
    inbox.write(ANSWER, b'{"asked_by": 1}')
    assert last_answer(inbox) is None
