"""Sessions: lint, tests, clients, infra, package; others are for the asking. `nox -l` lists."""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import nox
from nox.command import CommandFailed

# Tests start some thousands of processes: what these import is to be compiled once, not in each.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

nox.options.sessions = ["lint", "tests", "clients", "infra", "package"]
# Environments that uv makes are the same, in a fraction of the time.
nox.options.default_venv_backend = "uv|venv"
nox.options.reuse_existing_virtualenvs = True

#: Extras that an image of the embedded API may hold, and where their locked packages are.
IN_IMAGES = ("serve", "postgres", "otel", "entra", "google", "engine")
LOCKS = Path("llmops_cli/contents/locks")
EXTRAS = ".[serve,engine,docker,azure,aws,gcp,postgres,evals,otel,entra,google]"
#: Providers of Terraform whose schemas are read out of the wheels that cdktf made of them.
PROVIDERS = ("azurerm", "azuread", "google", "local", "aws")
#: Where a machine may have the provider for AWS itself, which is 700 MB: Terraform's own folders.
PLUGINS = ("~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/opt/*")


def _group(name: str) -> list[str]:
    groups = tomllib.loads(Path("pyproject.toml").read_text())["dependency-groups"]
    return [entry for entry in groups[name] if isinstance(entry, str)]


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff, mypy --strict, the import rules, and the schema as generated."""
    # Large clients without types are passed over.
    session.install("-e", EXTRAS.replace("aws,gcp,", ""), *_group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """Every test; what this machine lacks is skipped by name."""
    session.install("-e", EXTRAS, *_group("test"))
    # Everything is compiled once, and not by five at the same time.
    session.run("pytest", "--collect-only", "-qq", silent=True)
    # More than there are processors: many tests wait for others. One has those with whole servers.
    try:
        session.run("pytest", "-n", "5", *session.posargs)
    except CommandFailed:
        if session.posargs:
            raise
        # A machine that does many things at once is late at some of them. What fails again when it
        # is alone is broken; what does not is named above, and worth a look.
        session.warn("Those that failed run once more, alone.")
        again = ("--last-failed", "--last-failed-no-failures", "none", "--maxfail", "1")
        session.run("pytest", *again)


@nox.session
def thorough(session: nox.Session) -> None:
    """The variants that `tests` leaves out: the same, at every place where it can happen."""
    session.install("-e", EXTRAS, *_group("test"))
    session.run("pytest", "-n", "5", "--thorough", "-m", "thorough", *session.posargs)


@nox.session
def clients(session: nox.Session) -> None:
    """The tests with clients that others wrote, which the ordinary tests skip by name."""
    session.install("-e", EXTRAS, *_group("test"), *_group("clients"))
    session.run("pytest", "-n", "2", "tests/serve/clients", *session.posargs)
    # The proxy wants older packages than ours, so it has an environment of its own.
    proxy = Path(session.create_tmp()).resolve() / "litellm"
    _environment(session, proxy, "litellm[proxy]>=1.106", "prometheus-client>=0.21")
    session.run(
        "pytest",
        "tests/targets/compose/test_litellm_real.py",
        "tests/targets/compose/test_litellm_release.py",
        env={**os.environ, "LLMOPS_TEST_LITELLM": str(proxy / "bin/litellm")},
    )


@nox.session
def infra(session: nox.Session) -> None:
    """Terraform against the real schemas, which the ordinary tests skip by name, and checkov."""
    session.install("-e", EXTRAS.replace("gcp,", ""), *_group("test"), *_group("infra"))
    temporary = Path(session.create_tmp()).resolve()
    wheels = temporary / "wheels"
    packages = [f"cdktf-cdktf-provider-{name}" for name in PROVIDERS]
    download = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(wheels))
    session.run_install(*download, *packages, external=True)
    known = {
        f"LLMOPS_TEST_{name.upper()}": str(next(wheels.glob(f"cdktf_cdktf_provider_{name}-*.whl")))
        for name in PROVIDERS
    }
    environment = {**os.environ, **known, "TF_CLI_CONFIG_FILE": os.devnull}
    # The ordinary tests bootstrap servers; that is not Terraform's. The other has its own session.
    others = ("tests/infra/test_host.py", "tests/infra/test_aws_real.py")
    tests = ("tests/infra", *(f"--ignore={path}" for path in others))
    session.run("pytest", "-n", "3", *tests, *session.posargs, env=environment)
    # Its packages are older than ours, so it has an environment of its own. About 290 MB.
    checkov = temporary / "checkov"
    _environment(session, checkov, "checkov>=3.2")
    session.run("python", "-m", "tests.infra.rendered", str(temporary / "rendered"))
    for place in ("azure", "azure-containerapp", "aws", "gcp", "gcp-run"):
        folder = temporary / "rendered" / "infra" / place
        options = ("--skip-download", "--compact", "--quiet")
        command = (str(checkov / "bin/checkov"), "-d", str(folder), *options)
        said = session.run(*command, external=True, silent=True)
        if said is None:  # with --install-only
            continue
        session.log(" ".join(str(said).split()))
        # It also succeeds where it has found nothing to look at.
        if not re.search(r"Passed checks: ([3-9]\d|\d{3}), Failed checks: 0", str(said)):
            session.error(f"checkov did not look at {place}")


@nox.session(name="infra-aws")
def infra_aws(session: nox.Session) -> None:
    """Apply, plan again and destroy by the real provider for AWS, at moto: takes minutes."""
    environment = {**_plugins(), **os.environ}
    if "LLMOPS_TEST_AWS_PLUGINS" not in environment:
        session.error(f"there is no provider hashicorp/aws in {', '.join(PLUGINS)}")
    session.install("-e", EXTRAS.replace("gcp,", ""), *_group("test"), *_group("infra"))
    session.run("pytest", "tests/infra/test_aws_real.py", *session.posargs, env=environment)


def _plugins() -> dict[str, str]:
    """Return where Terraform finds the real provider for AWS, if the machine has it."""
    for pattern in PLUGINS:
        root = Path(pattern).expanduser()
        for folder in root.parent.glob(root.name) if root.parent.is_dir() else ():
            if (folder / "registry.terraform.io/hashicorp/aws").is_dir():
                return {"LLMOPS_TEST_AWS_PLUGINS": str(folder)}
    return {}


def _environment(session: nox.Session, folder: Path, *packages: str) -> None:
    """Make an environment of its own, with the program that made the session's."""
    if session.venv_backend == "uv":
        session.run_install("uv", "venv", "-q", "--clear", str(folder), external=True)
        install = ("uv", "pip", "install", "-q", "--python", str(folder / "bin/python"))
    else:
        session.run_install("python", "-m", "venv", str(folder))
        install = (str(folder / "bin/pip"), "install", "-q")
    session.run_install(*install, *packages, external=True)


