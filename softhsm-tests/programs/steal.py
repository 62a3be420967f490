"""Tries, as the logged-in user, to get a private key out of the token: reads it, wraps it, and makes it extractable."""

import os
import sys

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass

library = pkcs11.lib(sys.argv[1])
token = library.get_token(token_label="ca")
with token.open(rw=True, user_pin=os.environ["STEAL_PIN"]) as session:
    key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=sys.argv[2])
    try:
        print("read", len(key[Attribute.PRIVATE_EXPONENT]))
    except pkcs11.PKCS11Error as error:
        print("read:", type(error).__name__)
    wrapping = session.generate_key(KeyType.AES, 256, template={Attribute.WRAP: True})
    try:
        print("wrapped", len(wrapping.wrap_key(key, mechanism=Mechanism.AES_KEY_WRAP_PAD)))
    except pkcs11.PKCS11Error as error:
        print("wrap:", type(error).__name__)
    for attribute, value in ((Attribute.EXTRACTABLE, True), (Attribute.SENSITIVE, False)):
        try:
            key[attribute] = value
            print("changed", attribute.name)
        except pkcs11.PKCS11Error as error:
            print(attribute.name + ":", type(error).__name__)
