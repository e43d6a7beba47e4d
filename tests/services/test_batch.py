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


async def test_what_no_text_can_be_fails_alone(fresh_nats, tmp_path) -> None:
    items = ['{"text": "a"}', '{"text": "\\ud800"}', "[" * 300 + "]" * 300]
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path) as client,
    ):
        for headers in ({}, {"Idempotency-Key": "a"}):
            answer = await client.post(
                "/v1/guard/batch",
                content=f'{{"items": [{", ".join(items)}]}}',
                headers={"Content-Type": "application/json", **headers},
            )
            assert answer.status_code == 200, answer.text
            assert [item["ok"] for item in answer.json()["items"]] == [True, False, False]


async def test_a_batch_that_no_wait_would_let_through_is_413(fresh_nats, tmp_path) -> None:
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path, vigil_rate_limits="1000/second, 5/hour") as client,
    ):
        refused = await client.post("/v1/guard/batch", json={"items": [{"text": "a"}] * 6})
        assert refused.status_code == 413
        assert "holds 6 texts, and this key's limit is 5" in refused.json()["detail"]
        assert "retry-after" not in refused.headers
        passed = await client.post("/v1/guard/batch", json={"items": [{"text": "a"}] * 4})
    assert passed.status_code == 200
