import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from vsig_core.errors import PictureError, WorkerLostError
from vsig_core.workers import LocalProcesses, as_done, local_processes

PARENT = """
import os, time
from vsig_core.workers import LocalProcesses
if __name__ == "__main__":
    workers = LocalProcesses(2)
    numbers = [workers.submit(os.getpid).result()]
    waiting = [workers.submit(time.sleep, 600) for _ in range(2)]
    while len(pids := {pid for pool in workers._pools for pid in pool._processes}) < 2:
        time.sleep(0.05)
    print(*pids, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def workers() -> Iterator[LocalProcesses]:
    with LocalProcesses(2) as processes:
        yield processes


def ends(pid: int, seconds: float) -> bool:
    """Whether a process is gone, or a zombie that nobody collects, before so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def die_once(mark: Path) -> str:
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def refuse() -> None:
    raise PictureError("truncated", "ends early")


def threads_of_torch() -> int:
    import torch

    return torch.get_num_threads()


def test_tasks_are_carried_out_in_other_processes(workers: LocalProcesses):
    pids = {workers.submit(os.getpid).result() for _ in range(5)}
    assert os.getpid() not in pids and len(pids) <= 2
    assert workers.submit(int, "ff", base=16).result() == 255


def test_what_a_task_raises_arrives_as_it_was(workers: LocalProcesses):
    with pytest.raises(PictureError, match="truncated: ends early") as caught:
        workers.submit(refuse).result()
    assert caught.value.reason == "truncated"


def test_a_task_whose_worker_is_killed_is_tried_again(workers: LocalProcesses, tmp_path: Path):
    assert workers.submit(die_once, tmp_path / "mark").result() == "done"


def test_a_task_that_kills_its_workers_is_named_lost_and_the_others_are_done(
    workers: LocalProcesses,
):
    lost = workers.submit(os._exit, 1)
    others = [workers.submit(abs, -number) for number in range(10)]
    assert [future.result() for future in others] == list(range(10))
    with pytest.raises(WorkerLostError, match="died 2 times"):
        lost.result()


def test_a_worker_uses_one_core(workers: LocalProcesses):
    assert workers.submit(threads_of_torch).result() == 1


def test_workers_are_gone_soon_after_their_parent_is_killed(tmp_path: Path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.kill()
    assert all(ends(pid, 5) for pid in pids)
    # And nobody holds its output any more.
    assert parent.communicate(timeout=5)[0] == ""


def test_only_some_tasks_are_with_the_executor_at_a_time(workers: LocalProcesses):
    given: list[int] = []

    def begin(task: int) -> Future[int]:
        given.append(task)
        return workers.submit(abs, task)

    done: list[tuple[int, int]] = []
    for place, future in as_done(begin, range(0, -20, -1), in_flight=3):
        done.append((place, future.result()))
        assert len(given) - len(done) <= 3
    assert sorted(done) == [(place, place) for place in range(20)]


def use_a_worker() -> None:
    local_processes(1).submit(os.getpid).result()


def test_a_process_of_multiprocessing_that_used_workers_comes_to_its_end():
    step = multiprocessing.get_context("spawn").Process(target=use_a_worker)
    step.start()
    step.join(60)
    ended = step.exitcode
    step.kill()
    assert ended == 0
