"""The site of documents: whole, without a broken link, without anything from elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What a browser fetches by itself; a link that a reader may follow is none of it.
_FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=[\"']?([^\"'\s>]+)"
    r"|<link\b(?![^>]*rel=[\"']?(?:canonical|next|prev)\b)[^>]*\bhref=[\"']?([^\"'\s>]+)"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_built_without_a_warning(site: Path):
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} | {"api"}
    assert {path.stem for path in site.glob("*.html")} >= pages


def test_a_browser_fetches_nothing_from_elsewhere(site: Path):
    fetched = {
        one or other
        for page in site.glob("*.html")
        for one, other in _FETCHED.findall(page.read_text(encoding="utf-8"))
    }
    assert any(address.endswith(".css") for address in fetched)
    assert not [address for address in fetched if "//" in address]
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"url\([\"']?https?:", sheet.read_text(encoding="utf-8")), sheet


def test_the_api_page_holds_what_the_packages_promise(site: Path):
    page = (site / "api.html").read_text(encoding="utf-8")
    for name in ("open_project", "optics", "build_morphograph", "retrieval_metrics", "why"):
        assert f'id="{name.lower()}"' in page, name


def test_the_pictures_in_the_documents_are_small():
    for picture in (ROOT / "docs" / "images").iterdir():
        assert picture.stat().st_size < 300_000, picture
