"""AWS as the stub provider knows it: the schema of version 6, and what data sources say there."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.infra.provider.others import _class
from tests.infra.provider.schema import _attribute, _block, _plain, _resource, assembly
from tests.infra.provider.world import World

ACCOUNT = "123456789012"
PASSWORD = "a-password-that-nobody-may-see"
_PROVIDER = "@cdktf/provider-aws.provider.AwsProviderConfig"
_PROOF = ("domain_name", "resource_record_name", "resource_record_type", "resource_record_value")
#: What cdktf has left out: it never knew ephemeral values.
_EPHEMERAL = {
    "aws_secretsmanager_random_password": _plain(
        {"password_length": False, "exclude_punctuation": False}, ("random_password",)
    ),
    "aws_secretsmanager_secret_version": _plain({"secret_id": True}, ("secret_string",)),
}


def amazon(wheel: Path, templates: Iterable[Path]) -> dict[str, Any]:
    """Return the schema of the provider, with all that the templates use."""
    types = assembly(wheel)
    text = "\n".join(path.read_text() for path in templates)

    def schemas(kind: str, prefix: str) -> dict[str, Any]:
        found = sorted(set(re.findall(rf'^{kind} "(aws_\w+)"', text, re.MULTILINE)))
        return {name: _of(types, prefix + _class("aws", name)) for name in found}

    resources = schemas("resource", "")
    rule = _inner(resources["aws_wafv2_web_acl"], "rule")
    rule["attributes"] = [one for one in rule["attributes"] if one["name"] != "statement"]
    rule["blocks"].append(_statement())
    proof = ["list", ["object", dict.fromkeys(_PROOF, "string")]]
    resources["aws_acm_certificate"]["attributes"].append(
        _attribute("domain_validation_options", proof, required=False, computed=True)
    )
    return {
        "provider": _block(types, _PROVIDER, {"alias"}),
        "resources": resources,
        "data": schemas("data", "DataAws"),
        "ephemeral": _EPHEMERAL,
    }


def _of(types: Any, name: str) -> dict[str, Any]:
    """Return the schema of a class; each has a module of its own, with the same name."""
    module = f".{name[0].lower()}{name[1:]}."
    own = {found["name"]: full for full, found in types.items() if module in full}
    own.setdefault(f"{name}Config", own.get(f"{name}ConfigA", ""))
    # cdktf adds a letter where a block of another resource has the name already.
    return _resource(types, own, name if own[f"{name}Config"] else f"{name}A")


def _inner(block: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(inner for inner in block["blocks"] if inner["name"] == name)


def _statement() -> dict[str, Any]:
    """Return what cdktf calls anything, as far as the templates use it."""
    nothing = _nested("count", {})
    use = _nested("action_to_use", {}, nothing)
    override = _nested("rule_action_override", {"name": "string"}, use, is_single=False)
    group = {"vendor_name": "string", "name": "string"}
    rate = {
        "limit": "number",
        "aggregate_key_type": "string",
        "evaluation_window_sec": "number",
    }
    return _nested(
        "statement",
        {},
        _nested("managed_rule_group_statement", group, override),
        _nested("rate_based_statement", rate),
    )


def _nested(
    name: str, attributes: Mapping[str, str], *blocks: dict[str, Any], is_single: bool = True
) -> dict[str, Any]:
    given = [_attribute(key, kind, required=True) for key, kind in attributes.items()]
    return {
        "name": name,
        "is_single": is_single,
        "required": False,
        "attributes": given,
        "blocks": list(blocks),
    }


class Amazon(World):
    """An account of AWS without anything in it."""

    def data(self, kind: str) -> dict[str, Any]:
        """Return what a data source of that type says."""
        said: dict[str, dict[str, Any]] = {
            "aws_caller_identity": {"account_id": ACCOUNT},
            "aws_partition": {"partition": "aws"},
            "aws_availability_zones": {"names": [f"eu-west-1{zone}" for zone in "cab"]},
            "aws_iam_policy_document": {"json": "{}"},
            "aws_route53_zone": {"zone_id": "Z1"},
            "aws_secretsmanager_secret_version": {"secret_string": "-"},
            "aws_iam_openid_connect_provider": {"arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/x"},
        }
        return {"id": "-", **said[kind]}

    def opened(self, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        """Return an ephemeral value of that type."""
        is_new = kind == "aws_secretsmanager_random_password"
        return {"random_password" if is_new else "secret_string": PASSWORD}
