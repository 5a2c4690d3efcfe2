"""What leaves a project, in formats that others read; and what comes back."""

from vsig_core.exchange.bringing_in import Imported, import_package
from vsig_core.exchange.exporting import FORMATS, Exported, export

__all__ = ["FORMATS", "Exported", "Imported", "export", "import_package"]
