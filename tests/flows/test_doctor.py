"""Looks are taken side by side, each for a limited time, and none hangs or ends the others."""

import threading

from llmops_cli.core.diagnosis import Diagnosis, Health, Probe, ok, problem
from llmops_cli.errors import AccessError
from llmops_cli.flows.doctor import examine, problems


def test_a_look_that_hangs_is_a_warning_and_holds_up_nobody() -> None:
    for_ever = threading.Event()

    def hang() -> list[Diagnosis]:
        for_ever.wait()
        return []

    probes = [Probe("slow", hang, seconds=0.2), Probe("quick", lambda: [ok("quick", "fine")])]
    slow, quick = examine(probes)
    for_ever.set()
    assert (slow.subject, slow.health) == ("slow", Health.WARNING)
    assert "0.2 s" in slow.text
    assert quick == ok("quick", "fine")


def test_looks_are_taken_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=10)

    def meet() -> list[Diagnosis]:
        together.wait()
        return []

    assert examine([Probe(str(number), meet) for number in range(3)]) == []
    assert not together.broken


def test_an_error_is_a_problem_with_its_first_evidence_and_its_fix() -> None:
    def fail() -> list[Diagnosis]:
        raise AccessError("Refused.", evidence="401\nmore", next_step="docker login x")

    [found] = examine([Probe("registry", fail)])
    assert found == problem("registry", "Refused. (401)", "docker login x")
    assert problems([found, ok("a", "b")]) == [found]


def test_what_two_looks_find_is_told_once_and_in_their_order() -> None:
    is_second_done = threading.Event()

    def late() -> list[Diagnosis]:
        assert is_second_done.wait(10)
        return [ok("first", "a")]

    def early() -> list[Diagnosis]:
        is_second_done.set()
        return [ok("second", "b"), ok("first", "a")]

    probes = [Probe("1", late), Probe("2", early)]
    assert examine(probes) == [ok("first", "a"), ok("second", "b")]


def test_a_finding_is_one_line_without_what_looks_like_a_key() -> None:
    key = "sk-proj-0123456789abcdefghij"
    [found] = examine([Probe("a", lambda: [problem("a", f"one\ntwo {key}", f"say\n{key}")])])
    assert (found.text, found.fix) == ("one two [secret]", "say [secret]")
