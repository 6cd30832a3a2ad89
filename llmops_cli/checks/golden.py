"""Asks golden prompts and counts how many of the answers are as expected."""

from llmops_cli.checks.api import Api
from llmops_cli.checks.chat import complete
from llmops_cli.checks.evals import Eval, Prompt
from llmops_cli.checks.evidence import one_line
from llmops_cli.checks.expectations import objection
from llmops_cli.core.check import Finding, failed, passed
from llmops_cli.errors import CheckError

#: Characters of an answer that a line of evidence shows.
_ANSWER_LENGTH = 80


def ask_eval(golden: Eval, api: Api) -> Finding:
    """Find whether enough of the prompts are answered as expected. One model call for each."""
    objections = {prompt.name: _objection(api, prompt) for prompt in golden.prompts}
    broken = {name: why for name, why in objections.items() if why}
    total = len(golden.prompts)
    score = f"{total - len(broken)} of {total} passed"
    if (total - len(broken)) / total >= golden.threshold:
        return passed(score + (f"; not passed: {', '.join(broken)}" if broken else ""))
    name, why = next(iter(broken.items()))
    names = one_line(", ".join(broken), 160)
    return failed(f"{score}, {golden.threshold:.0%} have to; failed: {names} ({name}: {why})")


def _objection(api: Api, prompt: Prompt) -> str:
    try:
        answer = complete(api, _messages(prompt), limited=False).text
        why = objection(answer, prompt.expects)
    except CheckError as error:
        return one_line(error.message)
    return f"{one_line(why, 120)}: {one_line(answer, _ANSWER_LENGTH)!r}" if why else ""


def _messages(prompt: Prompt) -> list[dict[str, str]]:
    system = [{"role": "system", "content": prompt.system}] if prompt.system else []
    return [*system, {"role": "user", "content": prompt.prompt}]
