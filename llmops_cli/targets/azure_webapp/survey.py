"""All that is read of an app before anything is planned, each thing once."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import read_release
from llmops_cli.clouds.azure.account import Account
from llmops_cli.clouds.azure.trouble import told
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.errors import PreflightError
from llmops_cli.targets.azure_webapp.history import History
from llmops_cli.targets.azure_webapp.place import Place, read_place
from llmops_cli.targets.azure_webapp.record import Record
from llmops_cli.targets.azure_webapp.side import Side

#: Tiers of plans whose apps have slots, and those whose apps cannot stay loaded.
_WITH_SLOTS = ("standard", "premium", "isolated", "workflowstandard")
_NOT_ALWAYS_ON = ("free", "shared", "dynamic")
_ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Tier:
    """What an App Service plan offers, by the tier in its sku; ``title`` is for people."""

    title: str
    name: str

    @property
    def has_slots(self) -> bool:
        """Whether its apps can have slots."""
        return self.name.lower().startswith(_WITH_SLOTS)

    @property
    def stays_on(self) -> bool:
        """Whether its apps may stay loaded without traffic."""
        return not self.name.lower().startswith(_NOT_ALWAYS_ON)


@dataclass(frozen=True)
class Survey:
    """An app as it was read: its sides, its plan, and its record.

    ``slot`` is None where there is none of that name, or the plan has none; ``sticky`` are the
    settings that stay with a side in a swap.
    """

    production: Place
    slot: Place | None
    tier: Tier
    sticky: frozenset[str]
    record: Record

    @property
    def is_in_place(self) -> bool:
        """Whether releases are changed in place, for want of slots."""
        return not self.tier.has_slots


@dataclass(frozen=True)
class App:
    """An app of App Service and its slot, as a target names them. Making one asks nobody.

    ``repository`` is where the project's images are pushed to.
    """

    account: Account
    configured: AzureWebappTarget
    production: Side
    slot: Side
    repository: str

    def tier_of(self, plan: str) -> Tier:
        """Read the plan with that resource id."""
        parts = plan.split("/")
        where = {part.lower(): value for part, value in pairwise(parts)}
        group = where.get("resourcegroups", self.production.group)
        with told("read the App Service plan", state="Nothing was changed."):
            found = self.account.web.app_service_plans.get(group, parts[-1]).as_dict()
        sku = found.get("sku") or {}
        return Tier(f"{sku.get('tier')} {sku.get('name')}", str(sku.get("tier") or ""))

    def sticky(self) -> frozenset[str]:
        """Read the names of the app settings that stay with a side in a swap."""
        with told("read which settings stay with a slot", state="Nothing was changed."):
            found = self.account.web.web_apps.list_slot_configuration_names(
                self.production.group, self.production.app
            ).as_dict()
        return frozenset((found.get("properties") or {}).get("appSettingNames") or ())

    def sides(self, survey: Survey) -> Sequence[Side]:
        """Return the sides that there are, production first."""
        return (self.production, self.slot) if survey.slot else (self.production,)

    def history(self, survey: Survey) -> History:
        """Return what keeps the record."""
        return History(self.sides(survey))

    def tier_and_sides(self) -> tuple[Tier, Sequence[Side]]:
        """Read which plan the app has, and whether it has the slot.

        Raises:
            PreflightError: there is no such app.
        """
        site = self.production.site()
        if site is None:
            raise self._missing()
        tier = self.tier_of(str((site.get("properties") or {}).get("serverFarmId") or ""))
        has_slot = tier.has_slots and self.slot.site() is not None
        return tier, (self.production, self.slot) if has_slot else (self.production,)

    def survey(self, tier: Tier | None = None, sticky: frozenset[str] | None = None) -> Survey:
        """Read everything, but for the plan and the sticky settings where they are known.

        Raises:
            PreflightError: there is no such app.
        """
        production = read_place(self.production)
        if production is None:
            raise self._missing()
        tier = tier or self.tier_of(production.plan)
        slot = read_place(self.slot) if tier.has_slots else None
        if sticky is None:
            sticky = self.sticky() if slot is not None else frozenset()
        sides = (self.production, self.slot) if slot else (self.production,)
        return Survey(production, slot, tier, sticky, History(sides).read())

    def _missing(self) -> PreflightError:
        return PreflightError(
            f"There is no app {self.production.app} in {self.production.group}.",
            state="Nothing was changed.",
            next_step="llmops infra apply, or set `app` and `resource_group` in llmops.toml.",
        )

    def public_url(self, production: Place) -> str:
        """Return the address that clients use."""
        return (self.configured.public_url or production.url).rstrip("/")

    def answering(self, url: str) -> str | None:
        """Return the release that answers an address, or None where nothing names one."""
        with open_client(url, _ANSWER_SECONDS) as client:
            return read_release(client)
