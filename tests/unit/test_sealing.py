import base64
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import SettingsError, StartError
from app.sealing import SealBroken, Sealer, deployment_keys, derive
from app.settings import Settings

OLD, NEW = b"o" * 32, b"n" * 32


@given(st.binary(max_size=1000), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_opens_in_its_context(plain: bytes, context: str) -> None:
    sealer = Sealer([NEW], "test")
    sealed = sealer.seal(plain, context)
    assert len(sealed) == len(plain) + 32
    assert sealer.open(sealed, context) == plain
    assert sealer.seal(plain, context) != sealed


@given(st.binary(max_size=80))
def test_bytes_from_elsewhere_do_not_open(junk: bytes) -> None:
    with pytest.raises(SealBroken):
        Sealer([NEW], "test").open(junk, "here")


def test_neither_another_context_nor_purpose_nor_a_changed_byte_opens() -> None:
    sealer = Sealer([NEW], "test")
    sealed = sealer.seal(b"44051401359", "req_1")
    assert b"44051401359" not in sealed
    for opener, changed, context in (
        (sealer, sealed, "req_2"),
        (Sealer([NEW], "other"), sealed, "req_1"),
        (sealer, sealed[:-1] + bytes([sealed[-1] ^ 1]), "req_1"),
    ):
        with pytest.raises(SealBroken):
            opener.open(changed, context)


def test_a_changed_key_still_opens_what_the_old_one_sealed() -> None:
    sealed = Sealer([OLD], "test").seal(b"text", "req_1")
    both = Sealer([NEW, OLD], "test")
    assert both.open(sealed, "req_1") == b"text"
    with pytest.raises(SealBroken, match="VIGIL_SECRET_KEY"):
        Sealer([OLD], "test").open(both.seal(b"text", "req_1"), "req_1")


def test_keys_of_two_purposes_differ() -> None:
    assert len({derive(NEW, "a"), derive(NEW, "b"), derive(OLD, "a")}) == 3


@pytest.mark.parametrize(
    "written", [base64.b64encode(NEW).decode(), base64.urlsafe_b64encode(NEW).decode().rstrip("="), NEW.hex()]
)
def test_a_key_may_be_written_in_base64_or_hexadecimal(written: str) -> None:
    assert deployment_keys(Settings(vigil_secret_key=f"{written}, {OLD.hex()}")) == (NEW, OLD)


@pytest.mark.parametrize(
    "written", ["secret", "zz" * 32, base64.b64encode(b"n" * 31).decode(), f"{NEW.hex()},"]
)
def test_anything_else_is_refused_without_being_shown(written: str) -> None:
    with pytest.raises(SettingsError, match="openssl rand -base64 32") as refused:
        deployment_keys(Settings(vigil_secret_key=written))
    assert written not in str(refused.value)


def test_the_folder_keeps_one_key_whoever_starts_first(tmp_path) -> None:
    config = Settings(vigil_data_dir=tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: deployment_keys(config), range(8)))
    assert len(keys) == 1
    (file,) = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_spoilt_file_is_not_replaced(tmp_path) -> None:
    (tmp_path / "secret-key").write_text("nothing")
    with pytest.raises(StartError, match="holds no key"):
        deployment_keys(Settings(vigil_data_dir=tmp_path))
    assert (tmp_path / "secret-key").read_text() == "nothing"
