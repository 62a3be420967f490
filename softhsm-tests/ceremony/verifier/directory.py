"""Verifies a whole ceremony from its directory: everything in "What a verifier checks" of docs/ceremony-format.md."""

import base64
import hashlib
import os
import re

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtensionOID

from . import formats, statements
from .formats import canonical, demand, tree_head, write
from .ledger import check_ledger
from .plan import check_plan
from .shapes import EXPORT, fits
from .trail import Trail, completed
from .values import octets

MOST, LARGEST, DEEPEST = 20_000, 2**28, 8
STATEMENTS = ("approvals", "run/gates", "attest")
LISTED = ("approvals/", "inputs/", "out/", "run/", "state/")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read_directory(path):
    files, entries = {}, 0
    for directory, names, inside in os.walk(path):
        below = os.path.relpath(directory, path)
        entries += len(names) + len(inside)
        demand(entries <= MOST, "too many files")
        for name in names + inside:
            full = os.path.join(directory, name)
            demand(not os.path.islink(full), f"{full}: a link")
            # Octets that are not UTF-8 cannot be encoded again.
            demand(not re.search("[\x00-\x1f\x7f-\x9f]", name.encode().decode()), f"{full}: the name")
        for name in names:
            depth = len(os.path.relpath(os.path.join(directory, name), path).split(os.sep))
            demand(depth <= DEEPEST, f"{below}: nested too deep")
            demand(below not in STATEMENTS or name.startswith(".hsm-ca-"), f"{below}: a directory among statements")
        for name in inside:
            full = os.path.join(directory, name)
            demand(os.path.isfile(full), f"{full}: not a file")
            demand(os.path.getsize(full) <= LARGEST, f"{full}: too large")
            with open(full, "rb") as content:
                files[os.path.relpath(full, path)] = content.read()
    return files


def element(tag, content):
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def joined(tbs, algorithm, signature):
    return element(0x30, tbs + algorithm + element(3, b"\0" + signature))


def one_pem(data, label):
    if data[:1] == b"\x30":
        return data
    found = re.search(rb"-----BEGIN %s-----\s(.*?)-----END %s-----" % (label, label), data, re.DOTALL)
    demand(found, "PEM")
    return base64.b64decode(b"".join(found[1].split()), validate=True)


def pem(label, der):
    text = base64.b64encode(der)
    lines = b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label, lines, label)


def load(item, der):
    return (x509.load_der_x509_certificate if item["is"] == "certificate" else x509.load_der_x509_crl)(der)


def verify(key, made, signature, tbs):
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, tbs, ec.ECDSA(made.signature_hash_algorithm))
    elif isinstance(key, rsa.RSAPublicKey):
        scheme = made.signature_algorithm_parameters
        demand(isinstance(scheme, (padding.PKCS1v15, padding.PSS)), "algorithm")
        key.verify(signature, tbs, scheme, made.signature_hash_algorithm)
    else:
        key.verify(signature, tbs)


def public_key(plan, inputs, trail, name):
    if name in trail.public_keys:
        return serialization.load_der_public_key(trail.public_keys[name])
    data = inputs[name]
    try:
        key = x509.load_der_x509_certificate(one_pem(data, b"CERTIFICATE")).public_key()
    except Exception:
        key = serialization.load_der_public_key(one_pem(data, b"PUBLIC KEY"))
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    demand(sha256(spki) == plan["inputs"][name].get("key"), f"input {name}: key")
    return key


