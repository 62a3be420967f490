"""Writes requests whose RSA keys can be broken: weak_keys.py DIRECTORY.

Each is signed by its own key, so that the key is all that is wrong with it.
"""

import random
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

chance = random.Random(5)


def is_prime(number):
    if number < 2 or any(number % small == 0 and number != small for small in (2, 3, 5, 7, 11, 13)):
        return number in (2, 3, 5, 7, 11, 13)
    return all(pow(base, number - 1, number) == 1 for base in (2, 3, 5))


def next_prime(number):
    number |= 1
    while not is_prime(number):
        number += 2
    return number


def prime(bits):
    return next_prime(chance.getrandbits(bits) | 3 << bits - 2)


def roca_prime(bits=1024):
    """k * M + (65537^a mod M), M the product of the first 126 primes: "The Return of Coppersmith's Attack", section 2.1."""
    product, count, number = 1, 0, 2
    while count < 126:
        if is_prime(number):
            product, count = product * number, count + 1
        number += 1
    while True:
        factor = chance.getrandbits(bits - product.bit_length() + 1)
        candidate = factor * product + pow(65537, chance.getrandbits(60), product)
        if candidate >> bits - 2 == 3 and is_prime(candidate):
            return candidate


def request(p, q, exponent=65537):
    private = pow(exponent, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p=p, q=q, d=private, dmp1=private % (p - 1), dmq1=private % (q - 1), iqmp=pow(q, -1, p),
        public_numbers=rsa.RSAPublicNumbers(e=exponent, n=p * q),
    )
    key = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "weak")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def coprime_prime(bits, exponent):
    while True:
        found = prime(bits)
        if found % exponent != 1:
            return found


def main():
    directory = Path(sys.argv[1])
    close = prime(1024)
    for name, content in {
        "sound": request(prime(1024), prime(1024)),
        "exponent-3": request(coprime_prime(1024, 3), coprime_prime(1024, 3), 3),
        "exponent-257": request(coprime_prime(1024, 257), coprime_prime(1024, 257), 257),
        "small-factor": request(prime(2040), 743),
        "roca": request(roca_prime(), roca_prime()),
        "close-primes": request(close, next_prime(close + 2)),
    }.items():
        (directory / f"{name}.csr").write_bytes(content)


main()
