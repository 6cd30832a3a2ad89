"""The image of a release: built, searched for secrets and published, where that is not done yet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from llmops_cli.core import plan as plans
from llmops_cli.core.image import BuildOptions, Image, Images, Leak, Tell
from llmops_cli.core.known_secrets import known_secrets
from llmops_cli.core.plan import Observer, Phase, Plan, Step, StepSaid, ignore
from llmops_cli.core.release import Release
from llmops_cli.core.target import Target
from llmops_cli.errors import InterruptedByOperatorError, PreflightError, SecretFoundError
from llmops_cli.flows.project import Project

_AS_BUILT = BuildOptions()


@dataclass
class Work:
    """The steps to an image; ``image`` is as far as they have come."""

    images: Images
    target: Target
    release: Release
    options: BuildOptions = _AS_BUILT
    observe: Observer = ignore
    image: Image | None = None
    steps: list[Step] = field(default_factory=list)

    def build(self) -> None:
        """Add the building of the image."""
        self._add(f"Build {self.images.name_of(self.release)}", self._build)

    def scan(self) -> None:
        """Add the search for secrets."""
        self._add(f"Look for secrets in {self.images.name_of(self.release)}", self._scan)

    def push(self) -> None:
        """Add the publishing."""
        self._add(f"Push {self.images.name_of(self.release)}", self._push)

    def apply(self) -> None:
        """Do what was added."""
        try:
            plans.apply(Plan(tuple(self.steps)), self.observe)
        except KeyboardInterrupt as error:
            raise InterruptedByOperatorError(
                f"Interrupted while the image of {self.release.id} was being made.",
                state="What was serving is serving still.",
                next_step="Run the same command again; what was built is in the cache.",
            ) from error

    def _build(self, tell: Tell) -> None:
        self.image = self.images.build(self.release, self.options, tell)

    def _scan(self, tell: Tell) -> None:
        if self.image is not None:
            leaks = self.images.scan(self.image, known_secrets(self.target.secrets, self.release))
            if leaks:
                raise _found(self.image, leaks)

    def _push(self, tell: Tell) -> None:
        if self.image is not None:
            self.image = self.images.push(self.image, self.release, tell)

    def _add(self, title: str, do: Callable[[Tell], None]) -> None:
        def run() -> None:
            do(lambda line: self.observe(StepSaid(step, line)))

        step = Step(Phase.BUILD, title, run, {"commit": self.release.commit})
        self.steps.append(step)


def build(
    project: Project, release: Release, options: BuildOptions, observe: Observer = ignore
) -> Image:
    """Build the image of a release, and look for secrets in it.

    Raises:
        PreflightError: the target runs no images, or a tool is missing.
        BuildError: it could not be built.
        SecretFoundError: a secret is in it.
    """
    work = Work(_images(project), project.target, release, options, observe)
    work.build()
    work.scan()
    return _done(work)


def push(
    project: Project, release: Release, options: BuildOptions, observe: Observer = ignore
) -> Image:
    """Publish the image of a release; build it first unless it is there. See `build` for errors.

    Raises:
        AccessError: the registry refuses the credentials.
    """
    images = _images(project)
    if not images.is_published:
        raise PreflightError(
            "The project names no registry to push to.",
            state="Nothing was built or pushed.",
            next_step='Set [image] repository = "registry.example.com/team/name" in llmops.toml.',
        )
    return _done(_work(images, project.target, release, options, observe))


def prepare(project: Project, release: Release, observe: Observer = ignore) -> str:
    """Return the reference that pins a release's image, made now where it is not there yet.

    Nothing where the target runs no images. Errors are those of `push`.
    """
    if project.images is None:
        return ""
    work = _work(project.images, project.target, release, _AS_BUILT, observe)
    return _done(work).reference


def plan(project: Project, release: Release) -> tuple[Plan, str]:
    """Return the steps that `prepare` would take now, and the image as far as it is known."""
    if project.images is None:
        return Plan(), ""
    work = _work(project.images, project.target, release, _AS_BUILT, ignore)
    known = work.image.reference if work.image else project.images.name_of(release)
    return Plan(tuple(work.steps)), known


def _work(
    images: Images, target: Target, release: Release, options: BuildOptions, observe: Observer
) -> Work:
    work = Work(images, target, release, options, observe, image=images.find(release))
    if work.image is not None:
        return work
    work.image = images.built(release)
    if work.image is None:
        work.build()
    work.scan()
    if images.is_published:
        work.push()
    return work


def _done(work: Work) -> Image:
    work.apply()
    if work.image is None:
        raise PreflightError(f"There is no image of {work.release.id}.")
    return work.image


def _images(project: Project) -> Images:
    if project.images is None:
        raise PreflightError(
            f"The target {project.target.name} runs no images.",
            next_step="Name a target that does with -t, such as one of kind compose.",
        )
    return project.images


def _found(image: Image, leaks: Sequence[Leak]) -> SecretFoundError:
    lines = [
        f"{leak.what}: {leak.place}" + (f" (layer {leak.layer})" if leak.layer else "")
        for leak in leaks
    ]
    return SecretFoundError(
        f"{len(leaks)} secret{'s are' if len(leaks) > 1 else ' is'} in {image.name}.",
        evidence="\n".join(lines),
        state="Nothing was pushed. The image is in the engine of this machine only.",
        next_step="Remove it from the commit, replace the value (llmops secrets set), and build; "
        "or name what only looks like one in [image] scan_ignore.",
    )
