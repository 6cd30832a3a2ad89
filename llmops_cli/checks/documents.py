"""Reading parsed JSON without trusting its shape."""


def dig(document: object, *path: str | int) -> object:
    """Return what lies at ``path`` in parsed JSON, or None where the path leads nowhere."""
    for key in path:
        if isinstance(document, dict) and isinstance(key, str):
            document = document.get(key)
        elif isinstance(document, list) and isinstance(key, int) and len(document) > key:
            document = document[key]
        else:
            return None
    return document


def texts_at(rows: object, key: str) -> tuple[str, ...]:
    """Return the non-empty texts that the objects of a list have under ``key``."""
    found = [dig(row, key) for row in rows] if isinstance(rows, list) else []
    return tuple(text for text in found if isinstance(text, str) and text)
