"""Lets a test control its own clusters, in front of moto.

    GET  /_test/cluster/roots         {"directory": DIR}
    POST /_test/cluster               {"hsm_type": TYPE, ...} -> {"id": ID}
                                      makes a cluster, UNINITIALIZED, with an ACTIVE HSM; optional: "mode",
                                      "variation", "account", "region", "hsms" (how many; default 1)
    GET  /_test/cluster/ID            {"cluster": as in DescribeClusters, "roots": {FILE: PEM}}; the roots are those
                                      for a verifier of the first HSM
    POST /_test/cluster/ID            any of these, which are carried out in this order:
        "pace": SECONDS               how long a state in progress lasts; null: until "step" or "state"
        "becomes": STATE              the state after INITIALIZE_IN_PROGRESS
        "strangers": EXCEPTION        the exception that other accounts get
        "message": TEXT               StateMessage; null: the default one
        "variation": NAMES            for HSMs that are made from now on (cluster_hardware.py)
        "replace_hsm": true           replaces the first HSM with a new one, which has another key
        "certificates": {NAME: PEM}   shown instead of the real certificate; null: omitted
        "hsm_state": STATE            of every HSM
        "state": STATE                of the cluster
        "step": true                  the cluster and its HSMs enter their next states
"""

import json
from typing import Any

from cluster import CLUSTERS, Cluster
from cluster_hardware import UnknownVariation
from cluster_responses import ClusterError, RealisticClusterResponse, account_of, new_cluster
from cluster_states import CLUSTER_STATES, HSM_STATES, Stage
from weather import Application, Environ, StartResponse, answer

PREFIX = "/_test/cluster"
CERTIFICATES = {
    "ClusterCsr",
    "HsmCertificate",
    "AwsHardwareCertificate",
    "ManufacturerHardwareCertificate",
    "ClusterCertificate",
}


class BadOrder(Exception):
    """An order that cannot be carried out."""


class ClusterControl:
    """WSGI middleware."""

    def __init__(self, application: Application) -> None:
        """Middleware in front of `application`."""
        self.application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        """Answer one request."""
        path: str = environ["PATH_INFO"]
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            return self.application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            order = json.loads(body or "{}")
            with CLUSTERS.lock:
                return answer(start_response, 200, control(environ["REQUEST_METHOD"], path, order))
        except (BadOrder, ClusterError, KeyError, TypeError, UnknownVariation, ValueError) as error:
            return answer(start_response, 400, {"error": f"{type(error).__name__}: {error}"})


def control(method: str, path: str, order: dict[str, Any]) -> dict[str, Any]:
    """Carry out one order."""
    name = path.removeprefix(PREFIX).lstrip("/")
    match method, name:
        case "GET", "roots":
            return {"directory": str(RealisticClusterResponse.roots.directory)}
        case "POST", "":
            return {"id": create(**order).id}
        case "GET", cluster_id:
            cluster = CLUSTERS.by_id[cluster_id]
            hsm = cluster.first_hsm
            return {"cluster": cluster.describe(), "roots": hsm.identity.root_certificates if hsm else {}}
        case "POST", cluster_id:
            if unknown := order.keys() - set(ORDERS):
                raise BadOrder(f"unknown order {unknown}")
            for key in filter(order.__contains__, ORDERS):
                change(CLUSTERS.by_id[cluster_id], key, order[key])
            return {}
        case _:
            raise BadOrder("unknown request; see cluster_control.py")


def create(
    hsm_type: str,
    mode: str = "FIPS",
    variation: str = "",
    account: str = account_of(""),
    region: str = "us-east-1",
    hsms: int = 1,
) -> Cluster:
    """A cluster that is ready to be claimed."""
    cluster = CLUSTERS.add(new_cluster(account, region, hsm_type, mode, ["subnet-0123456789abcdef0"], variation))
    cluster.stage = cluster.stage.next()
    for _ in range(hsms):
        hsm = cluster.add_hsm(f"{region}a", RealisticClusterResponse.roots)
        hsm.stage = hsm.stage.next()
    return cluster


# In the order in which they are carried out.
ORDERS = (
    "pace",
    "becomes",
    "strangers",
    "message",
    "variation",
    "replace_hsm",
    "certificates",
    "hsm_state",
    "state",
    "step",
)


def change(cluster: Cluster, order: str, value: Any) -> None:
    """Carry out one of ORDERS."""
    match order:
        case "pace" | "strangers" | "message":
            setattr(cluster, order, value)
        case "becomes":
            cluster.becomes = one_of(CLUSTER_STATES, value)
        case "variation":
            cluster.vary(value)
        case "replace_hsm":
            cluster.replace_hsm(RealisticClusterResponse.roots)
        case "certificates":
            if unknown := value.keys() - CERTIFICATES:
                raise BadOrder(f"unknown certificate {unknown}")
            cluster.replaced |= value
        case "hsm_state":
            for hsm in cluster.hsms:
                hsm.stage = Stage(one_of(HSM_STATES, value))
        case "state":
            cluster.stage = Stage(one_of(CLUSTER_STATES, value))
        case "step":
            for stepping in (cluster, *cluster.hsms):
                stepping.stage = stepping.stage.next()


def one_of(states: tuple[str, ...], state: str) -> str:
    """Checks that a state exists, and returns it."""
    if state not in states:
        raise BadOrder(f"unknown state {state}")
    return state
