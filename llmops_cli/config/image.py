"""`[image]`: the container image that a release runs as, on targets that run images."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from llmops_cli.config.fields import Port, ProjectPath, Rule, SecretName, Text, Texts
from llmops_cli.config.table import Table

Repository = Annotated[
    str,
    Rule(
        r"^[a-z0-9][a-zA-Z0-9._:/-]{0,254}$",
        "a repository without a tag, such as registry.example.com/team/chat",
    ),
]
Reference = Annotated[
    str,
    Rule(
        r"^[a-z0-9][a-zA-Z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
        r"(@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})$",
        "an image with a version or a digest, such as python:3.13-slim",
    ),
]
Platform = Annotated[str, Rule(r"^[a-z0-9]+/[a-z0-9]+(/[a-z0-9]+)?$", "such as linux/amd64")]


#: The secret that callers of LiteLLM present; without it, LiteLLM answers anybody.
LITELLM_KEY = "LITELLM_MASTER_KEY"


class ImageSettings(Table):
    """The image: built from the embedded API, from a Dockerfile of the project, or ready-made."""

    repository: Repository | None = Field(
        default=None,
        description="Repository in a registry that images are pushed to. Default: none, images "
        "stay in the engine that runs them.",
    )
    reference: Reference | None = Field(
        default=None, description="A ready-made image to run; nothing is built."
    )
    dockerfile: ProjectPath | None = Field(
        default=None, description="A Dockerfile of the project's own, built with the commit."
    )
    litellm: ProjectPath | None = Field(
        default=None,
        description="Configuration of LiteLLM, where the Dockerfile makes an image of it: it is "
        "examined before a deploy, and callers present the secret LITELLM_MASTER_KEY.",
    )
    base: Reference = Field(
        default="python:3.13-slim",
        description="Image that the embedded API is put on; add its digest to pin it.",
    )
    requirements: ProjectPath | None = Field(
        default=None,
        description="The project's own Python packages: a file with versions and hashes.",
    )
    platform: Platform | None = Field(
        default=None, description="Platform to build for. Default: that of the engine."
    )
    builder: Literal["docker", "podman", "acr"] = Field(
        default="docker",
        description='Program that builds and pushes; "acr" is the registry itself, if it is one '
        "of Azure: no engine is needed then.",
    )
    port: Port = Field(default=8000, description="Port that the container listens on.")
    username: Text | None = Field(
        default=None,
        description="User of the registry. Default: what `docker login` has stored.",
    )
    password_secret: SecretName | None = Field(
        default=None, description="Secret that holds the password or token of that user."
    )

    scan_ignore: Texts = Field(
        default=(),
        description="Files in which texts that only look like keys are no reason to stop, such as "
        "docs/*.md. Values of the project's own secrets are found there all the same.",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> "ImageSettings":
        if self.reference and self.dockerfile:
            raise ValueError("has both reference and dockerfile; an image is one or the other")
        if self.litellm and not self.dockerfile:
            raise ValueError("has litellm, which goes with a dockerfile that copies this file")
        if any(is_moving(image) for image in (self.reference, self.base) if image):
            raise ValueError("must not be :latest; that is another image every time")
        if (self.username is None) != (self.password_secret is None):
            raise ValueError("needs username and password_secret together")
        return self

    @property
    def is_ours(self) -> bool:
        """Whether the image holds the embedded API."""
        return not (self.reference or self.dockerfile)

    @property
    def liveness_path(self) -> str | None:
        """Where the container says that it is alive; no key is needed, and no model called."""
        # LiteLLM's plain /health calls every model and costs money.
        return "/health/liveliness" if self.litellm else "/health" if self.is_ours else None

    @property
    def readiness_path(self) -> str | None:
        """Where the container says that it is ready, if it is known where."""
        return "/health/readiness" if self.litellm else "/health/ready" if self.is_ours else None


def is_moving(image: str) -> bool:
    """Whether the name is that of another image every time."""
    return image.endswith(":latest")