def objects(files, plan, inputs, trail):
    made = {}
    for begun in trail.signatures:
        item, signature, step = begun["item"], begun.get("signature"), begun["step"]
        spare = ".spare" if begun["spare"] else ""
        demand(files.get(f"run/objects/{step}{spare}.tbs") == begun["tbs"], f"run/objects/{step}{spare}.tbs")
        if signature is None:
            continue
        der = joined(begun["tbs"], octets(item["algorithm"]), signature)
        parsed = load(item, der)
        verify(public_key(plan, inputs, trail, item["key"]), parsed, signature, begun["tbs"])
        for suffix, expected in ((".sig", signature), (".der", der)):
            demand(files.get(f"run/objects/{step}{suffix}") == expected, f"run/objects/{step}{suffix}")
        demand(trail.written.get(step, sha256(der)) == sha256(der), f"{step}: written")
        made[step] = (item, der, parsed, begun)
    named = {f"{begun['step']}{'.spare' if begun['spare'] else ''}.tbs" for begun in trail.signatures}
    named |= {step + suffix for step in made for suffix in (".sig", ".der")}
    # Only a closed ceremony comes here, so nothing that an interrupted run leaves is accepted.
    for name in files:
        demand(not name.startswith("run/objects/") or name.removeprefix("run/objects/") in named, name)
    out = {item["out"]: (item, der) for item, der, _, _ in made.values()}
    demand({name[4:] for name in files if name.startswith("out/")} == set(out) == set(trail.out), "out: names")
    for name, (item, der) in out.items():
        label = b"CERTIFICATE" if item["is"] == "certificate" else b"X509 CRL"
        demand(files[f"out/{name}"] == pem(label, der), f"out/{name}")
        demand(sha256(files[f"out/{name}"]) == trail.out[name], f"out/{name}: SHA-256")
    return made


def extension(of, oid):
    try:
        return of.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None


def paths(plan, inputs, trail, made):
    of_inputs = {}
    for name, data in inputs.items():
        if plan["inputs"][name]["is"] == "certificate":
            of_inputs[name] = x509.load_der_x509_certificate(one_pem(data, b"CERTIFICATE"))
    certificates = {step: parsed for step, (item, _, parsed, _) in made.items() if item["is"] == "certificate"}
    known = list(of_inputs.values()) + list(certificates.values())
    for step, (item, _, parsed, begun) in made.items():
        if item["is"] == "certificate":
            begin = parsed.not_valid_before_utc.timestamp()
            demand(lead_up(parsed, known, list(of_inputs.values()), max(begun["time"], begin), 0), f"{step}: path")
            continue
        action = trail.steps[trail.places[step]]
        issuer = certificates.get(action["issuer"]) or of_inputs[action["issuer"]]
        demand(parsed.issuer == issuer.subject and parsed.is_signature_valid(issuer.public_key()), f"{step}: issuer")
        number = extension(parsed, ExtensionOID.CRL_NUMBER)
        demand(number and number.crl_number == action["number"], f"{step}: number")
        serials = {entry.serial_number for entry in parsed}
        for place, before in enumerate(trail.steps[: trail.places[step]]):
            if before["do"] == "revoke" and before["issuer"] == action["issuer"]:
                demand(int(trail.revoked[before["id"]], 16) in serials, f"{step}: revocation missing")
        if action.get("previous", "none") != "none":
            name = action["previous"]
            old = made[name][2] if name in made else x509.load_der_x509_crl(one_pem(inputs[name], b"X509 CRL"))
            demand(extension(old, ExtensionOID.CRL_NUMBER).crl_number < action["number"], f"{step}: number")
            demand({entry.serial_number for entry in old} <= serials, f"{step}: entries")


def lead_up(certificate, known, trusted, time, depth):
    """Whether a path leads from the certificate to a self-signed certificate or to an input."""
    if not certificate.not_valid_before_utc.timestamp() <= time <= certificate.not_valid_after_utc.timestamp():
        return False
    if depth and certificate in trusted:
        return True
    for issuer in known:
        if issuer.subject != certificate.issuer:
            continue
        try:
            certificate.verify_directly_issued_by(issuer)
        except Exception:
            continue
        basic = extension(issuer, ExtensionOID.BASIC_CONSTRAINTS)
        usage = extension(issuer, ExtensionOID.KEY_USAGE)
        if not (basic and basic.ca and (usage is None or usage.key_cert_sign)):
            continue
        if issuer == certificate:
            return True
        if basic.path_length is not None and basic.path_length < depth or depth > 7:
            continue
        if lead_up(issuer, known, trusted, time, depth + (issuer.subject != issuer.issuer or depth == 0)):
            return True
    return False


