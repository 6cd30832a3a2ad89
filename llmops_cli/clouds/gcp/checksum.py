"""The checksum that Google keeps with a value (CRC-32C, Castagnoli)."""

_POLYNOMIAL = 0x82F63B78
_ALL = 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """Return the checksum of bytes; of 64 KiB in some milliseconds."""
    table = [_entry(byte) for byte in range(256)]
    found = _ALL
    for byte in data:
        found = table[(found ^ byte) & 0xFF] ^ (found >> 8)
    return found ^ _ALL


def _entry(byte: int) -> int:
    for _bit in range(8):
        byte = (byte >> 1) ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte
