"""AWS CloudHSM's operations on clusters. They replace those of moto 5.2.5, which has no HSMs, no certificates and no states.

The shapes are those of the API's model in botocore. Comments mark what AWS does not document.
"""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from moto.cloudhsmv2.responses import CloudHSMV2Response
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import JsonRESTError

import cluster_claim
import cluster_constraints
from cluster import CLAIMABLE, CLUSTERS, Cluster
from cluster_hardware import GENERATIONS, UnknownVariation
from cluster_roots import Roots
from cluster_states import CLUSTER_MESSAGES, Stage
from kms_responses import DENIED_ACCESS_KEY_PREFIX
from weather import access_key_of

DEFAULT_PAGE = 25
BEGUN = "INITIALIZE_IN_PROGRESS"
# The key of a tag by which CreateCluster asks for a variation (cluster_hardware.py).
VARIATION_TAG = "hsm-ca-test"


class ClusterError(JsonRESTError):
    """An error as CloudHSM sends it: its member is `Message`, with a capital M."""

    def __init__(self, error_type: str, message: str) -> None:
        """HTTP 400."""
        super().__init__(error_type, message)
        self.description = json.dumps({"__type": error_type, "Message": message})


def invalid(message: str) -> ClusterError:
    """The error for an invalid request."""
    return ClusterError("CloudHsmInvalidRequestException", message)


def account_of(access_key: str) -> str:
    """The account of an access key id. The id may end with the number of the account."""
    number = re.search(r"\d{12}$", access_key)
    return number[0] if number else DEFAULT_ACCOUNT_ID


def new_cluster(account: str, region: str, hsm_type: str, mode: str, subnets: list[str], variation: str) -> Cluster:
    """A cluster that is not in CLUSTERS yet. The subnets are in availability zones a, b, c, ..."""
    if hsm_type not in GENERATIONS:
        raise invalid(f"HSM type {hsm_type} is not supported. Supported types: {', '.join(GENERATIONS)}")
    zones = (region + letter for letter in "abcdefghij")
    cluster = Cluster(account, region, hsm_type, mode, dict(zip(zones, subnets, strict=False)))
    try:
        cluster.vary(variation)
    except UnknownVariation as error:
        raise invalid(f"local AWS: no {VARIATION_TAG}={error}") from error
    return cluster


