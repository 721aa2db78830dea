"""Callers, and an installation whose exports are in a folder of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.storage import storages

from tests.callers import anonymous, make_user, other, owner, quick_and_unlimited

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["anonymous", "make_user", "other", "owner", "quick_and_unlimited"]


@pytest.fixture(autouse=True)
def export_folder(settings: Any, tmp_path: Path) -> Path:
    """The storage's folder; the work folder is beside it."""
    folder = tmp_path / "exports"
    backend = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder},
    }
    settings.STORAGES = {**settings.STORAGES, "exports": backend}
    settings.EXPORT_WORK_DIR = tmp_path / "work"
    storages._storages.clear()
    return folder
