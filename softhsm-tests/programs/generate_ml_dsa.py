"""Generates an ML-DSA key pair on a token with C_GenerateKeyPair (PKCS#11 3.2, section 6.67). No program in Debian can do this yet.

usage: generate_ml_dsa.py MODULE TOKEN PIN-FILE LABEL 44|65|87
"""

import ctypes
import sys
from ctypes import POINTER, Structure, byref, c_char_p, c_ubyte, c_ulong, c_void_p, cast, sizeof

CKM_ML_DSA_KEY_PAIR_GEN = 0x1C
CKK_ML_DSA = 0x4A
CKU_USER = 1
CKF_SERIAL_AND_WRITE = 4 | 2
CKA_TOKEN, CKA_PRIVATE, CKA_LABEL, CKA_KEY_TYPE, CKA_ID = 0x1, 0x2, 0x3, 0x100, 0x102
CKA_SENSITIVE, CKA_SIGN, CKA_VERIFY, CKA_EXTRACTABLE, CKA_PARAMETER_SET = 0x103, 0x108, 0x10A, 0x162, 0x61D
PARAMETER_SETS = {"44": 1, "65": 2, "87": 3}

# The indexes of the functions in CK_FUNCTION_LIST, after its version.
INITIALIZE, SLOT_LIST, TOKEN_INFO, OPEN_SESSION, LOGIN, GENERATE_KEY_PAIR = 0, 4, 6, 12, 18, 59


class Attribute(Structure):
    _fields_ = [("type", c_ulong), ("value", c_void_p), ("length", c_ulong)]


class Mechanism(Structure):
    _fields_ = [("mechanism", c_ulong), ("parameter", c_void_p), ("length", c_ulong)]


def template(values):
    """A CK_ATTRIBUTE array, and the buffers that it points to."""
    buffers = []
    for value in values.values():
        if isinstance(value, bool):
            buffers.append(c_ubyte(value))
        elif isinstance(value, int):
            buffers.append(c_ulong(value))
        else:
            buffers.append((c_ubyte * len(value)).from_buffer_copy(value))
    attributes = [
        Attribute(kind, cast(byref(buffer), c_void_p), sizeof(buffer)) for kind, buffer in zip(values, buffers, strict=True)
    ]
    return (Attribute * len(attributes))(*attributes), buffers


def main(module, token, pin_file, label, parameter_set):
    library = ctypes.CDLL(module)
    functions = c_void_p()
    assert library.C_GetFunctionList(byref(functions)) == 0
    pointers = cast(functions.value + sizeof(c_void_p), POINTER(c_void_p))

    def call(place, *arguments):
        answer = ctypes.CFUNCTYPE(c_ulong)(pointers[place])(*arguments)
        assert answer == 0, f"function {place} answered 0x{answer:08x}"

    call(INITIALIZE, None)
    slots, count = (c_ulong * 64)(), c_ulong(64)
    call(SLOT_LIST, c_ubyte(1), slots, byref(count))

    def label_of(slot):
        information = (c_ubyte * 512)()
        call(TOKEN_INFO, c_ulong(slot), information)
        return bytes(information[:32]).decode().rstrip()

    slot = next(slot for slot in slots[: count.value] if label_of(slot) == token)
    session = c_ulong()
    call(OPEN_SESSION, c_ulong(slot), c_ulong(CKF_SERIAL_AND_WRITE), None, None, byref(session))
    with open(pin_file, "rb") as file:
        pin = file.read().strip()
    call(LOGIN, session, c_ulong(CKU_USER), c_char_p(pin), c_ulong(len(pin)))
    both = {CKA_TOKEN: True, CKA_LABEL: label.encode(), CKA_ID: label.encode(), CKA_KEY_TYPE: CKK_ML_DSA}
    public, public_buffers = template({**both, CKA_VERIFY: True, CKA_PARAMETER_SET: PARAMETER_SETS[parameter_set]})
    private, private_buffers = template(
        {**both, CKA_PRIVATE: True, CKA_SENSITIVE: True, CKA_EXTRACTABLE: False, CKA_SIGN: True}
    )
    mechanism = Mechanism(CKM_ML_DSA_KEY_PAIR_GEN, None, 0)
    handles = c_ulong(), c_ulong()
    call(
        GENERATE_KEY_PAIR,
        session,
        byref(mechanism),
        public,
        c_ulong(len(public)),
        private,
        c_ulong(len(private)),
        byref(handles[0]),
        byref(handles[1]),
    )
    del public_buffers, private_buffers


if __name__ == "__main__":
    main(*sys.argv[1:])
