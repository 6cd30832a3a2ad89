"""Puts in order what a deploy left that was killed: what served before serves again.

Done by whoever takes the lock next, at the boot, and at the end of a conversation that held the
lock. What is settled stays.
"""

from llmops_cli.hosts.agent import running, switch
from llmops_cli.hosts.agent.durable import sweep
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.systemd import Units


def put_in_order(places: Places, units: Units) -> list[str]:
    """Take back what is not settled, end what serves nobody, and return in words what was done."""
    return [
        *_settle_or_take_back(places),
        *_end_strays(places, units),
        *_remove_leftovers(places, units),
    ]


def _settle_or_take_back(places: Places) -> list[str]:
    note = switch.pending(places)
    if note is None:
        return []
    if note.is_settled:
        switch.settle(places)
        return [f"{note.candidate} was live, and is now recorded as that"]
    switch.take_back(places)
    return [f"{note.before or 'nothing'} has the traffic again, in the place of {note.candidate}"]


def _end_strays(places: Places, units: Units) -> list[str]:
    """Stop what runs and is not current. What still answers somebody ends that first."""
    ended = running.begin_to_stop_others(places, units)
    return [f"{running.release_of(run)} was running, and ends" for run in ended]


def _remove_leftovers(places: Places, units: Units) -> list[str]:
    sweep(places.root, is_shared=True)
    for folder in (places.releases, places.objects, places.environments):
        sweep(folder)
    runs = running.with_processes(places, units)
    doomed = [release for release in running.never_live(places) if release not in runs]
    running.forget(places, units, *doomed)
    return [f"{release} was never live, and is removed" for release in doomed]
