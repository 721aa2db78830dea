"""Where the recorded answers of the real Reddit are."""

from __future__ import annotations

import os
from pathlib import Path

from config.env import ROOT
from tests.services import skip_or_fail


def recordings_folder() -> Path:
    """Return the folder that TEPPAN_RECORDINGS names; a test cannot run without it."""
    folder = Path(os.environ.get("TEPPAN_RECORDINGS") or ROOT.parent / "shared" / "reddit")
    if not (folder / "manifest.jsonl").is_file():
        skip_or_fail(f"no recordings of Reddit at {folder} (TEPPAN_RECORDINGS)")
    return folder
