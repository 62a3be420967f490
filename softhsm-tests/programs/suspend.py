"""Types at the PIN prompt of a command in an interactive shell, and suspends the command in between.

usage: suspend.py PROGRAM PIN-FILE
Prints what the terminal showed. Exits with 1 and a reason if an expected text did not appear.
"""

import os
import pty
import select
import signal
import sys
import time

PROGRAM, PIN_FILE = sys.argv[1:]
PIN = open(PIN_FILE, encoding="ascii").read().strip()


def main():
    child, terminal = pty.fork()
    if child == 0:
        os.environ["PS1"] = "ready> "
        # A shell keeps ignoring signals that were ignored when it started, as in a background job.
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
            signal.signal(number, signal.SIG_DFL)
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    shown, seen = b"", 0

    def wait_for(text):
        nonlocal shown, seen
        deadline = time.monotonic() + 30
        while text.encode() not in shown[seen:]:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([terminal], [], [], left)[0]:
                sys.stdout.write(shown.decode(errors="replace"))
                sys.exit(f"{text!r} did not appear within 30 seconds")
            shown += os.read(terminal, 4096)
        seen = shown.index(text.encode(), seen) + len(text)

    def send(text):
        os.write(terminal, text.encode())

    wait_for("ready> ")
    send(f"{PROGRAM} --pin-source prompt key list; echo ended-$?\n")
    wait_for("PIN of token")
    # Type half of a wrong PIN, then suspend.
    send("99\x1a")
    wait_for("Stopped")
    wait_for("ready> ")
    send("echo said-$((1 + 1))\n")
    wait_for("said-2")
    wait_for("ready> ")
    send("fg\n")
    wait_for("PIN of token")
    # Type a mistake, and correct it with both editing keys.
    send("x\x7fwrong\x15" + PIN + "\n")
    wait_for("ready> ")
    send(f"{PROGRAM} --pin-source prompt key list; echo ended-$?\n")
    wait_for("PIN of token")
    send("12\x03")
    wait_for("ready> ")
    send("exit\n")
    try:
        while chunk := os.read(terminal, 4096):
            shown += chunk
    except OSError:
        pass
    os.waitpid(child, 0)
    sys.stdout.write(shown.decode(errors="replace"))


main()
