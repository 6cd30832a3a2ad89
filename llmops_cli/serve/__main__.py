"""`python -m llmops_cli.serve`: run the API as the environment says, until told to stop."""

import os
import sys

from llmops_cli.serve.app import load_application
from llmops_cli.serve.process.server import run
from llmops_cli.serve.process.settings import ServerSettings
from llmops_cli.serve.process.stopping import Stopping
from llmops_cli.serve.settings import SettingsError, load
from llmops_cli.serve.telemetry.logs import configure
from llmops_cli.serve.telemetry.setup import Telemetry
from llmops_cli.serve.vertex.secrets import fetched


def main() -> int:
    """Serve, and return the exit status: 0 after a graceful stop, 1 when it cannot start."""
    try:
        with fetched(os.environ) as files:
            # Files with secrets, as a platform puts them: what the project adds finds them too.
            os.environ.update(files)
            return _serve()
    except SettingsError as error:
        return _refused(error)


def _serve() -> int:
    try:
        settings = load(os.environ)
        server_settings = ServerSettings.load(os.environ)
        configure(settings.telemetry, settings.release)
        stopping = Stopping()
        telemetry = Telemetry(settings)
        application = load_application(settings, stopping, telemetry)
    except SettingsError as error:
        return _refused(error)
    status = run(application, server_settings, stopping, needs_lifespan=not settings.app)
    telemetry.close()
    return status


def _refused(error: SettingsError) -> int:
    sys.stderr.write("".join(f"{problem}\n" for problem in error.problems))
    return 1


if __name__ == "__main__":
    sys.exit(main())
