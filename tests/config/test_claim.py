"""A data folder belongs to one stack."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from config.claim import Claim, Refused

if TYPE_CHECKING:
    from pathlib import Path


class TestClaim:
    def test_refuses_a_second_holder_and_names_the_first(self, tmp_path: Path) -> None:
        first, second = Claim(tmp_path), Claim(tmp_path)
        first.take()
        with pytest.raises(Refused, match=rf"process {os.getpid()}"):
            second.take()
        second.release()
        assert (tmp_path / "supervisor.pid").read_text() == f"{os.getpid()}\n"
        first.release()

    def test_is_free_again_after_release(self, tmp_path: Path) -> None:
        for _ in range(2):
            claim = Claim(tmp_path)
            claim.take()
            claim.release()
        assert not (tmp_path / "supervisor.pid").exists()

    def test_a_pid_file_alone_claims_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "supervisor.pid").write_text("1\n")
        (tmp_path / "web.pid").write_text("1\n")
        claim = Claim(tmp_path)
        claim.take()
        assert [file.name for file in tmp_path.glob("*.pid")] == ["supervisor.pid"]
        claim.release()
