"""Serial numbers that a ceremony revoked, and that are on no CRL of it. docs/ceremony-format.md, after "What a verifier checks"."""

from cryptography import x509

from .formats import canonical
from .trail import Trail


def unlisted_revocations(files):
    """For each of them: the step, the serial number, and the CRLs of its issuer."""
    plan = canonical(files["plan.json"])
    trail = Trail(plan)
    for line in files["run/transcript.jsonl"].splitlines(keepends=True):
        trail.take(canonical(line))
    signed = [begun["item"] for begun in trail.signatures if "signature" in begun]
    crls = [(item["out"], x509.load_pem_x509_crl(files["out/" + item["out"]])) for item in signed if item["is"] == "crl"]
    found = []
    for item in signed:
        if item["step"] not in trail.replaced or trail.steps[trail.places[item["step"]]]["do"] == "create-ca":
            continue
        certificate = x509.load_pem_x509_certificate(files["out/" + item["out"]])
        own = [(name, crl) for name, crl in crls if crl.issuer == certificate.issuer]
        if all(crl.get_revoked_certificate_by_serial_number(int(item["serial"], 16)) is None for _, crl in own):
            found.append([item["step"], item["serial"], [name for name, _ in own]])
    return found
