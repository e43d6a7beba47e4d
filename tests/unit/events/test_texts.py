import pytest

from app.errors import SettingsError
from app.events.texts import Kept, TextKeeper, open_text, text_sealer
from app.sealing import SealBroken
from app.settings import Settings

ORIGINAL, REDACTED = "Mój PESEL to 44051401359 \ud800", "Mój PESEL to [PL_PESEL_1] \ud800"
KEY = "11" * 32


@pytest.mark.parametrize(("mode", "kept"), [("none", Kept()), ("redacted", Kept(REDACTED))])
def test_the_original_is_kept_only_on_request(mode, kept, tmp_path) -> None:
    keeper = TextKeeper(Settings(vigil_event_text=mode, vigil_data_dir=tmp_path))
    assert keeper.keep("req_1", ORIGINAL, REDACTED) == kept
    assert not list(tmp_path.iterdir()), "no key is made that nobody needs"


def test_an_original_is_sealed_for_its_event() -> None:
    config = Settings(vigil_event_text="raw", vigil_secret_key=KEY)
    kept = TextKeeper(config).keep("req_1", ORIGINAL, REDACTED)
    assert kept.redacted == REDACTED
    assert open_text(text_sealer(config), "req_1", kept.sealed) == ORIGINAL
    with pytest.raises(SealBroken):
        open_text(text_sealer(config), "req_2", kept.sealed)


def test_a_key_that_is_none_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="VIGIL_SECRET_KEY"):
        TextKeeper(Settings(vigil_event_text="raw", vigil_secret_key="secret"))
