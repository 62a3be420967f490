"""Makes keys that can be broken: weak_keys.py DIRECTORY NAME...

For each key it writes a request, the self-signed certificate of a CA, and the private key. Only the key is wrong in them.
"""

import datetime
import functools
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

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
    generate = ["openssl", "prime", "-generate", "-hex", "-bits", str(bits)]
    found = int(subprocess.run(generate, check=True, capture_output=True, text=True).stdout, 16)
    # If 65537 divides the prime minus 1, 65537 has no private exponent.
    return prime(bits) if found % 65537 == 1 else found


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


NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "weak")])


def private_key(p, *others, exponent=65537):
    """Makes a private key. `others` are primes; their product is used as the second prime."""
    q, order = math.prod(others), math.prod(prime - 1 for prime in others)
    private = pow(exponent, -1, (p - 1) * order)
    numbers = rsa.RSAPrivateNumbers(
        p=p, q=q, d=private, dmp1=private % (p - 1), dmq1=private % order, iqmp=pow(q, -1, p),
        public_numbers=rsa.RSAPublicNumbers(e=exponent, n=p * q),
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def request(key, *extensions):
    builder = x509.CertificateSigningRequestBuilder(NAME, list(extensions))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def authority(key):
    now = datetime.datetime.now(datetime.timezone.utc)
    signs = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
        False,
    )
    builder = (
        x509.CertificateBuilder(NAME, NAME, key.public_key(), chance.getrandbits(120), now, now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **signs), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def coprime_prime(bits, exponent):
    while True:
        found = prime(bits)
        if found % exponent != 1:
            return found


@functools.lru_cache
def debian_generator():
    """Compiles the generator of the keys that Debian's OpenSSL could generate."""
    directory = tempfile.TemporaryDirectory()
    program = Path(directory.name, "debian_weak_keys")
    source = Path(__file__).parents[2] / "scripts" / "debian_weak_keys.c"
    subprocess.run(["cc", "-O2", "-o", program, source, "-lcrypto"], check=True)
    return program, directory


def debian_secrets(kind):
    """The private numbers of one of the nine keys of a process."""
    process = str(chance.randrange(32768))
    generate = [debian_generator()[0], kind, process, process, "secrets"]
    lines = subprocess.run(generate, check=True, capture_output=True, text=True).stdout.splitlines()
    return [int(word, 16) for word in chance.choice(lines).split()[4:]]


def close_primes():
    first = prime(1024)
    return private_key(first, next_prime(first + 2))


WEAK = {
    "sound": lambda: private_key(prime(1024), prime(1024)),
    "exponent-3": lambda: private_key(coprime_prime(1024, 3), coprime_prime(1024, 3), exponent=3),
    "exponent-257": lambda: private_key(coprime_prime(1024, 257), coprime_prime(1024, 257), exponent=257),
    "small-factor": lambda: private_key(prime(2040), 743),
    "factor-65521": lambda: private_key(prime(2032), 65521),
    "roca": lambda: private_key(roca_prime(), roca_prime()),
    "close-primes": close_primes,
    "factor-17-bits": lambda: private_key(prime(2032), 65537),
    "factor-20-bits": lambda: private_key(prime(2028), 1000003),
    "factor-31-bits": lambda: private_key(prime(2017), 2147483629),
    "factor-32-bits": lambda: private_key(prime(2016), 4294967291),
    "debian-rsa": lambda: private_key(*debian_secrets("rsa:2048")),
    "debian-p256": lambda: ec.derive_private_key(*debian_secrets("ec:p256"), ec.SECP256R1()),
    "debian-p384": lambda: ec.derive_private_key(*debian_secrets("ec:p384"), ec.SECP384R1()),
    "two-factors": lambda: private_key(prime(1997), 1000003, 2147483629),
}


def main():
    directory, *names = sys.argv[1:]
    names_of_server = x509.SubjectAlternativeName([x509.DNSName("weak.example")])
    server = x509.Extension(names_of_server.oid, False, names_of_server)
    for name in names:
        key, file = WEAK[name](), Path(directory, name)
        file.with_suffix(".csr").write_bytes(request(key, server))
        file.with_suffix(".crt").write_bytes(authority(key))
        file.with_suffix(".der").write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


main()
