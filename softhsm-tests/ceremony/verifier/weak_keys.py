"""SSH keys whose private key others can find, or under which anybody can sign: docs/ceremony-format.md, "SSH keys and signatures"."""

import functools
import hashlib
import math
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from .refused import demand

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
FERMAT_ROUNDS = 100


@functools.lru_cache
def primes_below(limit):
    sieve = bytearray([1]) * limit
    for number in range(2, math.isqrt(limit) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return [number for number in range(2, limit) if sieve[number]]


def refuse_weak(key):
    if isinstance(key, rsa.RSAPublicKey):
        refuse_weak_rsa(key.public_numbers())
    elif isinstance(key, ed25519.Ed25519PublicKey):
        refuse_small_order(int.from_bytes(key.public_bytes_raw(), "little") % 2**255)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        refuse_debian(key.public_numbers().x)


def refuse_weak_rsa(numbers):
    n, e = numbers.n, numbers.e
    demand(e % 2 == 1 and 65537 <= e < 2**32, "RSA exponent")
    demand(all(n % prime for prime in primes_below(2**16)), "RSA modulus with a small factor")
    demand(math.gcd(pow(2, n - 1, n) - 1, n) == 1, "RSA modulus that is a power of a prime")
    demand(any(not is_power_of_65537(n, prime) for prime in primes_below(168) if prime > 2), "ROCA")
    middle = math.isqrt(n - 1) + 1
    for _ in range(FERMAT_ROUNDS):
        rest = middle * middle - n
        demand(math.isqrt(rest) ** 2 != rest, "RSA primes that are close together")
        middle += 1


def refuse_debian(x):
    digest = hashlib.sha256(x.to_bytes((x.bit_length() + 7) // 8, "big")).digest()
    ends, keys = debian_keys()
    place = int.from_bytes(digest[:2], "big")
    first = ends[place - 1] if place > 0 else 0
    demand(digest[2:6] not in keys[first : ends[place]], "key of Debian's OpenSSL")


@functools.lru_cache
def debian_keys():
    """scripts/debian_keys_table.py has the format."""
    table = Path(__file__).parents[3].joinpath("src/signer/key_fault/debian_keys.bin").read_bytes()
    words = [table[start : start + 4] for start in range(0, len(table), 4)]
    return [int.from_bytes(end, "big") for end in words[:65536]], words[65536:]


def is_power_of_65537(n, prime):
    power = 1
    for _ in range(prime):
        if power == n % prime:
            return True
        power = power * 65537 % prime
    return False


def refuse_small_order(y):
    """RFC 8032 section 5.1.3 and 5.1.4."""
    demand(y < P, "Ed25519: y")
    demand(pow(x_squared(y), (P - 1) // 2, P) in (0, 1), "Ed25519: not on the curve")
    for _ in range(3):
        square, product = y * y % P, D * x_squared(y) * y * y % P
        y = (square + x_squared(y)) * pow(1 - product, -1, P) % P
    demand(y != 1, "Ed25519: small order")


def x_squared(y):
    return (y * y - 1) * pow(D * y * y + 1, -1, P) % P
