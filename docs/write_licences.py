"""What a user installs with vsig, and under which licence: docs/licences.md and docs/sbom.json.

Read off the packages of this environment, without extras: `python docs/write_licences.py`. Run it
after constraints.txt changed.
"""

import json
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

HERE = Path(__file__).parent
HEAD = """\
<!-- Made by docs/write_licences.py from the installed packages. -->

# Licences

What `pip install vsig` brings on Linux, at the versions that `constraints.txt` names, by what each
package says of itself; [the same as a software bill](sbom.json) (CycloneDX). The packaged network
is EfficientNet-Lite0, Apache-2.0, trained on ImageNet. What a GPU needs besides (`nvidia-*`) is
NVIDIA's own.

| package | version | licence |
|---|---|---|
"""


def installed(root: str = "vsig") -> dict[str, Distribution]:
    """Name to package, for all that is needed without extras."""
    found: dict[str, Distribution] = {}
    asked = [root]
    while asked:
        name = asked.pop()
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue  # of another platform
        known = package.name.lower()
        if known in found:
            continue
        found[known] = package
        for line in package.requires or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                asked.append(needed.name)
    del found[root]
    return {name: found[name] for name in sorted(found) if not name.startswith("nvidia-")}


def licence(package: Distribution) -> str:
    """In a few words; a package that only brings the whole text is told by its classifiers."""
    said = package.metadata
    classified = [line.split(" :: ")[-1] for line in said.get_all("Classifier") or ()
                  if line.startswith("License :: ")]  # fmt: skip
    whole = (said.get("License") or "").strip()
    short = whole.splitlines()[0] if whole and len(whole) < 80 else ""
    named = [line for line in classified if line != "OSI Approved"]
    return said.get("License-Expression") or short or ", ".join(named) or "see the package"


def page(packages: dict[str, Distribution]) -> str:
    """The table."""
    rows = [f"| {name} | {one.version} | {licence(one)} |" for name, one in packages.items()]
    return HEAD + "\n".join(rows) + "\n"


def bill(packages: dict[str, Distribution]) -> dict[str, Any]:
    """The same as CycloneDX."""
    components = [
        {
            "type": "library",
            "name": name,
            "version": one.version,
            "purl": f"pkg:pypi/{name}@{one.version}",
            "licenses": [{"license": {"name": licence(one)}}],
        }
        for name, one in packages.items()
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components}


def main() -> None:
    """Write both."""
    packages = installed()
    (HERE / "licences.md").write_text(page(packages), encoding="utf-8")
    (HERE / "sbom.json").write_text(json.dumps(bill(packages), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
