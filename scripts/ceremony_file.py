"""Makes the ceremony file of scripts/ceremony-demo.sh and of the tests: fills in ceremony-template.toml with `id`, `sessions`,
`tokens`, `people` and `inputs` from the environment, and prints it.

The ceremony makes an offline root, an issuing CA, a cross-certificate by an older root, and a first CRL, with three of five approvers.
"""

import os
import string

ROLES = {
    "A": '"approver", "administrator"',
    "B": '"approver", "operator"',
    "C": '"approver"',
    "D": '"approver"',
    "E": '"approver"',
    "W": '"witness"',
}
GENERATED = 'do = "generate-key"\ntoken = "root"\nlabel = "root-r1"\ntype = "%s"\n'
SESSION = '[[session]]\nname = "%s"\ndate = %s\nhours = ["%s", "%s"]\n'
TOKEN = '[token.%s]\nserial = "%s"\n'
PERSON = '[[person]]\nname = "%s"\nroles = [%s]\nkey = "%s"\n'
INPUT = '%s = { file = "inputs/%s", sha256 = "%s" }\n'


def ceremony_file(**parts):
    template = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ceremony-template.toml")
    with open(template) as file:
        text = string.Template(file.read())
    default = {"before_the_key": "", "key": GENERATED % "ec:p384", "older": "legacy", "at_the_end": ""}
    return text.substitute({**default, **parts})


if __name__ == "__main__":
    parts = ("id", "sessions", "tokens", "people", "inputs")
    print(ceremony_file(**{name: os.environ[name] for name in parts}), end="")