@nox.session
def package(session: nox.Session) -> None:
    """Build the wheel, install it into a clean environment, and use it there."""
    with tempfile.TemporaryDirectory() as folder:
        session.install("build")
        by = ("--installer", session.venv_backend) if session.venv_backend == "uv" else ()
        session.run("python", "-m", "build", *by, "--outdir", folder, silent=True)
        wheel = next(Path(folder).glob("*.whl"))
        _environment(session, Path(folder) / "clean", f"{wheel}[serve]")
        clean = f"{folder}/clean/bin"
        _use(session, f"{clean}/llmops", f"{folder}/my-chat")
        _miss_extras(session, f"{clean}/llmops", folder)


def _miss_extras(session: nox.Session, llmops: str, folder: str) -> None:
    """An extra that is not installed is told as such, and is no defect."""
    for kind, commands in (("compose", ["doctor"]), ("azure", ["doctor", "status", "deploy"])):
        session.run(llmops, "init", f"{folder}/{kind}", "--target", kind, external=True)
        for command in commands:
            words = ("-C", f"{folder}/{kind}", command, "-t", kind)
            session.run(llmops, *words, external=True, success_codes=[4])


def _use(session: nox.Session, llmops: str, project: str) -> None:
    session.run(llmops, "--version", external=True)
    session.run(llmops, "init", project, external=True)
    try:
        session.run(llmops, "-C", project, "deploy", external=True)
        session.run(llmops, "-C", project, "smoke-test", external=True)
        told = session.run(llmops, "-C", project, "--json", "status", external=True, silent=True)
        if json.loads(str(told))["trouble"]:
            session.error("the wheel's release is in trouble")
    finally:
        subprocess.run([llmops, "-C", project, "stop", "--yes"], check=False)


@nox.session
def lock(session: nox.Session) -> None:
    """Choose the packages of images anew: versions and hashes, for every Python and platform."""
    session.install("uv")
    extras = tomllib.loads(Path("pyproject.toml").read_text())["project"]["optional-dependencies"]
    with tempfile.TemporaryDirectory() as folder:
        everything = Path(folder) / "everything.txt"
        _compile(session, [line for name in IN_IMAGES for line in extras[name]], everything)
        for name in IN_IMAGES:
            # Whatever extras an image has, their versions are those that were chosen together.
            chosen = LOCKS / f"{name}.txt"
            _compile(session, extras[name], chosen, "--constraints", str(everything))


def _compile(session: nox.Session, wanted: list[str], lock: Path, *options: str) -> None:
    requirements = Path(session.create_tmp()) / "wanted.in"
    requirements.write_text("".join(f"{line}\n" for line in wanted))
    asked = subprocess.run(
        ["pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    index = os.environ.get("PIP_INDEX_URL") or asked.stdout.strip()
    command = ["uv", "pip", "compile", "--universal", "--python-version", "3.11", "--quiet"]
    session.run(
        *command,
        *("--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--upgrade"),
        *(*options, "--output-file", str(lock), str(requirements)),
        env={**os.environ, **({"UV_DEFAULT_INDEX": index} if index else {})},
        silent=True,
    )


@nox.session
def bench(session: nox.Session) -> None:
    """Measure side by side: see bench/README.md."""
    session.install("-e", EXTRAS, *_group("test"), *_group("bench"))
    names = session.posargs or sorted(
        path.stem for path in Path("bench").glob("*.py") if path.stem != "__init__"
    )
    for name in names:
        session.run("python", "-m", f"bench.{name}", env={**os.environ, "PYTHONHASHSEED": "0"})
