import pytest

from bench import __main__ as registry


def test_every_bench_says_what_it_measures() -> None:
    for name, module in registry.benches().items():
        assert (module.__doc__ or "").strip(), name


def test_without_a_name_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    registry.main([])
    listed = capsys.readouterr().out
    assert all(name in listed for name in registry.benches())


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SystemExit, match="there is no bench nonsense"):
        registry.main(["nonsense"])


def test_words_after_two_dashes_go_to_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[list[str]] = []

    class Bench:
        main = staticmethod(got.append)

    monkeypatch.setattr(registry, "benches", lambda: {"one": Bench})
    registry.main(["one", "--", "--size", "3"])
    assert got == [["--size", "3"]]
