"""The checksum that Google sends with a secret: CRC-32C (Castagnoli), which zlib does not have."""

_POLYNOMIAL = 0x82F63B78


def _entry(number: int) -> int:
    for _ in range(8):
        number = number >> 1 ^ (_POLYNOMIAL if number & 1 else 0)
    return number


_TABLE = tuple(_entry(number) for number in range(256))


def crc32c(data: bytes) -> int:
    """Return the checksum of some KiB; more would take a library."""
    found = 0xFFFFFFFF
    for byte in data:
        found = _TABLE[(found ^ byte) & 0xFF] ^ found >> 8
    return found ^ 0xFFFFFFFF
