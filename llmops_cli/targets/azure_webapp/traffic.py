"""Exchanges what production and the slot run, and believes only what is seen afterwards."""

import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmops_cli.clouds.azure.patience import polling
from llmops_cli.clouds.azure.trouble import said, told
from llmops_cli.clouds.pauses import pauses
from llmops_cli.errors import DeployError, StateUnknownError
from llmops_cli.targets.azure_webapp.background import in_background, to_its_end
from llmops_cli.targets.azure_webapp.place import Place
from llmops_cli.targets.azure_webapp.settings import RELEASE, differences
from llmops_cli.targets.azure_webapp.survey import App

if TYPE_CHECKING:
    from azure.core.polling import LROPoller

#: Seconds in which the front ends come to send everybody to the other side.
_SWITCH_SECONDS = 120.0
_PAUSE_SECONDS = 1.0
_BUSY, _TOO_MANY, _BROKEN = 409, 429, 500
#: What Azure answers of a swap that has ended and failed.
_VERDICTS = (200, 400, 404, 409, 412)


@dataclass(frozen=True)
class Contents:
    """What a side runs and a swap takes along: its image, and the settings that are not sticky."""

    image: str
    settings: dict[str, str]

    @property
    def release(self) -> str:
        """The id of the release; nothing where it is none of ours."""
        return self.settings.get(RELEASE, "")


@dataclass
class Swap:
    """Swaps an app's sides; knows whether Azure may still be at one that nobody waits for.

    ``pending`` is one that was not seen to end, ``is_unsure`` whether one may have begun unseen.
    """

    app: App
    sticky: frozenset[str]
    pending: "Future[object] | None" = None
    is_unsure: bool = False

    def contents_of(self, place: Place) -> Contents:
        """Return what a side that was read ran."""
        return Contents(place.image, self._moving(place.settings))

    def production(self) -> Contents:
        """Read what production is configured to run."""
        side = self.app.production
        image = str(side.configuration().get("linuxFxVersion") or "")
        return Contents(image, self._moving(side.settings()))

    def slot(self) -> Contents:
        """Read what the slot is configured to run."""
        side = self.app.slot
        image = str(side.configuration().get("linuxFxVersion") or "")
        return Contents(image, self._moving(side.settings()))

    def make(self, wanted: Contents) -> None:
        """Swap, and make sure that production is configured to run what is wanted.

        Raises:
            AccessError: a right is missing.
            DeployError: production is not, whatever Azure says of the operation.
        """
        with told("swap production and the slot"):
            self._begun(wanted)
            failure = self._ended()
        self._look(wanted, failure)

    def finish(self) -> None:
        """Wait for a swap that was begun and not seen to end.

        Raises:
            StateUnknownError: Azure is at it still.
        """
        self._ended()
        if self.pending is not None or self.is_unsure:
            raise StateUnknownError(
                "Azure is still swapping production and the slot, and nothing ends it.",
                state="Either release may come to serve.",
                next_step="llmops status",
            )

    def wait_until_switched(self, url: str, release: str) -> None:
        """Wait until the public address answers with a release.

        Raises:
            DeployError: it does not.
        """
        seconds = min(_SWITCH_SECONDS, self.app.configured.operation_seconds)
        answers: str | None = None
        for _passed in pauses(seconds, longest=2.0):
            answers = self.app.answering(url)
            if answers == release:
                return
        raise DeployError(
            f"{url} does not come to answer with {release}.",
            evidence=f"After {seconds:g} s {answers or 'nothing'} answered.",
        )

    def _ended(self) -> str:
        """Wait for the end; return what Azure said where it failed or does not end."""
        from azure.core.exceptions import AzureError, ServiceResponseTimeoutError

        if self.pending is None:
            return ""
        try:
            self.pending.result()
        except ServiceResponseTimeoutError as error:
            return said(error)
        except AzureError as error:
            # Where only the question failed, the swap goes on.
            self.pending = None
            self.is_unsure = getattr(error, "status_code", None) not in _VERDICTS
            return said(error)
        self.pending = None
        return ""

    def _begun(self, wanted: Contents) -> None:
        """Begin a swap, again and again for a while where Azure is busy or broken.

        It may have been done although Azure said that it was not, and a second one would undo it:
        none is begun where production has what is wanted.
        """
        from azure.core.exceptions import HttpResponseError, ServiceResponseError

        began, is_lost = time.monotonic(), False
        while True:
            try:
                # An interruption must not leave unknown whether it was begun.
                to_its_end(self._begin)
            except (HttpResponseError, ServiceResponseError) as error:
                pause, status = _pause(error), getattr(error, "status_code", None)
                # Busy, after no clear answer: with the swap that was asked for, most likely.
                self.is_unsure = is_lost and status == _BUSY
                is_lost = is_lost or status is None or status >= _BROKEN
                if pause is None or time.monotonic() + pause > began + self._patience:
                    raise
                time.sleep(pause)
            else:
                self.is_unsure = False
                return
            if self.production() == wanted:
                self.is_unsure = False
                return

    @property
    def _patience(self) -> float:
        """Seconds for which a swap is tried: where one may be under way, as long as it may take."""
        side = self.app.production
        return self.app.configured.operation_seconds if self.is_unsure else side.busy_seconds

    def _begin(self) -> None:
        side = self.app.production
        body = {"targetSlot": self.app.configured.slot, "preserveVnet": True}
        swap: Any = side.account.web.web_apps.begin_swap_slot_with_production
        poller: LROPoller[Any] = swap(
            side.group,
            side.app,
            body,
            polling=polling(self.app.configured.operation_seconds),
            # It would be sent again where only the word of it was lost.
            retry_total=0,
            raw_response_hook=side.clock.read,
        )
        # Not the poller's own waiting, which an interruption makes believe that it is over.
        self.pending = in_background(poller.result)

    def _look(self, wanted: Contents, failure: str) -> None:
        now = self.production()
        if now == wanted:
            return
        changed = differences(wanted.settings, now.settings)
        image = [] if now.image == wanted.image else [f"the image is {now.image}"]
        raise DeployError(
            f"After the swap production is configured to run {now.release or 'no release'}, "
            f"not {wanted.release or 'what was there'}.",
            evidence=failure or f"Azure said that it was done; {', '.join([*image, *changed])}",
        )

    def _moving(self, settings: Any) -> dict[str, str]:
        return {name: value for name, value in settings.items() if name not in self.sticky}


