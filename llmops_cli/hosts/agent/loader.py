"""The few lines that receive the agent on a host, and the words they exchange with us.

The first line that they write is one of these; whatever a login shell wrote before is not ours.

| line | meaning |
|---|---|
| ``{"hello": "llmops", "agent": "kept"}`` | the agent listens: ask |
| ``{"hello": "llmops", "agent": "wanted"}`` | send the archive, SIZE bytes; then ask |
| ``{"refused": "…", "evidence": "…", "why": "invalid"}`` | it cannot run there |
"""

#: Run as ``python3 -I -c TEXT APP SHA256 SIZE``. Older Pythons must be able to read it, to say
#: that they are too old. The archive is run from memory: the file may be replaced meanwhile.
TEXT = r"""
import sys

def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()

def refuse(text):
    say('{"refused": "%s", "evidence": "", "why": "invalid"}' % text)
    sys.exit(3)

if sys.version_info < (3, 11):
    refuse("Python %s runs on the host; llmops needs 3.11 or newer there." % sys.version.split()[0])

import hashlib
import os

if os.geteuid() != 0:
    refuse("The login is not root on the host, and sudo does not make it root.")

app, wanted, size = sys.argv[1], sys.argv[2], int(sys.argv[3])

def received():
    say('{"hello": "llmops", "agent": "wanted"}')
    parts = []
    left = size
    while left:
        part = os.read(0, left)
        if not part:
            sys.exit(4)
        parts.append(part)
        left -= len(part)
    return b"".join(parts)

def kept():
    try:
        with open("/opt/" + app + "/agent.pyz", "rb") as file:
            return file.read()
    except OSError:
        return b""

archive = kept()
if hashlib.sha256(archive).hexdigest() == wanted:
    say('{"hello": "llmops", "agent": "kept"}')
else:
    archive = received()
    if hashlib.sha256(archive).hexdigest() != wanted:
        refuse("The agent arrived damaged.")

memory = os.memfd_create("llmops-agent")
view = memoryview(archive)
while view:
    view = view[os.write(memory, view):]
sys.path.insert(0, "/proc/self/fd/%d" % memory)
from llmops_cli.hosts.agent.entry import converse
converse(app, archive)
"""
