"""States that turn into the next one by themselves, as a cluster's and an HSM's do, only faster."""

import math
import time
from dataclasses import dataclass

CLUSTER_STATES = (
    "CREATE_IN_PROGRESS",
    "UNINITIALIZED",
    "INITIALIZE_IN_PROGRESS",
    "INITIALIZED",
    "ACTIVE",
    "UPDATE_IN_PROGRESS",
    "MODIFY_IN_PROGRESS",
    "ROLLBACK_IN_PROGRESS",
    "DELETE_IN_PROGRESS",
    "DELETED",
    "DEGRADED",
)
HSM_STATES = ("CREATE_IN_PROGRESS", "ACTIVE", "DEGRADED", "DELETE_IN_PROGRESS", "DELETED")

# What the service says of a state; of the others it says nothing.
CLUSTER_MESSAGES = {
    "INITIALIZE_IN_PROGRESS": "Cluster is initializing. State will change to INITIALIZED upon completion.",
    "DELETE_IN_PROGRESS": "The cluster is being deleted.",
}
HSM_MESSAGES = {"ACTIVE": "HSM created."}

# Seconds that a state in progress lasts.
PACE = 0.4


@dataclass
class Stage:
    """A state, and what comes after it."""

    state: str
    following: str | None = None
    due: float = math.inf

    @classmethod
    def passing(cls, state: str, following: str, pace: float | None) -> "Stage":
        """A state that lasts `pace` seconds, or until a test says so."""
        return cls(state, following, math.inf if pace is None else time.monotonic() + pace)

    def now(self) -> "Stage":
        """This one, or what has come after it."""
        return self.next() if time.monotonic() >= self.due else self

    def next(self) -> "Stage":
        """The one that comes after it, at once."""
        return Stage(self.following) if self.following else self
