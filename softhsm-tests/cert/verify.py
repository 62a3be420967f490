# Makes the certificates and CRLs of cert/verify.rs in the working directory.
import datetime as d, ipaddress
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ExtendedKeyUsageOID as E

NOW = d.datetime.now(d.timezone.utc).replace(microsecond=0)
DAY = d.timedelta(days=1)
HOUR = d.timedelta(hours=1)
POINT = "http://crl.example/one.crl"

def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

def write(path, thing):
    open(path, "wb").write(thing.public_bytes(serialization.Encoding.PEM))

def usage(**given):
    names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{one: given.get(one, False) for one in names})

serials = iter(range(100, 1000))

class Ca:
    def __init__(self, title, issuer=None, crl_sign=True, more=()):
        self.key, self.title = ec.generate_private_key(ec.SECP256R1()), title
        extensions = [(x509.BasicConstraints(True, None), True), (usage(key_cert_sign=True, crl_sign=crl_sign), True), *more]
        self.crt = (issuer or self).issue(title, extensions, key=self.key)

    def issue(self, title, extensions, key=None):
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = (x509.CertificateBuilder().subject_name(name(title)).issuer_name(name(self.title))
                   .public_key(key.public_key()).serial_number(next(serials))
                   .not_valid_before(NOW - 10 * DAY).not_valid_after(NOW + 100 * DAY))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def crl(self, path, number, revoked=(), at=NOW - HOUR, until=NOW + DAY, extensions=(), key=None):
        builder = (x509.CertificateRevocationListBuilder().issuer_name(name(self.title)).last_update(at).next_update(until)
                   .add_extension(x509.CRLNumber(number), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        for certificate, reason, *more in revoked:
            entry = (x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
                     .revocation_date(NOW - 2 * HOUR).add_extension(x509.CRLReason(reason), False))
            for extension in more:
                entry = entry.add_extension(extension, True)
            builder = builder.add_revoked_certificate(entry.build())
        write(path, builder.sign(key or self.key, hashes.SHA256()))

root = Ca("Root")
sub = Ca("Sub", root, more=[(x509.ExtendedKeyUsage([E.CLIENT_AUTH]), False)])
mute = Ca("Mute", crl_sign=False)
stranger = Ca("Stranger")
leaf = root.issue("Leaf", [])
somebody = root.issue("Somebody", [])
R = x509.ReasonFlags
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.9"), b"\x05\x00")

write("root.crt", root.crt)
write("sub.crt", sub.crt)
write("mute.crt", mute.crt)
open("anchors.pem", "wb").write(open("root.crt", "rb").read() + open("mute.crt", "rb").read())
write("leaf.crt", leaf)
write("muted.crt", mute.issue("Muted", []))
write("below.crt", sub.issue("Below", []))
uri = x509.UniformResourceIdentifier
point = x509.DistributionPoint([uri(POINT)], None, None, None)
write("pointing.crt", root.issue("Pointing", [(x509.CRLDistributionPoints([point]), False)]))
names = [x509.DNSName("a.example.com"), x509.DNSName("*.wild.example.com"), x509.DNSName("*part.example.com"),
         x509.DNSName("192.0.2.99"), x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
         x509.IPAddress(ipaddress.ip_address("2001:db8::7"))]
server = [(x509.SubjectAlternativeName(names), False), (x509.ExtendedKeyUsage([E.SERVER_AUTH]), False)]
write("names.crt", root.issue("cn.example.com", server))
write("common-name.crt", root.issue("cn.example.com", []))
write("client.crt", root.issue("Client", [(x509.ExtendedKeyUsage([E.CLIENT_AUTH]), False), (usage(digital_signature=True), True)]))
write("any.crt", root.issue("Any", [(x509.ExtendedKeyUsage([E.ANY_EXTENDED_KEY_USAGE]), False)]))
write("certifying.crt", root.issue("Certifying", [(usage(crl_sign=True), True)]))
stamping = x509.ExtendedKeyUsage([E.TIME_STAMPING])
write("stamping.crt", root.issue("Stamping", [(stamping, True), (usage(digital_signature=True), True)]))
write("stamping-loose.crt", root.issue("Stamping", [(stamping, False), (usage(digital_signature=True), True)]))

def scope(point=None, **flags):
    names = ["only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"]
    return [(x509.IssuingDistributionPoint([uri(point)] if point else None, None,
             only_some_reasons=None, **{one: flags.get(one, False) for one in names}), True)]

# OpenSSL looks for delta CRLs only if the complete CRL has this extension.
freshest = [(x509.FreshestCRL([x509.DistributionPoint([uri("http://crl.example/delta.crl")], None, None, None)]), False)]
root.crl("empty.crl", 5, extensions=freshest)
root.crl("revoked.crl", 5, [(leaf, R.superseded)])
root.crl("held.crl", 5, [(leaf, R.certificate_hold)], at=NOW - 2 * HOUR, extensions=freshest)
root.crl("released.crl", 6)
root.crl("removed.crl", 6, [(leaf, R.remove_from_crl)])
root.crl("other.crl", 5, [(somebody, R.key_compromise)])
root.crl("expired.crl", 4, at=NOW - 3 * DAY, until=NOW - DAY)
root.crl("future.crl", 9, at=NOW + HOUR, until=NOW + DAY)
root.crl("forged.crl", 5, key=stranger.key)
root.crl("critical.crl", 5, extensions=[(UNKNOWN, True)])
root.crl("entry-critical.crl", 5, [(somebody, R.key_compromise, UNKNOWN)])
stranger.crl("stranger.crl", 5)
mute.crl("mute.crl", 5)
root.crl("users.crl", 5, extensions=scope(only_contains_user_certs=True))
root.crl("authorities.crl", 5, extensions=scope(only_contains_ca_certs=True))
root.crl("attributes.crl", 5, extensions=scope(only_contains_attribute_certs=True))
root.crl("indirect.crl", 5, extensions=scope(indirect_crl=True))
root.crl("point.crl", 5, extensions=scope(POINT))
root.crl("elsewhere.crl", 5, extensions=scope("http://crl.example/two.crl"))
base = lambda number: [(x509.DeltaCRLIndicator(number), True)]
root.crl("delta-revoked.crl", 6, [(leaf, R.key_compromise)], extensions=base(5))
root.crl("delta-released.crl", 6, [(leaf, R.remove_from_crl)], extensions=base(5))
root.crl("delta-of-later.crl", 9, [(leaf, R.remove_from_crl)], extensions=base(8))
sub.crl("sub.crl", 1)
root.crl("sub-revoked.crl", 7, [(sub.crt, R.ca_compromise)])
