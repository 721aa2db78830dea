"""Code that a receiver copies to verify our requests: one file per language, no library needed."""

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Snippet:
    """Verification in one language: the name people know it by, and the text to copy."""

    language: str
    file_name: str
    code: str


def _read(language: str, file_name: str) -> Snippet:
    return Snippet(language, file_name, (_FOLDER / file_name).read_text(encoding="utf-8"))


SNIPPETS = (
    _read("Python", "verify.py"),
    _read("JavaScript", "verify.mjs"),
    _read("Go", "verify.go"),
    _read("PHP", "verify.php"),
    _read("Shell", "verify.sh"),
)
