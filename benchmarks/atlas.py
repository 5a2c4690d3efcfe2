"""The picture map with very many pictures: `python -m benchmarks.atlas --pictures 100000`.

Packs a made-up store, serves it, and opens it in Chromium. Rendering is by software here
(SwiftShader), so frame times are compared with those of a scene of points in the same run.
The renderer takes the cores from the scripts, and any call of WebGL may wait for it, so what
scripts take is told three times: by the clock, by the clock outside calls of WebGL, and as
time of their thread's CPU.
"""

import argparse
import http.server
import json
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.map_store import fill_store
from vsig_core.project import Project, init_project, open_project
from vsig_core.review.atlas import write_atlas
from vsig_core.settings import PROJECT_FILE

CHROMIUM = "/usr/bin/chromium"
OPTIONS = (
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
)  # fmt: skip
WIDTH, HEIGHT = 1440, 900
PATIENCE = 600_000  # milliseconds
FIRST_PAINT, MEMORY, SCRIPT = 5.0, 600.0, 4.0  # asked for: seconds, MB, milliseconds a frame
# Times each frame's scripts, their calls of WebGL, and the distance between frames.
WATCH = """
(() => {
  const frames = [];
  let before = 0;
  let calls = 0;
  const gl = WebGL2RenderingContext.prototype;
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(gl))) {
    if (typeof value !== "function") continue;
    gl[name] = function (...given) {
      const begun = performance.now();
      const found = value.apply(this, given);
      calls += performance.now() - begun;
      return found;
    };
  }
  const own = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (action) => {
    const asked = performance.now();
    return own((now) => {
      const begun = performance.now();
      calls = 0;
      action(now);
      const script = performance.now() - begun;
      const own = script - calls;
      // A map that rests draws nothing: a frame counts from when it was asked for.
      const last = frames.at(-1);
      if (last?.now === now) {
        last.script += script;
        last.own += own;
      } else frames.push({ now, script, own, apart: begun - Math.max(before, asked) });
      before = begun;
    });
  };
  window.watchedFrames = () => frames.splice(0);
})();
"""
# The middle of the map has another colour than the ground: something is drawn.
DRAWN = """() => {
  const canvas = document.getElementById("canvas");
  return canvas && canvas.width > 300 && document.getElementById("message").hidden;
}"""

FETCHED = """() => {
  const all = performance.getEntriesByType("resource");
  const bytes = all.reduce((sum, one) => sum + one.encodedBodySize, 0);
  return { requests: all.length, "fetched MB": bytes / 1e6 };
}"""


@dataclass(frozen=True)
class Frames:
    """Frames of one scripted journey, in milliseconds.

    Parameters
    ----------
    apart
        From one frame to the next.
    script
        That the page's scripts took in each.
    own
        Of it, outside calls of WebGL.
    """

    apart: list[float]
    script: list[float]
    own: list[float]

    @property
    def median(self) -> float:
        """Of the times between frames."""
        return statistics.median(self.apart)

    @property
    def slow(self) -> float:
        """Time between frames that one in twenty exceeds."""
        return _slow(self.apart)


