#!/usr/bin/env python3
"""A local AWS KMS and CloudHSM: moto's server on 127.0.0.1, extended where moto 5.2.5 lacks
something or answers differently from the real services.

    server.py [--port PORT] [--ready-file FILE] [--parent-pid PID] [--attestation-root DIR] [--cluster-roots DIR]

It stops on SIGTERM, and soon after process PID has ended.

- kms_responses.py has KMS's operations, kms_signing.py its signing keys. key_pairs.py and envelope.py have the variations
  that a KMS key's description asks for. weather.py has the faults that a test can order.
- attest.py makes attestation documents that the server accepts, with the root in the DIR of --attestation-root
  (FILE.attestation-root contains its path).
- cluster_responses.py has CloudHSM's operations, cluster_hardware.py the certificates of its HSMs. cluster_control.py lets a
  test change clusters.
- The roots of the hardware are aws-root.crt, manufacturer-root-1.crt (hsm1.medium) and manufacturer-root-2.crt
  (hsm2m.medium) in the DIR of --cluster-roots (FILE.cluster-roots contains its path). They exist when the first HSM does.
"""

import argparse
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

import moto.cloudhsmv2.urls
import moto.kms.urls
import moto.kms.utils
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

import kms_signing
from attestation import Root
from cluster_control import ClusterControl
from cluster_responses import RealisticClusterResponse
from cluster_roots import Roots
from kms_keys import serialize_encryption_context
from kms_responses import RealisticKmsResponse
from weather import Weather


def write_whole(file: Path, line: str) -> None:
    """Writes a file so that no reader sees it half-written."""
    temporary = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    temporary.write_text(line + "\n")
    temporary.replace(file)


def start_time(pid: int) -> str | None:
    """When process `pid` started (in clock ticks), or None if it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def main() -> None:
    """Runs the server until SIGTERM or the end of the parent process."""
    parser = argparse.ArgumentParser(description="Local AWS KMS and CloudHSM for tests and demos")
    parser.add_argument("--port", type=int, default=0, help="TCP port (default: any free one)")
    parser.add_argument("--ready-file", type=Path, help="file for the URL, written when the server is ready")
    parser.add_argument("--parent-pid", type=int, help="stop when this process ends")
    parser.add_argument(
        "--attestation-root", type=Path, metavar="DIR", help="the root of attestation documents; made if missing"
    )
    parser.add_argument(
        "--cluster-roots", type=Path, metavar="DIR", help="the roots of CloudHSM's hardware; made if missing"
    )
    args = parser.parse_args()

    parent_started = start_time(args.parent_pid) if args.parent_pid else None
    if args.parent_pid and parent_started is None:
        sys.exit(f"parent process {args.parent_pid} does not exist")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    moto.kms.utils._serialize_encryption_context = serialize_encryption_context
    kms_signing.install()
    moto.kms.urls.url_paths["{0}/$"] = RealisticKmsResponse.dispatch
    moto.cloudhsmv2.urls.url_paths["{0}/$"] = RealisticClusterResponse.dispatch

    with tempfile.TemporaryDirectory() as own_directory:
        attestation_root = (args.attestation_root or Path(own_directory)).resolve()
        RealisticKmsResponse.attestation_root = Root.in_directory(attestation_root)
        cluster_roots = (args.cluster_roots or Path(own_directory)).resolve()
        RealisticClusterResponse.roots = Roots(cluster_roots)

        # Like ThreadedMotoServer, except that a port in use ends the program.
        app = ClusterControl(Weather(DomainDispatcherApplication(create_backend_app)))
        server = make_server("127.0.0.1", args.port, app, True, request_handler=MotoRequestHandler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        print(f"local AWS on {url}, roots in {attestation_root} and {cluster_roots}", flush=True)
        RealisticClusterResponse.roots.make_in_background()
        if args.ready_file:
            ready: Path = args.ready_file
            write_whole(ready.with_name(f"{ready.name}.cluster-roots"), str(cluster_roots))
            write_whole(ready.with_name(f"{ready.name}.attestation-root"), str(attestation_root))
            write_whole(ready, url)

        while not stop.wait(0.2):
            if args.parent_pid and start_time(args.parent_pid) != parent_started:
                break


if __name__ == "__main__":
    main()
