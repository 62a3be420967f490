"""Clusters and their HSMs, of all accounts and regions."""

import itertools
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

from cluster_hardware import Identity, parse_variations
from cluster_roots import Roots
from cluster_states import CLUSTER_MESSAGES, HSM_MESSAGES, PACE, Stage

Description = dict[str, Any]

ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
# The certificates of an HSM are shown while its cluster can be claimed: "you cannot use this process to get your
# certificates" afterwards (User Guide, "Verify the identity and authenticity of your cluster's HSM").
CLAIMABLE = "UNINITIALIZED"
CLAIMED = ("INITIALIZED", "ACTIVE", "UPDATE_IN_PROGRESS", "MODIFY_IN_PROGRESS", "DEGRADED", "DELETE_IN_PROGRESS")
# The addresses of the HSMs: each HSM has its own loopback address, on which a test may listen.
ADDRESSES = map(str, map(IPv4Address("127.0.0.2").__add__, itertools.count()))


def new_id(prefix: str) -> str:
    """An ID as AWS makes it: PREFIX- and 11 characters."""
    return f"{prefix}-" + "".join(secrets.choice(ID_ALPHABET) for _ in range(11))


def new_resource_id(prefix: str) -> str:
    """The ID of something in EC2."""
    return f"{prefix}-0{secrets.token_hex(8)}"


@dataclass
class Hsm:
    """One HSM."""

    cluster_id: str
    hsm_type: str
    zone: str
    subnet: str
    identity: Identity
    stage: Stage
    ip: str = field(default_factory=lambda: next(ADDRESSES))
    id: str = field(default_factory=lambda: new_id("hsm"))
    eni: str = field(default_factory=lambda: new_resource_id("eni"))

    @property
    def state(self) -> str:
        """The present state."""
        self.stage = self.stage.now()
        return self.stage.state

    def describe(self) -> Description:
        """Hsm. It has an address as soon as it is ready."""
        state = self.state
        description = {
            "AvailabilityZone": self.zone,
            "ClusterId": self.cluster_id,
            "SubnetId": self.subnet,
            "HsmId": self.id,
            "HsmType": self.hsm_type,
            "State": state,
        }
        if state != "CREATE_IN_PROGRESS":
            description |= {"EniId": self.eni, "EniIp": self.ip}
        if message := HSM_MESSAGES.get(state):
            description["StateMessage"] = message
        return description


class Cluster:
    """One cluster, with the behaviour that a test ordered for it."""

    def __init__(self, account: str, region: str, hsm_type: str, mode: str, subnets: dict[str, str]) -> None:
        """A cluster in CREATE_IN_PROGRESS. The keys of `subnets` are availability zones."""
        self.account, self.region = account, region
        self.hsm_type, self.mode, self.subnets = hsm_type, mode, subnets
        self.id = new_id("cluster")
        self.vpc = new_resource_id("vpc")
        self.security_group = new_resource_id("sg")
        self.created = time.time()
        self.retention = {"Type": "DAYS", "Value": "90"}
        self.network_type = "IPV4"
        self.tags: dict[str, str] = {}
        self.hsms: list[Hsm] = []
        self.certificate: str | None = None
        # What a test may order.
        self.pace: float | None = PACE
        self.becomes = "INITIALIZED"
        self.message: str | None = None
        self.strangers = "CloudHsmResourceNotFoundException"
        self.variations: frozenset[str] = frozenset()
        self.replaced: dict[str, str | None] = {}
        self.stage = Stage.passing("CREATE_IN_PROGRESS", CLAIMABLE, self.pace)

    @property
    def state(self) -> str:
        """The present state."""
        self.stage = self.stage.now()
        return self.stage.state

    def vary(self, variation: str) -> None:
        """Makes HSMs with this variation from now on.

        Raises UnknownVariation.
        """
        self.variations = parse_variations(variation)

    def pass_to(self, state: str, following: str) -> None:
        """Enter a state that takes time, and later the state that follows it."""
        self.stage = Stage.passing(state, following, self.pace)

    def add_hsm(self, zone: str, roots: Roots, ip: str | None = None) -> Hsm:
        """Adds a new HSM, which is ready soon."""
        identity = Identity(self.hsm_type, self.mode, roots, self.variations)
        stage = Stage.passing("CREATE_IN_PROGRESS", "ACTIVE", self.pace)
        hsm = Hsm(self.id, self.hsm_type, zone, self.subnets[zone], identity, stage)
        hsm.ip = ip or hsm.ip
        self.hsms.append(hsm)
        return hsm

    def replace_hsm(self, roots: Roots) -> None:
        """Replaces the first HSM, as AWS does: the new one has another key and another CSR."""
        old = self.hsms.pop(0)
        new = self.add_hsm(old.zone, roots)
        new.stage = Stage("ACTIVE")
        self.hsms.insert(0, self.hsms.pop())

    @property
    def first_hsm(self) -> Hsm | None:
        """The first HSM that is ready: the one whose certificates the cluster shows."""
        ready = (hsm for hsm in self.hsms if hsm.state == "ACTIVE")
        return next(ready, None)

    def certificates(self) -> dict[str, str]:
        """Certificates. It omits the fields of certificates that do not exist."""
        shown: dict[str, str | None] = {}
        if self.state == CLAIMABLE and (hsm := self.first_hsm):
            shown |= hsm.identity.certificates
        elif self.state in CLAIMED:
            shown["ClusterCertificate"] = self.certificate
        return {name: pem for name, pem in (shown | self.replaced).items() if pem is not None}

    def describe(self) -> Description:
        """Cluster"""
        state = self.state
        description = {
            "BackupPolicy": "DEFAULT",
            "BackupRetentionPolicy": self.retention,
            "ClusterId": self.id,
            "CreateTimestamp": self.created,
            "Hsms": [hsm.describe() for hsm in self.hsms],
            "HsmType": self.hsm_type,
            "SecurityGroup": self.security_group,
            "State": state,
            "SubnetMapping": self.subnets,
            "VpcId": self.vpc,
            "NetworkType": self.network_type,
            "Certificates": self.certificates(),
            "TagList": [{"Key": key, "Value": value} for key, value in sorted(self.tags.items())],
            "Mode": self.mode,
        }
        if message := self.message or CLUSTER_MESSAGES.get(state):
            description["StateMessage"] = message
        return description


class Clusters:
    """All clusters. A reader or writer must hold the lock."""

    def __init__(self) -> None:
        """No clusters yet."""
        self.lock = threading.RLock()
        self.by_id: dict[str, Cluster] = {}

    def add(self, cluster: Cluster) -> Cluster:
        """Adds a cluster."""
        self.by_id[cluster.id] = cluster
        return cluster

    def of(self, account: str, region: str, wanted: Callable[[Cluster], bool]) -> list[Cluster]:
        """The wanted clusters of an account in a region, in the order of their creation."""
        own = (c for c in self.by_id.values() if (c.account, c.region) == (account, region))
        return [cluster for cluster in own if wanted(cluster)]


CLUSTERS = Clusters()
