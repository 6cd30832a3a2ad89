"""The dashboard of Grafana: every number that the API counts, by model and by upstream."""

import json
from dataclasses import dataclass

#: What the provisioned data source is called; the panels name it.
DATA_SOURCE = "prometheus"

#: Grafana puts in as many seconds as the picture's resolution and the scrapes allow.
_RANGE = "[$__rate_interval]"

_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 3


@dataclass(frozen=True)
class Line:
    """One expression of PromQL, and what its lines are called."""

    expression: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One picture. ``unit`` is Grafana's own word for it."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    kind: str = "timeseries"


def panels() -> tuple[Panel, ...]:
    """Return the pictures, in the order of the page: health first, then models, then money."""
    return (*_now(), *_requests(), *_models())


def dashboard_text() -> str:
    """Return the dashboard as Grafana reads it."""
    document = {
        "uid": "llmops",
        "title": "LLM API",
        "tags": ["llmops"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "panels": [_placed(panel, number) for number, panel in enumerate(panels())],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _now() -> tuple[Panel, ...]:
    errors = 'sum(rate(llmops_requests_total{status=~"5.."}' + _RANGE + ")) or vector(0)"
    total = f"sum(rate(llmops_requests_total{_RANGE}))"
    release = "max by (release, commit, version) (llmops_build_info)"
    return (
        Panel("Releases running", "short", (Line(release, "{{release}}"),), "stat"),
        Panel("Replicas that answer", "short", (Line('sum(up{job="api"})', ""),), "stat"),
        Panel(
            "Requests that failed (5xx)",
            "percentunit",
            (Line(f"({errors}) / clamp_min({total}, 1e-9)", ""),),
            "stat",
        ),
    )


def _requests() -> tuple[Panel, ...]:
    by_status = f"sum by (status) (rate(llmops_requests_total{_RANGE}))"
    by_route = f"sum by (method, endpoint) (rate(llmops_requests_total{_RANGE}))"
    refused = f'sum by (status) (rate(llmops_requests_total{{status=~"4..|5.."}}{_RANGE}))'
    return (
        Panel("Requests by status", "reqps", (Line(by_status, "{{status}}"),)),
        Panel("Requests by route", "reqps", (Line(by_route, "{{method}} {{endpoint}}"),)),
        Panel("Requests refused or failed", "reqps", (Line(refused, "{{status}}"),)),
        Panel("Duration of requests", "s", _quantiles("llmops_request_duration_seconds", "")),
        Panel("Requests being answered", "short", (Line("sum(llmops_requests_in_flight)", ""),)),
        Panel(
            "Circuits: 0 closed, 1 half-open, 2 open",
            "short",
            (Line("max by (upstream) (llmops_circuit_state)", "{{upstream}}"),),
        ),
    )


def _models() -> tuple[Panel, ...]:
    calls = f"sum by (model, upstream) (rate(llmops_llm_request_duration_seconds_count{_RANGE}))"
    retries = f"sum by (upstream) (rate(llmops_llm_retries_total{_RANGE}))"
    tokens = f"sum by (model, type) (rate(llmops_llm_tokens_total{_RANGE}))"
    tenants = f"sum by (tenant) (rate(llmops_llm_tokens_total{_RANGE}))"
    cost = f"sum by (model) (rate(llmops_llm_cost_total{_RANGE})) * 3600"
    return (
        Panel("Calls of models", "reqps", (Line(calls, "{{model}} at {{upstream}}"),)),
        Panel(
            "Duration of calls",
            "s",
            _quantiles("llmops_llm_request_duration_seconds", "model, upstream"),
        ),
        Panel(
            "Time to the first token",
            "s",
            _quantiles("llmops_llm_time_to_first_token_seconds", "model"),
        ),
        Panel("Tokens a second", "short", (Line(tokens, "{{model}} {{type}}"),)),
        Panel("Tokens a second by tenant", "short", (Line(tenants, "{{tenant}}"),)),
        Panel("US dollars an hour", "currencyUSD", (Line(cost, "{{model}}"),)),
        Panel("Retries", "reqps", (Line(retries, "{{upstream}}"),)),
    )


def _quantiles(metric: str, labels: str) -> tuple[Line, ...]:
    by = ", ".join(filter(None, ("le", labels)))
    names = " ".join(f"{{{{{label}}}}}" for label in labels.split(", ") if label)
    return tuple(
        Line(
            f"histogram_quantile({quantile}, sum by ({by}) (rate({metric}_bucket{_RANGE})))",
            f"{names} p{quantile * 100:g}".strip(),
        )
        for quantile in (0.5, 0.95, 0.99)
    )


def _placed(panel: Panel, number: int) -> dict[str, object]:
    row, column = divmod(number, _COLUMNS)
    source = {"type": "prometheus", "uid": DATA_SOURCE}
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "datasource": source,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": _options(panel),
        "targets": [
            {
                "refId": chr(ord("A") + position),
                "datasource": source,
                "expr": line.expression,
                "legendFormat": line.legend or "__auto",
            }
            for position, line in enumerate(panel.lines)
        ],
    }


def _options(panel: Panel) -> dict[str, object]:
    if panel.kind == "stat":
        shown = "name" if "release" in panel.lines[0].legend else "value"
        reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        return {"reduceOptions": reduced, "textMode": shown, "colorMode": "value"}
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
