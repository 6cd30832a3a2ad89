"""Reads the schema of the real azurerm provider out of the wheel that cdktf made from it.

The wheel (`pip download --no-deps cdktf-cdktf-provider-azurerm`) holds a jsii assembly: a JSON
document with an interface for every block and a class for every resource. Nothing is installed.
"""

import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Types = Mapping[str, Mapping[str, Any]]
#: What Terraform itself understands in every resource.
_META = {"connection", "count", "dependsOn", "forEach", "lifecycle", "provider", "provisioners"}
_PRIMITIVES = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
_PROVIDER_META = {"alias"}

#: What the wheel, of December 2025, does not know yet, or cdktf never knew.
_LATER = {
    "azurerm_managed_redis_access_policy_assignment": {"managed_redis_id": True, "object_id": True},
}
_EPHEMERAL = {
    "azurerm_key_vault_secret": {"name": True, "key_vault_id": True, "version": False},
}
_EPHEMERAL_RESULTS = {"azurerm_key_vault_secret": ("value", "expiration_date", "not_before_date")}


def assembly(wheel: Path) -> Types:
    """Return the types of the jsii assembly in a wheel, by their full names."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if "/_jsii/" in n and n.endswith(".jsii.tgz"))
        package = archive.read(name)
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as files:
        for member in files:
            content = files.extractfile(member)
            if member.name.endswith(("package/.jsii", "package/.jsii.gz")) and content:
                found = content.read()
                text = gzip.decompress(found) if found[:2] == b"\x1f\x8b" else found
                document = json.loads(text)
                if "types" in document:
                    return document["types"]
    raise LookupError(f"{wheel} holds no assembly")


def azurerm(wheel: Path, resources: Iterable[str], data: Iterable[str]) -> dict[str, Any]:
    """Return the schema of the provider, with these resources and data sources."""
    types = assembly(wheel)
    by_name = {found["name"]: full for full, found in types.items()}
    made = {
        name: _resource(types, by_name, _class(name)) for name in resources if name not in _LATER
    }
    later = {name: _plain(attributes) for name, attributes in _LATER.items()}
    provider = _block(types, by_name["AzurermProviderConfig"], _PROVIDER_META)
    return {
        "provider": provider,
        "resources": {**made, **later},
        "data": {name: _resource(types, by_name, "DataAzurerm" + _class(name)) for name in data},
        "ephemeral": {
            name: _plain(wanted, _EPHEMERAL_RESULTS[name]) for name, wanted in _EPHEMERAL.items()
        },
    }


def hashicorp_time() -> dict[str, Any]:
    """Return the schema of the provider hashicorp/time, as far as it is used."""
    wanted = {"create_duration": False, "destroy_duration": False}
    return {
        "provider": {"attributes": [], "blocks": []},
        "resources": {"time_sleep": _plain(wanted)},
        "data": {},
        "ephemeral": {},
    }


def _class(resource: str) -> str:
    return "".join(part.capitalize() for part in resource.removeprefix("azurerm_").split("_"))


def _plain(wanted: Mapping[str, bool], results: Iterable[str] = ("id",)) -> dict[str, Any]:
    given = [_attribute(name, "string", required=required) for name, required in wanted.items()]
    computed = [_attribute(name, "string", required=False, computed=True) for name in results]
    return {"attributes": [*given, *computed], "blocks": []}


def _resource(types: Types, by_name: Mapping[str, str], name: str) -> dict[str, Any]:
    block = _block(types, by_name[name + "Config"], _META)
    block["attributes"] = [
        {**attribute, "computed": True} if attribute["name"] == "id" else attribute
        for attribute in block["attributes"]
    ]
    block["attributes"] += _exported(types, by_name[name], block)
    return block


def _block(types: Types, full_name: str, left_out: Iterable[str] = ()) -> dict[str, Any]:
    attributes: list[dict[str, Any]] = []
    blocks: list[dict[str, Any]] = []
    for part in types[full_name].get("properties", []):
        if part["name"] in left_out:
            continue
        kind, what, is_single = _type(types, part["type"])
        required = not part.get("optional", False)
        if kind == "attribute":
            attributes.append(_attribute(_hcl_name(part), what, required=required))
        else:
            inner = _block(types, what)
            inner["attributes"] += _exported(types, what + "OutputReference", inner)
            block = {"name": _hcl_name(part), "is_single": is_single, "required": required}
            blocks.append({**block, **inner})
    return {"attributes": attributes, "blocks": blocks}


def _exported(types: Types, class_name: str, block: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a resource or a block says of itself, besides what it was given."""
    given = {part["name"] for part in (*block["attributes"], *block["blocks"])}
    found = []
    for part in types.get(class_name, {}).get("properties", []):
        name = _snake(part["name"])
        is_export = part.get("immutable") and not part.get("static") and not part.get("protected")
        is_own = name.endswith("_input") or name.startswith("cdktf_") or name in given
        is_own = is_own or name in ("fqn", "friendly_unique_id", "terraform_resource_type")
        if not is_export or is_own or "fqn" in part["type"]:
            continue
        kind, what, _ = _type(types, part["type"])
        if kind == "attribute":
            found.append(_attribute(name, what, required=False, computed=True))
    return found


def _type(types: Types, of: Mapping[str, Any]) -> tuple[str, Any, bool]:
    """Return what a property is: an attribute of a cty type, or blocks of an interface."""
    if "primitive" in of:
        return "attribute", _PRIMITIVES[of["primitive"]], True
    if "collection" in of:
        kind, what, _ = _type(types, of["collection"]["elementtype"])
        collection = "list" if of["collection"]["kind"] == "array" else "map"
        return kind, [collection, what] if kind == "attribute" else what, False
    if "union" in of:
        options = [option for option in of["union"]["types"] if not _is_token(option)]
        return _type(types, options[0])
    if of["fqn"] not in types or types[of["fqn"]]["kind"] != "interface":
        return "attribute", "dynamic", True
    return "block", of["fqn"], True


def _is_token(of: Mapping[str, Any]) -> bool:
    return of.get("fqn", "").endswith((".IResolvable", ".ITerraformDependable"))


def _attribute(name: str, what: Any, *, required: bool, computed: bool = False) -> dict[str, Any]:
    return {"name": name, "type": what, "required": required, "computed": computed}


def _hcl_name(part: Mapping[str, Any]) -> str:
    """Return a property's name in Terraform, which the link to its documentation keeps."""
    documentation = part.get("docs", {})
    text = documentation.get("summary", "") + documentation.get("remarks", "")
    # Google's own pages are linked there too, and first.
    link = re.search(r"registry\.terraform\.io[^#\s]*#([a-z0-9_]+)", text)
    link = link or re.search(r"#([a-z0-9_]+)\}?", text)
    return link[1] if link else _snake(part["name"])


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
