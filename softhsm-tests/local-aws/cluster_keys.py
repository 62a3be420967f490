"""RSA keys that take little time to make. A 4096-bit key takes half a second, and every HSM has its own in its hardware."""

import threading
from collections import deque

from cryptography.hazmat.primitives.asymmetric import rsa

EXPONENT = 65537


def new_key(bits: int) -> rsa.RSAPrivateKey:
    """A key that shares no prime with any other."""
    return rsa.generate_private_key(EXPONENT, bits)


class PrimePool:
    """Different keys from few primes: any two primes make a key.

    Keys that share a prime are insecure (a greatest common divisor finds it). These keys protect nothing.
    """

    def __init__(self, bits: int) -> None:
        """An empty pool, for keys of this size."""
        self.bits = bits
        self.lock = threading.Lock()
        self.primes: list[int] = []
        self.pairs: deque[tuple[int, int]] = deque()

    def key(self) -> rsa.RSAPrivateKey:
        """A key that was not returned before."""
        with self.lock:
            if not self.pairs:
                numbers = new_key(self.bits).private_numbers()
                for prime in (numbers.p, numbers.q):
                    self.pairs.extend((other, prime) for other in self.primes)
                    self.primes.append(prime)
            return _key_of(*self.pairs.popleft())


def _key_of(p: int, q: int) -> rsa.RSAPrivateKey:
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, *crt, rsa.RSAPublicNumbers(EXPONENT, p * q))
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)