def _slow(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def main() -> None:
    """Pack, open, travel, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="Kept, and used again; else a temporary one.")
    arguments, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as place:
        folder = arguments.folder or Path(place)
        packed = _packed(folder, arguments.pictures)
        _show(arguments.pictures, packed, _measured(folder / "atlas", Path(place)))


def _packed(folder: Path, n: int) -> tuple[float | None, float]:
    """Seconds that the packing took, None where it was there, and MB of the folder."""
    out, seconds = folder / "atlas", None
    if not out.exists():
        project = _project(folder / f"project-{n}", n)
        started = time.perf_counter()
        write_atlas(project, out)
        seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return seconds, size / 1e6


def _project(folder: Path, n: int) -> Project:
    if (folder / PROJECT_FILE).exists():
        return open_project(folder)
    project = init_project(folder)
    fill_store(project.store, n)
    return project


def _measured(folder: Path, profile: Path) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as playwright:
            # A profile on disk, as people have: a nameless one keeps what it fetched in memory.
            context = playwright.chromium.launch_persistent_context(
                str(profile),
                executable_path=CHROMIUM,
                args=list(OPTIONS),
                viewport={"width": WIDTH, "height": HEIGHT},
            )
            page = context.pages[0]
            page.set_default_timeout(PATIENCE)
            page.add_init_script(WATCH)
            found: dict[str, Any] = {"blank MB": _memory(context)}
            found |= _opened(context, page, f"http://127.0.0.1:{server.server_port}/")
            found["idle MB"] = _memory(context)
            found["pictures"] = _journey(page)
            found["MB"] = _memory(context)
            found["pictures CPU"] = _cpu_of_journey(context, page)
            page.keyboard.press("p")
            found["points"] = _journey(page)
            found["points CPU"] = _cpu_of_journey(context, page)
            context.close()
            return found
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *words: Any) -> None:
        """Says nothing."""


def _opened(context: Any, page: Any, address: str) -> dict[str, Any]:
    """Seconds, and seconds of CPU, until the map is painted, and until nothing more comes.

    How many requests and MB the paint took, too.
    """
    started, before = time.perf_counter(), _work(context)
    page.goto(address, wait_until="commit")
    page.wait_for_function(DRAWN)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    found = {"painted": time.perf_counter() - started, "painted CPU": _work(context) - before}
    found |= page.evaluate(FETCHED)
    page.wait_for_selector("#stage[aria-busy=false]")
    return found | {"whole": time.perf_counter() - started, "whole CPU": _work(context) - before}


def _journey(page: Any) -> Frames:
    """Pan and zoom by hand: into the map, across it at three distances, and out again."""
    page.keyboard.press("0")
    page.wait_for_timeout(1500)
    page.evaluate("() => watchedFrames()")
    for _ in range(3):
        for _ in range(8):
            page.mouse.move(820, 480)
            page.mouse.wheel(0, -110)
            page.wait_for_timeout(30)
        page.mouse.down()
        for step in range(30):
            page.mouse.move(820 - 14 * step, 480 + 5 * step)
        page.mouse.up()
        page.wait_for_timeout(400)
    for _ in range(24):
        page.mouse.wheel(0, 110)
        page.wait_for_timeout(30)
    frames = page.evaluate("() => watchedFrames()")
    return Frames(*([frame[name] for frame in frames] for name in ("apart", "script", "own")))


def _cpu_of_journey(context: Any, page: Any) -> list[float]:
    """The same journey once more: milliseconds of CPU that the page's thread took in each frame."""
    context.browser.start_tracing(page=page, categories=["devtools.timeline"])
    _journey(page)
    traced = json.loads(context.browser.stop_tracing())["traceEvents"]
    return [event["tdur"] / 1000 for event in traced if event["name"] == "FireAnimationFrame"]


def _work(context: Any) -> float:
    """Seconds of CPU that all the browser's processes have taken."""
    session = context.browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    return sum(process["cpuTime"] for process in processes)


def _memory(context: Any) -> float:
    """MB of all the browser's processes, what they share counted once (PSS)."""
    session = context.browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    return sum(_pss(process["id"]) for process in processes)


def _pss(process: int) -> float:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def _show(n: int, packed: tuple[float | None, float], found: dict[str, Any]) -> None:
    pictures, points = found["pictures"], found["points"]
    seconds = "before" if packed[0] is None else f"in {packed[0]:.0f} s"
    table = Table(title=f"The map of {n:,} pictures", title_justify="left")
    for column in ("what", "measured", "asked for"):
        table.add_column(column)
    rows = [
        ("packed as a static folder", f"{seconds}, {packed[1]:.0f} MB", ""),
        ("data and first paint", f"{found['painted']:.1f} s", f"< {FIRST_PAINT:.0f} s"),
        ("its work", f"{found['painted CPU']:.1f} s of CPU", ""),
        ("its requests", f"{found['requests']:.0f}, {found['fetched MB']:.1f} MB", ""),
        ("at rest", f"{found['whole']:.1f} s, {found['whole CPU']:.1f} s of CPU", ""),
        ("browser's memory, blank page", f"{found['blank MB']:.0f} MB", ""),
        ("browser's memory, whole map", f"{found['idle MB']:.0f} MB", f"< {MEMORY:.0f} MB"),
        ("browser's memory, after the journey", f"{found['MB']:.0f} MB", f"< {MEMORY:.0f} MB"),
        ("frames of the journey", f"{len(pictures.apart)}, of points {len(points.apart)}", ""),
        ("time between frames, median", _compared(pictures.median, points.median), ""),
        ("time between frames, 95 %", _compared(pictures.slow, points.slow), ""),
        *(
            (f"{name}: median, 95 %, longest", _scripts(taken, rival), f"< {SCRIPT:.0f} ms")
            for name, taken, rival in (
                ("scripts in a frame, by the clock", pictures.script, points.script),
                ("the same outside calls of WebGL", pictures.own, points.own),
                ("CPU of their thread in a frame", found["pictures CPU"], found["points CPU"]),
            )
        ),
    ]
    for row in rows:
        table.add_row(*row)
    Console(width=110).print(table)


def _scripts(taken: list[float], rival: list[float]) -> str:
    told = (
        f"{statistics.median(times):.1f}, {_slow(times):.1f}, {max(times):.1f} ms"
        for times in (taken, rival)
    )
    return ", points ".join(told)


def _compared(pictures: float, points: float) -> str:
    return f"{pictures:.0f} ms, points {points:.0f} ms: ×{pictures / points:.2f}"


if __name__ == "__main__":
    main()
