"""`/v1/guard/batch` on a real server."""

from tests.services.test_answer_path import answering, api, detection
from tests.wires import provisioned


async def test_each_item_has_its_own_outcome_in_order(fresh_nats, tmp_path) -> None:
    good = [{"text": f"text {number}"} for number in range(30)]
    bad = [{"text": ""}, {"text": "x" * 100_001}, {"txet": "a"}, 7, {"text": "a", "prompt": "b\0"}]
    items = [*good[:10], *bad, *good[10:], {"text": "out", "direction": "output", "prompt": "in"}]
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path, vigil_rate_limits="200/hour") as client,
    ):
        answer = await client.post("/v1/guard/batch", json={"items": items})
        assert '"hour";r=164;' in answer.headers["ratelimit"], "every text takes a place"
    assert answer.status_code == 200, answer.text
    found = answer.json()["items"]
    assert [item["index"] for item in found] == list(range(36))
    assert [item["ok"] for item in found] == [True] * 10 + [False] * 5 + [True] * 21
    assert [item["error"]["status"] for item in found[10:15]] == [422, 413, 422, 422, 422]
    assert found[12]["error"]["errors"][0]["field"] == "text"
    for item, sent in zip(found, items, strict=True):
        if item["ok"]:
            assert item["verdict"]["categories"] == [sent["text"]], "nobody gets another's verdict"
            assert item["verdict"]["request_id"] == f"{answer.json()['request_id']}-{item['index']}"


async def test_a_batch_of_nothing_or_too_much_is_422_and_one_that_nobody_judges_fails_item_by_item(
    fresh_nats, tmp_path
) -> None:
    async with provisioned(fresh_nats.url), api(fresh_nats.url, tmp_path, timeout_ms=300) as client:
        for items in ([], [{"text": "a"}] * 101, "a"):
            assert (await client.post("/v1/guard/batch", json={"items": items})).status_code == 422
        answer = await client.post("/v1/guard/batch", json={"items": [{"text": "a"}, {"text": ""}]})
    assert answer.status_code == 200
    assert [item["error"]["status"] for item in answer.json()["items"]] == [504, 422]
