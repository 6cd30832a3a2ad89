"""A request that needs no login, sent again where that may help."""

import httpx2

from llmops_cli.registries.patience import Patience, retry_after
from llmops_cli.registries.wire import Answer, NoAnswerError, Request, send

MAY_PASS = (408, 429, 500, 502, 503, 504)


def ask(client: httpx2.Client, request: Request, patience: Patience | None = None) -> Answer:
    """Return the answer, whatever its status, when it is a lasting one or patience is at its end.

    Raises:
        NoAnswerError: there is none.
    """
    patience, attempt = patience or Patience(), 1
    while True:
        try:
            answer = send(client, request)
            pause = retry_after(answer.headers.get("retry-after"))
            if answer.status not in MAY_PASS or not patience.pause(attempt, pause):
                return answer
        except NoAnswerError as error:
            if not error.may_pass or not patience.pause(attempt):
                raise
        attempt += 1
