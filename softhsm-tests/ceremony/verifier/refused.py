"""What a verifier does with a file that is not as its format says."""


class Refused(Exception):
    pass


def demand(condition, why):
    if not condition:
        raise Refused(why)
