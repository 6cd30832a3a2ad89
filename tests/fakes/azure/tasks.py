"""The part of a container registry of Azure that builds: sources behind signed addresses, runs."""

import gzip
import hashlib
import io
import json
import re
import shlex
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.registry import Registry
from tests.fakes.call import Call, Handler, Reply, refusal
from tests.fakes.registry_contents import OCI_CONFIG, OCI_MANIFEST, digest_of

#: What makes an address a signed one; nobody may ever be shown it.
SIGNATURE = "sv=2025-01-05&se=2026-11-22T00%3A00%3A00Z&sr=b&sp=cw&sig=signature-sentinel%2B8c1f%3D"
_SIGNED = "signature-sentinel+8c1f="
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_LABEL = re.compile(r"^LABEL (.+)$", re.MULTILINE)


@dataclass
class Run:
    """A build: what was ordered, how often it was looked at, and how it stands."""

    id: str
    order: Mapping[str, Any]
    looks: int = 0
    status: str = "Queued"
    digest: str = ""
    log: str = ""


@dataclass
class Tasks:
    """Builds as `docker build` would, as far as anybody looks: a layer of the context, labels.

    ``looks`` is after how many of them a run ends; ``ends`` how. ``plants`` are files that a step
    of the build makes, by path. ``tells_digest`` is off where a run does not say what it made.
    """

    cloud: AzureCloud
    registry: Registry
    looks: int = 2
    ends: str = "Succeeded"
    said: str | None = None
    plants: dict[str, bytes] = field(default_factory=dict)
    tells_digest: bool = True
    sources: dict[str, bytes] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    refuses_upload: list[int] = field(default_factory=list)

    def start(self) -> "Tasks":
        """Let the cloud answer with these."""
        self.cloud.register(self._handlers())
        self.cloud.route("/tasks-source/", self._take)
        self.cloud.route("/tasks-logs/", self._show)
        return self

    def context(self) -> dict[str, bytes]:
        """What the newest archive of sources holds, by path."""
        newest = list(self.sources.values())[-1]
        with tarfile.open(fileobj=io.BytesIO(newest)) as archive:
            files = [member for member in archive if member.isfile()]
            return {member.name: archive.extractfile(member).read() for member in files}  # type: ignore[union-attr]

    def _handlers(self) -> dict[str, Handler]:
        return {
            "registries_get_build_source_upload_url": self._place,
            "registries_schedule_run": self._schedule,
            "runs_get": self._get,
            "runs_get_log_sas_url": self._log,
            "runs_cancel": self._cancel,
        }

    def _place(self, call: Call) -> Reply:
        path = f"tasks-source/202611210000/{len(self.sources):032x}.tar.gz"
        url = f"{self.cloud.url}/{path}?{SIGNATURE}"
        return Reply(200, {"relativePath": path, "uploadUrl": url})

    def _take(self, call: Call) -> Reply:
        if call.query.get("sig") != _SIGNED or call.method != "PUT":
            return Reply(403, "AuthenticationFailed")
        if self.refuses_upload:
            return Reply(self.refuses_upload.pop(0), f"busy; you sent {SIGNATURE}")
        if (
            call.headers.get("x-ms-blob-type") != "BlockBlob"
            or "Content-Length" not in call.headers
        ):
            return Reply(400, "MissingRequiredHeader")
        self.sources[call.path.lstrip("/")] = call.body
        return Reply(201)

    def _schedule(self, call: Call) -> Reply:
        if call.body["sourceLocation"] not in self.sources:
            return refusal(400, "InvalidParameter", "the source location is not valid")
        run = Run(f"ch{len(self.runs) + 1}", call.body)
        self.runs[run.id] = run
        return Reply(200, self._document(run, call))

    def _get(self, call: Call) -> Reply:
        run = self.runs[call.parameters["runId"]]
        run.looks += 1
        if run.status in ("Queued", "Running"):
            run.status = "Running"
            run.log += f"Step {run.looks}/{self.looks} : COPY . /app\n"
            if run.looks >= self.looks:
                self._end(run)
        return Reply(200, self._document(run, call))

    def _cancel(self, call: Call) -> Reply:
        self.runs[call.parameters["runId"]].status = "Canceled"
        return Reply(200)

    def _log(self, call: Call) -> Reply:
        address = f"{self.cloud.url}/tasks-logs/{call.parameters['runId']}/rawtext.log?{SIGNATURE}"
        return Reply(200, {"logLink": address})

    def _show(self, call: Call) -> Reply:
        if call.query.get("sig") != _SIGNED:
            return Reply(403, "AuthenticationFailed")
        log = self.runs[call.path.split("/")[2]].log.encode()
        start = int(call.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start >= len(log):
            return Reply(416, "InvalidRange")
        return Reply(206, log[start:])

    def _end(self, run: Run) -> None:
        run.status = self.ends
        if run.status == "Succeeded":
            run.digest = self._build(run)
            run.log += "Run ID: ch1 was successful after 3s\n"
        else:
            run.log += f"error: step 2 failed, see {self.cloud.url}/x?{SIGNATURE}\n"

    def _build(self, run: Run) -> str:
        files = {**self.context(), **self.plants}
        dockerfile = files[run.order["dockerFilePath"]].decode()
        layer, diff_id = _layer({f"app/{name}": body for name, body in files.items()})
        labels = dict(
            part.split("=", 1)
            for line in _LABEL.findall(dockerfile)
            for part in shlex.split(line.replace("\\$", "$"))
        )
        configuration = {
            "architecture": run.order["platform"]["architecture"],
            "os": run.order["platform"]["os"].lower(),
            "config": {"Labels": labels, "Env": ["PATH=/usr/bin"]},
            "history": [{"created_by": "COPY . /app"}],
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        }
        config = json.dumps(configuration).encode()
        contents = self.registry.contents
        contents.blobs |= {digest_of(layer): layer, digest_of(config): config}
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "size": len(config), "digest": digest_of(config)},
            "layers": [{"mediaType": _LAYER, "size": len(layer), "digest": digest_of(layer)}],
        }
        [name] = run.order["imageNames"]
        repository, _, tag = name.partition("/")[2].partition(":")
        return contents.put_manifest(repository, tag, json.dumps(manifest).encode(), OCI_MANIFEST)

    def _document(self, run: Run, call: Call) -> dict[str, Any]:
        scope = "/".join(call.path.split("/")[:9])
        images = []
        if run.digest and self.tells_digest:
            repository, _, tag = run.order["imageNames"][0].partition("/")[2].partition(":")
            part = {"repository": repository, "tag": tag, "digest": run.digest}
            images = [{"registry": self.registry.host, **part}]
        return {
            "id": f"{scope}/runs/{run.id}",
            "name": run.id,
            "type": "Microsoft.ContainerRegistry/registries/runs",
            "properties": {
                "runId": run.id,
                "status": run.status,
                "runType": "QuickRun",
                "outputImages": images or None,
                "runErrorMessage": self.said,
                "provisioningState": "Succeeded",
                "isArchiveEnabled": False,
            },
        }


def _layer(files: Mapping[str, bytes]) -> tuple[bytes, str]:
    """Return a layer with these files, and the digest that it has when it is not compressed."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, body in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    text = plain.getvalue()
    return gzip.compress(text, mtime=0), f"sha256:{hashlib.sha256(text).hexdigest()}"
