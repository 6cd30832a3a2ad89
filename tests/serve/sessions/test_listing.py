"""The list of a caller's own sessions, page by page."""

import pytest

from tests.serve.served import Served


def test_pages_follow_each_other_from_the_newest_to_the_oldest(demo: Served) -> None:
    made = {demo.new_session() for _ in range(5)}
    seen: list[str] = []
    before = {}
    while not made <= set(seen):
        page = demo.get("/sessions", params={"limit": 2, **before}).json()
        seen += [entry["session_id"] for entry in page["sessions"]]
        assert len(page["sessions"]) == 2 or page["next"] is None
        before = {"before": page["next"]}
    assert len(seen) == len(set(seen))
    assert set(seen[:5]) == made


def test_the_last_page_names_no_next_one(demo: Served) -> None:
    demo.new_session()
    page = demo.get("/sessions", params={"limit": 100}).json()
    while page["next"]:
        page = demo.get("/sessions", params={"limit": 100, "before": page["next"]}).json()
    assert page["sessions"]
    assert sorted(page["sessions"][0]) == ["created_at", "ended", "session_id"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", value) for value in ("0", "101", "-1", "x", "", "1e1", "٣")),
        *(("before", value) for value in ("x", "2026_1", "~_", "' OR 1=1", "\0")),
    ],
)
def test_what_is_no_page_is_refused_and_not_repeated(demo: Served, name: str, value: str) -> None:
    answer = demo.get("/sessions", params={name: value})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", name]
    assert "input" not in answer.json()["detail"][0]