def next_state(plan, plan_hash, head, trail, previous):
    """The content of state/next.json: what the next ceremony inherits."""
    issuers = {}
    for issuer in previous["issuers"] if previous else []:
        issuers[octets(issuer["name"])] = {
            "keys": set(issuer["keys"]),
            "serials": set(issuer["serials"]),
            "crl-number": issuer.get("crl-number"),
            "revoked": {entry["serial"]: entry["because"] for entry in issuer["revoked"]},
        }
    at = lambda name: issuers.setdefault(name, {"keys": set(), "serials": set(), "crl-number": None, "revoked": {}})
    parsed = lambda item: load(item, joined(completed(item, trail.keys, False) or octets(item["tbs"]), octets(item["algorithm"]), b"\0"))
    name_of = lambda item: parsed(item).issuer.public_bytes()
    for item in plan["objects"]:
        if item["key"] in trail.public_keys:
            key = sha256(trail.public_keys[item["key"]])
        elif "key" in plan["inputs"].get(item["key"], {}):
            key = plan["inputs"][item["key"]]["key"]
        else:
            continue
        issuer = at(name_of(item))
        issuer["keys"].add(key)
        issuer["serials"] |= {item["serial"]} if "serial" in item else set()
        issuer["serials"] |= {item["spare"]["serial"]} if "spare" in item else set()
    for begun in trail.signatures:
        item = begun["item"]
        step = trail.steps[trail.places[begun["step"]]]
        if item["is"] == "crl":
            issuer = at(name_of(item))
            issuer["crl-number"] = max(issuer["crl-number"] or 0, step["number"])
            for entry in parsed(item):
                issuer["revoked"].setdefault(hex_serial(entry.serial_number), "revoked")
        elif step["do"] != "create-ca":
            replaced = begun["step"] in trail.replaced
            if trail.end == "aborted":
                at(name_of(item))["revoked"][item["serial"]] = "aborted"
                if any(other["spare"] and other["step"] == begun["step"] for other in trail.signatures):
                    at(name_of(item))["revoked"][item["spare"]["serial"]] = "aborted"
            elif replaced and "signature" not in begun and not begun["spare"]:
                at(name_of(item))["revoked"][item["serial"]] = "lost"
            elif replaced:
                at(name_of(item))["revoked"][item["serial"]] = "lost"
    for step, serial in trail.revoked.items():
        issuer = trail.steps[trail.places[step]]["issuer"]
        for item in plan["objects"]:
            crl = trail.steps[trail.places[item["step"]]]
            if crl["do"] == "crl" and crl["issuer"] == issuer:
                at(name_of(item))["revoked"].setdefault(serial, "revoked")
                break
    listed = []
    for name, issuer in sorted(issuers.items()):
        entry = {
            "name": base64.b64encode(name).decode(),
            "keys": sorted(issuer["keys"]),
            "serials": sorted(issuer["serials"]),
            "revoked": [{"serial": serial, "because": why} for serial, why in sorted(issuer["revoked"].items())],
        }
        if issuer["crl-number"] is not None:
            entry["crl-number"] = issuer["crl-number"]
        listed.append(entry)
    return {
        "format": "hsm-ca ceremony export 1",
        "kind": plan["kind"],
        "ceremony": plan["ceremony"],
        "plan": plan_hash,
        "head": head,
        "end": trail.end,
        "people": plan["people"],
        "issuers": listed,
    }


def hex_serial(serial):
    text = f"{serial:x}"
    return "0" * (len(text) % 2) + text


def torn(files, lines):
    """Each copy of a line that was removed is named by a deviation."""
    deviations = [line["text"] for line in map(canonical, lines) if line["what"] == "deviation"]
    named = {word for text in deviations for word in re.findall("[A-Za-z0-9-]+", text)}
    for name in files:
        copy = re.fullmatch("run/(torn-[0-9-]*)", name, re.ASCII)
        demand(not copy or copy[1] in named, f"{name}: no deviation names it")


def sums(files):
    listed = []
    text = files["SHA256SUMS"].decode("utf-8")
    demand(text.endswith("\n") or not text, "SHA256SUMS: newline")
    for line in text.split("\n")[:-1]:
        digest, separator, name = line.partition("  ")
        demand(separator and re.fullmatch("[0-9a-f]{64}", digest, re.ASCII), "SHA256SUMS: line")
        demand(name in files and sha256(files[name]) == digest, f"SHA256SUMS: {name}")
        listed.append(name)
    demand(listed == sorted(set(listed), key=str.encode), "SHA256SUMS: order")
    for name in files:
        has_to_be = name.startswith(LISTED) or name in ("ceremony.toml", "plan.json", "plan.txt", "checkpoint")
        is_temporary = name.rpartition("/")[2].startswith(".hsm-ca-")
        demand(not has_to_be or is_temporary or name in listed, f"SHA256SUMS: {name} is missing")


