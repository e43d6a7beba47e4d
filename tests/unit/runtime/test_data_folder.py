import os
import stat
from pathlib import Path

import pytest

from app.errors import StartError
from app.runtime import data_folder
from app.runtime.data_folder import DataFolder


def test_it_is_made_for_its_user_alone(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "a" / "data") as folder:
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
        assert folder.folder("nats").is_dir()
        assert (folder.path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_second_vigil_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    with DataFolder(tmp_path), pytest.raises(StartError) as raised:
        DataFolder(tmp_path)
    assert str(raised.value) == (
        f"the data folder {tmp_path} is in use by another Vigil (pid {os.getpid()}): "
        "stop it or set VIGIL_DATA_DIR"
    )
    DataFolder(tmp_path).release()


def test_the_lock_of_a_dead_process_does_not_hinder(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("999999999\n")
    DataFolder(tmp_path).release()


def test_servers_that_outlive_a_killed_vigil_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_folder, "_ORPHANS_END_WITHIN_S", 0.1)
    with DataFolder(tmp_path):
        (tmp_path / "lock").write_text("999999999\n")
        with pytest.raises(StartError, match=r"by servers of a Vigil that was killed \(pid 999999999\)"):
            DataFolder(tmp_path)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"^the data folder .*file cannot be written \("):
        DataFolder(tmp_path / "file")
