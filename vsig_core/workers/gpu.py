"""Whether there is a GPU; torch is only imported where its driver is."""

from pathlib import Path

_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


def gpu() -> str | None:
    """The GPU's name in torch; None where there is none that torch can use."""
    if not _NVIDIA_DRIVER.exists():
        return None
    import torch

    return "cuda" if torch.cuda.is_available() else None