def checkpoint(files, lines, plan, plan_hash):
    text = files["checkpoint"].decode("utf-8")
    origin, size, root, rest = text.split("\n", 3)
    demand(origin == f"hsm-ca/ceremony/{plan['ceremony']}/{plan_hash[:16]}", "checkpoint: origin")
    demand(size == str(len(lines)) and root == base64.b64encode(tree_head(lines)).decode(), "checkpoint")
    demand(rest == "" or re.fullmatch("\n(\u2014 [^\n]*\n)+", rest), "checkpoint: what follows")


def check_previous(plan, trail, data):
    export = canonical(data)
    previous = plan["previous"]
    demand(fits(export, EXPORT), "previous: names and values")
    demand(export["kind"] == plan["kind"] and export["head"] == previous["head"], "previous: kind and head")
    lists = [[octets(issuer["name"]) for issuer in export["issuers"]], *(issuer["serials"] for issuer in export["issuers"])]
    demand(all(items == sorted(set(items)) for items in lists), "previous: order")
    issuers = {octets(issuer["name"]): issuer for issuer in export["issuers"]}
    for item in plan["objects"]:
        parsed = load(item, joined(octets(item["tbs"]), octets(item["algorithm"]), b"\0"))
        issuer = issuers.get(parsed.issuer.public_bytes())
        if issuer is None:
            continue
        demand(item.get("serial") not in issuer["serials"], "previous: serial number")
        demand(item.get("spare", {}).get("serial") not in issuer["serials"], "previous: spare serial number")
        if item["is"] == "crl":
            number = trail.steps[trail.places[item["step"]]]["number"]
            demand(number > issuer.get("crl-number", -1), "previous: CRL number")
            serials = {hex_serial(entry.serial_number) for entry in parsed}
            demand({entry["serial"] for entry in issuer["revoked"]} <= serials, "previous: revocations")
    return export


def verify_ceremony(files, kept=None):
    """Verifies everything; returns the head, or raises."""
    plan = canonical(files["plan.json"])
    plan_hash = sha256(files["plan.json"])
    check_plan(plan)
    pinned = {"ceremony.toml": plan["file"]}
    pinned.update({name.removeprefix("./"): digest for name, digest in plan["profiles"].items()})
    pinned.update({entry["file"]: entry["sha256"] for entry in plan["inputs"].values()})
    if "previous" in plan:
        pinned[plan["previous"]["file"]] = plan["previous"]["sha256"]
    for name, digest in pinned.items():
        demand(name in files and sha256(files[name]) == digest, f"{name}: not the file of the plan")
    inputs = {name: files[entry["file"]] for name, entry in plan["inputs"].items()}
    trail = Trail(plan)
    previous = check_previous(plan, trail, files[plan["previous"]["file"]]) if "previous" in plan else None
    groups = [plan["people"]]
    if previous and previous["people"] != plan["people"]:
        groups.append(previous["people"])
    statements.approvals(files, plan, plan_hash, groups)
    data = files["run/transcript.jsonl"]
    head = formats.transcript(data, plan_hash, kept).partition(" ")[0]
    lines = [line + b"\n" for line in data.split(b"\n")[:-1]]
    for line in lines:
        trail.take(canonical(line))
    demand(trail.end != "open" or "SHA256SUMS" not in files, "transcript: lines are missing at its end")
    torn(files, lines)
    demand(trail.end == "closed", f"the ceremony is {trail.end}")
    made = objects(files, plan, inputs, trail)
    statements.gates(files, plan, plan_hash, trail)
    paths(plan, inputs, trail, made)
    check_ledger(files["state/ledger-events.jsonl"], plan, trail, {step: sha256(der) for step, (_, der, _, _) in made.items()})
    statements.attestations(files, plan, plan_hash, trail, head)
    expected = next_state(plan, plan_hash, head, trail, previous)
    demand(files["state/next.json"] == (write(expected) + "\n").encode(), "state/next.json")
    checkpoint(files, lines, plan, plan_hash)
    sums(files)
    return head
