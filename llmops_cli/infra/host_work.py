"""What is to be done at hosts, as it is kept between the plan and its application."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from llmops_cli.core.infrastructure import Action, Change
from llmops_cli.infra.host_secrets import Copy


@dataclass(frozen=True)
class Work:
    """What every host is to become, what its survey says, and which secrets are to be made.

    ``wanted`` and ``surveys`` are documents of the agent, by host.
    """

    wanted: Mapping[str, Any]
    surveys: Mapping[str, Any]
    generated: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    is_destroying: bool = False

    def expected(self, host: str) -> Sequence[Mapping[str, Any]]:
        """Return what changes at a host, as its agent said it."""
        found: Sequence[Mapping[str, Any]] = self.surveys[host]["changes"]
        return found

    def changes(self) -> tuple[Change, ...]:
        """Return what changes at all of them, and the secrets that are made."""
        found = [
            Change(f"{host}: {each['address']}", Action(each["action"]), tuple(each["because"]))
            for host in self.surveys
            for each in self.expected(host)
        ]
        found += [
            Change(
                f"{copy.to_host}: secret {copy.name}",
                Action.CREATE,
                (f"version {copy.version}, copied from {copy.from_host}",),
            )
            for copy in self.copies
        ]
        found += [
            Change(f"secret {name}", Action.CREATE, ("a random value",)) for name in self.generated
        ]
        return tuple(found)

    def advice(self) -> tuple[str, ...]:
        """Return what the operator should look at by hand; what several hosts say, once."""
        told: dict[str, list[str]] = {}
        for host, survey in self.surveys.items():
            for text in survey["advice"]:
                told.setdefault(text, []).append(host)
        return tuple(f"{', '.join(hosts)}: {text}" for text, hosts in told.items())

    def texts(self) -> list[str]:
        """Return the texts that would be written, once for all hosts that they are alike for."""
        sites = {site["text"] for wanted in self.wanted.values() for site in wanted["sites"]}
        return [*sorted(sites), *sorted({wanted["boot_unit"] for wanted in self.wanted.values()})]

    def as_json(self) -> str:
        """Return it as a text; no secret is in it."""
        return json.dumps(asdict(self))

    @staticmethod
    def read(text: str) -> "Work":
        """Read what `as_json` made."""
        document = json.loads(text)
        copies = tuple(Copy(**copy) for copy in document["copies"])
        generated = tuple(document["generated"])
        return Work(**{**document, "copies": copies, "generated": generated})