class RealisticClusterResponse(CloudHSMV2Response):
    """The front end. moto handles backups."""

    # Stand in for AWS's and the manufacturer's roots; set when the server starts.
    roots: ClassVar[Roots]

    def get_current_account(self) -> str:
        """Gap in moto: it uses one account for all access key ids that it did not make."""
        return account_of(self.access_key_id)

    @property
    def access_key_id(self) -> str:
        """The access key id of the caller."""
        return access_key_of(self.headers.get("Authorization", ""))

    def _authenticate_and_authorize_normal_action(self, resource: str = "*") -> None:
        """Denies the callers that KMS denies, and refuses parameters that the model does not allow.

        The error for such parameters is CloudHsmInvalidRequestException, not the ValidationException of other services.
        The real CreateHsm answers like this if the availability zone does not match the pattern.
        """
        if self.access_key_id.startswith(DENIED_ACCESS_KEY_PREFIX):
            user = f"arn:aws:iam::{self.current_account}:user/denied"
            action = f"cloudhsm:{self._get_action()}"
            raise ClusterError("CloudHsmAccessDeniedException", f"User: {user} is not authorized to perform: {action}")
        if message := cluster_constraints.violations(self._get_action(), self.parameters):
            raise invalid(message)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the request."""
        return json.loads(self.body or "{}")

    @contextmanager
    def _cluster(self) -> Iterator[Cluster]:
        """The cluster of the request, locked during the request."""
        cluster_id = self.parameters.get("ClusterId") or self.parameters["ResourceId"]
        with CLUSTERS.lock:
            cluster = CLUSTERS.by_id.get(cluster_id)
            if cluster is None or cluster.region != self.region:
                raise ClusterError("CloudHsmResourceNotFoundException", f"Cluster {cluster_id} was not found.")
            if cluster.account != self.current_account:
                # AWS does not document which exception other accounts get, so a test may choose it.
                raise ClusterError(cluster.strangers, f"Cluster {cluster_id} was not found.")
            yield cluster

    # Clusters ---------------------------------------------------------------

    def create_cluster(self) -> str:
        """CreateCluster. It ignores a backup to restore."""
        parameters = self.parameters
        hsm_type: str = parameters["HsmType"]
        mode = parameters.get("Mode")
        # "ClusterMode is a required parameter for all hsm types except hsm1.medium" (User Guide).
        if mode is None and hsm_type != "hsm1.medium":
            raise invalid(f"Mode is required for HSM type {hsm_type}.")
        tags = {tag["Key"]: tag["Value"] for tag in parameters.get("TagList", ())}
        variation = tags.get(VARIATION_TAG, "")
        cluster = new_cluster(
            self.current_account, self.region, hsm_type, mode or "FIPS", parameters["SubnetIds"], variation
        )
        cluster.tags = tags
        cluster.retention = parameters.get("BackupRetentionPolicy", cluster.retention)
        cluster.network_type = parameters.get("NetworkType", cluster.network_type)
        with CLUSTERS.lock:
            return json.dumps({"Cluster": CLUSTERS.add(cluster).describe()})

    def describe_clusters(self) -> str:
        """DescribeClusters. For an unknown cluster the list is empty, because the model has no error for it."""
        filters: dict[str, list[str]] = self.parameters.get("Filters", {})
        size: int = self.parameters.get("MaxResults", DEFAULT_PAGE)
        if unknown := filters.keys() - {"clusterIds", "vpcIds", "states"}:
            raise invalid(f"Invalid filter: {', '.join(sorted(unknown))}")

        def wanted(cluster: Cluster) -> bool:
            values = {"clusterIds": cluster.id, "vpcIds": cluster.vpc, "states": cluster.state}
            return all(values[name] in allowed for name, allowed in filters.items())

        with CLUSTERS.lock:
            found = CLUSTERS.of(self.current_account, self.region, wanted)
            start = self._start(found)
            page = [cluster.describe() for cluster in found[start : start + size]]
        answer: dict[str, Any] = {"Clusters": page}
        if start + size < len(found):
            answer["NextToken"] = base64.b64encode(page[-1]["ClusterId"].encode()).decode()
        return json.dumps(answer)

    def _start(self, found: list[Cluster]) -> int:
        """The start of the page: after the cluster that NextToken names."""
        token = self.parameters.get("NextToken")
        if token is None:
            return 0
        for number, cluster in enumerate(found, 1):
            if base64.b64encode(cluster.id.encode()).decode() == token:
                return number
        raise invalid("Invalid NextToken.")

    def modify_cluster(self) -> str:
        """ModifyCluster: the retention of backups."""
        with self._cluster() as cluster:
            if "HsmType" in self.parameters:
                raise invalid("local AWS: the HSM type cannot change")
            cluster.retention = self.parameters.get("BackupRetentionPolicy", cluster.retention)
            return json.dumps({"Cluster": cluster.describe()})

    def initialize_cluster(self) -> str:
        """InitializeCluster"""
        with self._cluster() as cluster:
            if cluster.state != CLAIMABLE:
                raise invalid(f"Cluster {cluster.id} is in state {cluster.state}, not in {CLAIMABLE}.")
            hsm = cluster.first_hsm
            if hsm is None:
                raise invalid(f"Cluster {cluster.id} has no HSM in state ACTIVE, so it has no CSR.")
            signed_cert: str = self.parameters["SignedCert"]
            try:
                cluster_claim.check(
                    signed_cert, self.parameters["TrustAnchor"], hsm.identity.certificates["ClusterCsr"]
                )
            except cluster_claim.InvalidClaim as error:
                raise invalid(f"{error}.") from error
            cluster.certificate = signed_cert
            cluster.pass_to(BEGUN, cluster.becomes)
            return json.dumps({"State": BEGUN, "StateMessage": CLUSTER_MESSAGES[BEGUN]})

    def delete_cluster(self) -> str:
        """DeleteCluster"""
        with self._cluster() as cluster:
            if cluster.hsms:
                raise invalid(f"Cluster {cluster.id} has HSMs: delete them first.")
            cluster.pass_to("DELETE_IN_PROGRESS", "DELETED")
            return json.dumps({"Cluster": cluster.describe()})

    # HSMs -------------------------------------------------------------------

    def create_hsm(self) -> str:
        """CreateHsm"""
        with self._cluster() as cluster:
            zone: str = self.parameters["AvailabilityZone"]
            if cluster.state not in (CLAIMABLE, "INITIALIZED", "ACTIVE", "DEGRADED"):
                raise invalid(f"Cluster {cluster.id} is in state {cluster.state} and cannot get another HSM.")
            if zone not in cluster.subnets:
                raise invalid(f"Cluster {cluster.id} has no subnet in availability zone {zone}.")
            hsm = cluster.add_hsm(zone, self.roots, self.parameters.get("IpAddress"))
            return json.dumps({"Hsm": hsm.describe()})

    def delete_hsm(self) -> str:
        """DeleteHsm. One of three parameters names the HSM."""
        named = {key: value for key, value in self.parameters.items() if key != "ClusterId"}
        if len(named) != 1:
            raise invalid("Exactly one of HsmId, EniId and EniIp must be given.")
        with self._cluster() as cluster:
            ids = ({"HsmId": hsm.id, "EniId": hsm.eni, "EniIp": hsm.ip} for hsm in cluster.hsms)
            found = [hsm for hsm, own in zip(cluster.hsms, ids, strict=True) if named.items() <= own.items()]
            if not found:
                raise ClusterError("CloudHsmResourceNotFoundException", f"{named} was not found.")
            found[0].stage = Stage("DELETED")
            cluster.hsms.remove(found[0])
            return json.dumps({"HsmId": found[0].id})

    # Tags -------------------------------------------------------------------

    def list_tags(self) -> str:
        """ListTags, in one page."""
        with self._cluster() as cluster:
            return json.dumps({"TagList": cluster.describe()["TagList"]})

    def tag_resource(self) -> str:
        """TagResource"""
        with self._cluster() as cluster:
            cluster.tags |= {tag["Key"]: tag["Value"] for tag in self.parameters["TagList"]}
            return "{}"

    def untag_resource(self) -> str:
        """UntagResource"""
        with self._cluster() as cluster:
            for key in self.parameters["TagKeyList"]:
                cluster.tags.pop(key, None)
            return "{}"