def give_back(swap: Swap, expected: Contents, url: str, release: str | None) -> None:
    """Have production run again what it ran when the deploy began.

    ``release`` is the one that answered then, if any did.

    Raises:
        StateUnknownError: neither side has it, or Azure does not say.
        DeployError: it is configured again, but does not answer.
    """
    swap.finish()
    if swap.production() != expected:
        if swap.slot() != expected:
            raise StateUnknownError(
                f"Neither production nor the slot holds {release or 'what was there'} any more.",
                next_step="llmops status",
            )
        swap.make(expected)
    if release is not None:
        swap.wait_until_switched(url, release)


def unchanged(swap: Swap, expected: Contents) -> None:
    """Make sure that production still is what was seen when the deploy began.

    Raises:
        DeployError: somebody else has changed it; the evidence names what, and no value.
    """
    now = swap.production()
    if now == expected:
        return
    names = differences(expected.settings, now.settings)
    image = [f"the image, now {now.image}"] if now.image != expected.image else []
    raise DeployError(
        "Somebody else has changed production since this deploy began.",
        evidence=f"Changed: {', '.join([*image, *names])}",
        next_step="llmops status, then llmops deploy",
    )


def _pause(error: Any) -> float | None:
    """Return the seconds after which a swap that was not begun may be tried again, if ever."""
    status = getattr(error, "status_code", None) or _BROKEN
    if status not in (_BUSY, _TOO_MANY) and status < _BROKEN:
        return None
    response = getattr(error, "response", None)
    asked = (response.headers.get("Retry-After") or "") if response is not None else ""
    return float(asked) if asked.isdecimal() else _PAUSE_SECONDS
