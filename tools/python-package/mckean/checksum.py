"""CRC-32C (Castagnoli) of large arrays, in NumPy.

The array is cut into lanes of equal length, whose CRCs advance together, four bytes of each lane at a time. Neighboring lanes are
then joined in pairs: the CRC of a sequence is that of its first half, advanced over the bytes of the second half, XOR that of
the second half. Zeros before the first byte do not change a CRC that starts with 0. Any other start value is equivalent to 0 if
the first four bytes are XORed with it.
"""
import functools

import numpy as np

POLYNOMIAL = 0x82F63B78  # bits in reverse order
LANE = 2048  # bytes


@functools.lru_cache(None)
def table():
    """Returns the CRCs of the bytes 0 to 255."""
    crc = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        crc = np.where(crc & 1, (crc >> 1) ^ np.uint32(POLYNOMIAL), crc >> 1).astype(np.uint32)
    return crc


@functools.lru_cache(None)
def word_tables():
    """Returns two tables: the CRCs after four zero bytes, by the lower and by the upper 16 bits of the CRC before them."""
    halves = np.arange(1 << 16, dtype=np.uint32), np.arange(1 << 16, dtype=np.uint32) << np.uint32(16)
    found = []
    for crc in halves:
        for _ in range(4):
            crc = table()[crc & 255] ^ (crc >> 8)
        found.append(crc)
    return found


def advance(crc, powers):
    """Applies a linear map to CRCs. powers: its values at 1, 2, 4, ..."""
    found = np.zeros_like(crc)
    for bit in range(32):
        found ^= np.where(crc >> np.uint32(bit) & 1, powers[bit], 0).astype(np.uint32)
    return found


def crc32c(data, crc=0):
    """Returns the CRC-32C extended by data, an array of uint8 of at least four bytes."""
    count = 1
    while count * LANE < len(data):
        count *= 2
    lanes = np.zeros(count * LANE, np.uint8)
    start = len(lanes) - len(data)
    lanes[start:] = data
    lanes[start:start + 4] ^= np.frombuffer((crc ^ 0xFFFFFFFF).to_bytes(4, "little"), np.uint8)
    crc = np.zeros(count, np.uint32)
    low, high = word_tables()
    for word in np.ascontiguousarray(lanes.view("<u4").reshape(count, LANE // 4).T):
        crc = crc ^ word
        crc = low[crc & 0xFFFF] ^ high[crc >> 16]
    powers = np.uint32(1) << np.arange(32, dtype=np.uint32)
    for _ in range(LANE):
        powers = table()[powers & 255] ^ (powers >> 8)
    while len(crc) > 1:
        crc = advance(crc[::2], powers) ^ crc[1::2]
        powers = advance(powers, powers)
    return int(crc[0]) ^ 0xFFFFFFFF


def crc32c_rows(data):
    """Returns the CRC-32C of each row of an array of uint8 (rows, bytes); bytes: a multiple of 4."""
    low, high = word_tables()
    crc = np.full(len(data), 0xFFFFFFFF, np.uint32)
    for word in np.ascontiguousarray(np.ascontiguousarray(data).view("<u4").T):
        crc = crc ^ word
        crc = low[crc & 0xFFFF] ^ high[crc >> 16]
    return ~crc
