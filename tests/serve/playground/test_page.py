"""In a real browser: the key, the chat, what goes wrong, and who cannot use a mouse or see."""

import json
from typing import Any

import pytest

from tests.serve.conftest import Start
from tests.serve.playground.conftest import KEY, PATIENCE, Visit, sync_api
from tests.serve.scripted_upstream import (
    DONE,
    ScriptedUpstream,
    answers,
    dies_after,
    event,
    hangs,
    says,
    streams,
)
from tests.serve.served import RELEASE, Served


def expect(what: Any) -> Any:
    return sync_api.expect(what)


def test_it_asks_for_the_key_and_lists_the_models(gateway: Served, visit: Visit) -> None:
    page = visit(gateway).connect().page
    assert page.get_by_label("Model", exact=True).locator("option").all_inner_texts() == [
        "m",
        "family/other",
    ]
    assert page.get_by_text(f"release {RELEASE}").is_visible()


def test_a_wrong_key_is_told_and_can_be_entered_again(demo: Served, visit: Visit) -> None:
    visiting = visit(demo).enter("not-the-key")
    expect(visiting.page.get_by_role("alert")).to_have_text("This key is not accepted here.")
    assert visiting.page.get_by_label("API key").input_value() == ""
    expect(visiting.page.get_by_label("API key")).to_be_focused()
    visiting.connect()


def test_an_answer_tells_its_release_its_times_its_tokens_and_its_request(
    demo: Served, visit: Visit
) -> None:
    turn = visit(demo).connect().ask("My name is Robin.")
    assert "Robin" in turn.locator(".text").inner_text()
    facts = turn.locator("dl").inner_text().split()
    assert {"Release", RELEASE, "First", "token", "Total", "Tokens", "in,", "out"} <= set(facts)
    assert any(fact.startswith("req_") for fact in facts)


def test_the_conversation_and_the_system_prompt_go_along(
    gateway: Served, upstream: ScriptedUpstream, visit: Visit
) -> None:
    visiting = visit(gateway).connect()
    visiting.page.get_by_text("System prompt").first.click()
    visiting.page.get_by_role("textbox", name="System prompt").fill("Be brief.")
    visiting.page.get_by_label("Model", exact=True).select_option("family/other")
    upstream.plays(streams(event("One."), DONE), streams(event("Two."), DONE))
    visiting.ask("First")
    visiting.ask("Second")
    fields = upstream.calls[-1].fields
    assert (fields["model"], fields["stream"]) == ("family/other", True)
    assert [message["content"] for message in fields["messages"]] == [
        "Be brief.",
        "First",
        "One.",
        "Second",
    ]


def test_a_new_chat_knows_nothing_of_the_last(
    gateway: Served, upstream: ScriptedUpstream, visit: Visit
) -> None:
    visiting = visit(gateway).connect()
    visiting.ask("First")
    visiting.page.get_by_role("button", name="New chat").click()
    assert visiting.page.locator("article").count() == 0
    visiting.ask("Second")
    assert [message["content"] for message in upstream.calls[-1].messages] == ["Second"]


def test_text_appears_before_the_answer_is_complete(
    gateway: Served, upstream: ScriptedUpstream, visit: Visit
) -> None:
    upstream.plays(streams(event("early "), event("late"), DONE, waits_after=1))
    visiting = visit(gateway).connect()
    visiting.say("Hello")
    expect(visiting.last.locator(".text")).to_have_text("early ")
    assert visiting.last.get_attribute("aria-busy") == "true"
    upstream.go_on.set()
    expect(visiting.last.locator(".text")).to_have_text("early late")


def test_a_stream_that_is_cut_anywhere_is_read_whole(
    gateway: Served, upstream: ScriptedUpstream, visit: Visit
) -> None:
    said = "Zoë 日本 \U0001f642\nnext"
    written = json.dumps({"choices": [{"delta": {"content": said}}]}, ensure_ascii=False, indent=1)
    lines = [b": a comment", b"event: chunk", b"id: 7"]
    lines += [b"data:" + line.encode() for line in written.splitlines()]
    stream = b"\r\n".join(lines) + b"\r\n\r\n" + DONE.replace(b"\n", b"\r")
    upstream.plays(streams(*(stream[index : index + 1] for index in range(len(stream)))))
    turn = visit(gateway).connect().ask("Hello")
    assert turn.locator(".text").inner_text() == said
    assert turn.locator(".fault").count() == 0


def test_an_upstream_that_does_not_stream_is_shown_all_the_same(
    gateway: Served, upstream: ScriptedUpstream, visit: Visit
) -> None:
    upstream.plays(answers("whole"))
    assert visit(gateway).connect().ask("Hello").locator(".text").inner_text() == "whole"


def test_escape_stops_an_answer_and_the_model_behind_it(
    gateway: Served, upstream: ScriptedUpstream, visit: Visit
) -> None:
    upstream.plays(hangs)
    visiting = visit(gateway).connect()
    visiting.say("Hello")
    assert upstream.arrived.wait(PATIENCE / 1000)
    visiting.page.keyboard.press("Escape")
    expect(visiting.last).to_contain_text("Stopped.")
    assert upstream.abandoned.wait(PATIENCE / 1000)


def test_the_button_stops_too_and_what_came_is_kept(demo: Served, visit: Visit) -> None:
    visiting = visit(demo).connect()
    visiting.say("Count to 2000")
    expect(visiting.last.locator(".text")).to_contain_text("5 6 7")
    visiting.page.get_by_role("button", name="Stop").click()
    expect(visiting.last).to_contain_text("Stopped.")
    expect(visiting.page.get_by_label("Message", exact=True)).to_be_focused()
    assert "1 2 3" in visiting.last.inner_text()


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (says(503), "The upstream answered 503"),
        (says(400, b'{"error": {"message": "Too long."}}'), "Too long."),
        (streams(event("half"), b'data: {"error": {"message": "Lost it."}}\n\n'), "Lost it."),
        (dies_after(event("half")), "broke off"),
        (streams(event("half")), "broke off before its end"),
        (streams(b"data: {not json\n\n"), "not JSON"),
    ],
)
def test_what_went_wrong_is_told_and_the_message_can_be_sent_again(
    gateway: Served, upstream: ScriptedUpstream, visit: Visit, act: Any, words: str
) -> None:
    upstream.script.extend([act] * 4)
    visiting = visit(gateway).connect()
    expect(visiting.ask("Hello").locator(".fault")).to_contain_text(words)
    assert "req_" in visiting.last.inner_text()
    assert visiting.page.get_by_label("Message", exact=True).input_value() == "Hello"
    upstream.script.clear()
    visiting.page.keyboard.press("Enter")
    expect(visiting.last.locator(".text")).to_have_text("Hello.")
    assert len(upstream.calls[-1].messages) == 1


def test_a_failure_shows_the_incident_under_which_the_log_has_it(
    gateway: Served, upstream: ScriptedUpstream, visit: Visit
) -> None:
    upstream.script.extend([says(500)] * 4)
    turn = visit(gateway).connect().ask("Hello")
    incident = turn.locator(".fault dd").filter(has_text="inc_").inner_text()
    assert any(line.get("incident_id") == incident for line in gateway.log())


def test_a_server_that_is_gone_is_told(start: Start, visit: Visit) -> None:
    api = start()
    visiting = visit(api).connect()
    api.stop()
    expect(visiting.ask("Hello").locator(".fault")).to_contain_text("cannot be reached")
    assert all("ERR_CONNECTION" in trouble for trouble in visiting.troubles)
    visiting.troubles.clear()


def test_what_a_model_says_is_text_and_never_html(
    gateway: Served, upstream: ScriptedUpstream, visit: Visit
) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    upstream.plays(streams(event(evil), DONE))
    visiting = visit(gateway).connect()
    turn = visiting.ask(evil)
    assert turn.locator(".text").inner_text() == evil
    assert visiting.page.locator("article img, article script").count() == 0
    assert visiting.page.title() == "Playground · llmops"


def test_a_reload_forgets_the_key_and_nothing_was_stored(demo: Served, visit: Visit) -> None:
    visiting = visit(demo).connect()
    visiting.ask("My name is Robin.")
    page = visiting.page
    assert KEY not in page.content()
    assert KEY not in page.url
    page.reload()
    expect(page.get_by_label("API key")).to_be_focused()
    assert page.get_by_label("API key").input_value() == ""
    assert page.get_by_label("Message", exact=True).is_hidden()
    assert visiting.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert page.evaluate("indexedDB.databases().then((found) => found.length)") == 0


def test_the_key_can_be_forgotten(demo: Served, visit: Visit) -> None:
    visiting = visit(demo).connect()
    visiting.ask("Hello")
    visiting.page.get_by_role("button", name="Forget key").click()
    expect(visiting.page.get_by_label("API key")).to_be_focused()
    assert visiting.page.locator("article").count() == 0


def test_an_api_without_keys_asks_for_none(start: Start, visit: Visit) -> None:
    visiting = visit(start(LLMOPS_AUTH="none"))
    expect(visiting.page.get_by_label("Message", exact=True)).to_be_focused()
    assert visiting.page.get_by_role("button", name="Forget key").is_hidden()
    assert "demo" in visiting.ask("Hello").inner_text()


def test_everything_can_be_done_with_the_keyboard_alone(demo: Served, visit: Visit) -> None:
    visiting = visit(demo)
    keyboard = visiting.page.keyboard
    keyboard.type(KEY)
    keyboard.press("Enter")
    message = visiting.page.get_by_label("Message", exact=True)
    expect(message).to_be_focused()
    keyboard.type("My name is")
    keyboard.press("Shift+Enter")
    keyboard.type("Robin.")
    assert message.input_value() == "My name is\nRobin."
    keyboard.press("Enter")
    expect(visiting.last).to_contain_text("Robin")
    reached = []
    for _ in range(8):
        keyboard.press("Shift+Tab")
        reached.append(visiting.page.evaluate("document.activeElement.id"))
    assert {"log", "forget", "new-chat", "model"} <= set(reached)


def test_every_control_has_a_name_and_answers_are_read_out(demo: Served, visit: Visit) -> None:
    visiting = visit(demo)
    tree = visiting.page.locator("body").aria_snapshot()
    assert '- textbox "API key"' in tree
    visiting.connect().ask("Hello")
    tree = visiting.page.locator("body").aria_snapshot()
    names = ['combobox "Model"', 'button "New chat"', 'button "Forget key"', 'log "Conversation"']
    for named in [*names, 'textbox "Message"', 'button "Send"', 'heading "Playground"']:
        assert named in tree, tree
    assert visiting.page.locator("#log").get_attribute("aria-live") == "polite"
    expect(visiting.page.get_by_role("status")).to_contain_text("Answer complete after")
    for line in tree.splitlines():
        assert line.strip() not in ("- button", "- textbox", "- combobox"), tree


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(demo: Served, visit: Visit, scheme: str) -> None:
    visiting = visit(demo, color_scheme=scheme)
    visiting.connect().ask("Hello")
    assert visiting.page.evaluate(LOWEST_CONTRAST) >= 4.5


def test_it_fits_a_small_telephone(demo: Served, visit: Visit) -> None:
    visiting = visit(demo, viewport={"width": 360, "height": 740})
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert visiting.page.evaluate(fits)
    visiting.connect().ask("a" * 500)
    assert visiting.page.evaluate(fits)
    expect(visiting.page.get_by_role("button", name="Send")).to_be_in_viewport()


#: The lowest contrast of any visible text on the page, by the formula of WCAG 2.
LOWEST_CONTRAST = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour[3] !== 0) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const ratios = [...document.querySelectorAll("body *")]
    .filter((element) => element.checkVisibility() && !element.closest("svg, option"))
    .filter((element) => [...element.childNodes].some((node) => node.data?.trim()))
    .map((element) => {
      const ink = luminance(numbers(getComputedStyle(element).color).slice(0, 3));
      const page = luminance(behind(element));
      return (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
    });
  return Math.min(...ratios);
}"""
