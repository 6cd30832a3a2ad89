"""What the operator should look at by hand: the bootstrap changes no firewall and nobody's site."""

import re
from collections.abc import Sequence

from llmops_cli.hosts.agent.bootstrap_programs import ask, found
from llmops_cli.hosts.agent.bootstrap_sockets import Listener, listeners
from llmops_cli.hosts.agent.places import Places

#: Programs that are meant to be reached from outside. systemd starts sshd by a socket of its own.
_PUBLIC = frozenset({"sshd", "nginx", "systemd", "init"})
_HTTP = 80


def advice(places: Places, port: int, *, has_stack: bool) -> list[str]:
    """Return what to look at, one sentence each."""
    listening = listeners()
    told = [*_firewall(port), *_published(), *_exposed(listening), *_default_site(places, port)]
    if has_stack and not found("docker"):
        told.append(
            "The stack needs Docker with Compose, which llmops does not install: "
            "see https://docs.docker.com/engine/install."
        )
    return told


def obstacles(port: int) -> list[str]:
    """Return who else holds the ports that nginx needs."""
    return [
        f"Port {listener.port} is taken by {listener.program or 'another program'}: end it, or "
        "let it listen elsewhere."
        for listener in listeners()
        if listener.port in (port, _HTTP) and listener.program not in ("nginx", "systemd")
    ]


def _firewall(port: int) -> list[str]:
    """Return what is missing in a firewall, as far as it can be told."""
    needed = sorted({_HTTP, port})
    if found("ufw"):
        status, output = ask(["ufw", "status"])
        if status == 0 and "Status: active" in output:
            closed = [f"ufw allow {number}/tcp" for number in needed if not _opens(output, number)]
            return [f"ufw lets nobody reach nginx: {', '.join(closed)}."] if closed else []
    if found("nft"):
        status, output = ask(["nft", "list", "ruleset"])
        if status == 0 and re.search(r"hook input [^}]*policy drop", output):
            closed = [str(number) for number in needed if not re.search(rf"\b{number}\b", output)]
            missing = f"nftables drops what comes in, and names no port {' nor '.join(closed)}."
            return [missing] if closed else []
        if status == 0 and "hook input" in output:
            return []
    ports = ", ".join(map(str, needed))
    return [f"The host has no firewall of its own; only ssh and {ports} need to be reached."]


def _opens(rules: str, port: int) -> bool:
    names = {80: "|Nginx HTTP|Nginx Full|WWW", 443: "|Nginx HTTPS|Nginx Full|WWW Secure|WWW Full"}
    return re.search(rf"^({port}(/tcp)?{names.get(port, '')})\s+ALLOW", rules, re.M) is not None


def _published() -> list[str]:
    """Return containers that anybody reaches: ufw does not see what Docker publishes."""
    if not found("docker"):
        return []
    status, output = ask(["docker", "ps", "--format", "{{.Names}} {{.Ports}}"], seconds=10)
    open_to_all = [
        (line.split()[0], match[1])
        for line in (output.splitlines() if status == 0 else [])
        if (match := re.search(r"(?:0\.0\.0\.0|\[?::\]?):(\d+)", line))
    ]
    return [
        f"The container {name} publishes port {port} to everybody, which ufw cannot forbid: "
        f"publish it as 127.0.0.1:{port}."
        for name, port in open_to_all
    ]


def _exposed(listening: Sequence[Listener]) -> list[str]:
    exposed = sorted(
        {
            (listener.program, listener.port)
            for listener in listening
            if listener.is_everywhere and listener.program not in {*_PUBLIC, "docker-proxy", ""}
        }
    )
    return [
        f"{program} listens at port {port} of every address: only 127.0.0.1 would do."
        for program, port in exposed
    ]


def _default_site(places: Places, port: int) -> list[str]:
    """Return whose requests for unknown names come to us, who are read first."""
    output = ask(["nginx", "-T", "-q"])[1] if found("nginx") else ""
    own = str(places.site)
    others = []
    for block in output.split("# configuration file ")[1:]:
        path, _, text = block.partition(":")
        bare = re.sub(r"#.*", "", text)
        listens = re.findall(rf"\blisten\s+(?:\S+:)?{port}\b([^;]*);", bare)
        if any("default_server" in words for words in listens):
            return []
        # Files are read in the order of their names: the first server is the default one.
        if listens and path != own and path > own:
            others.append(path)
    return [
        f"Requests at port {port} for names that no site has come to ours, and no longer to "
        f"{path}, unless that says `listen {port} ssl default_server`."
        for path in others[:1]
    ]
