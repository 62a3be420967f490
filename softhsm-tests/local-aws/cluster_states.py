"""States that change by themselves after some time, like those of a cluster and an HSM, but faster."""

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

# The service's messages for states; the other states have none.
CLUSTER_MESSAGES = {
    "INITIALIZE_IN_PROGRESS": "Cluster is initializing. State will change to INITIALIZED upon completion.",
    "DELETE_IN_PROGRESS": "The cluster is being deleted.",
}
HSM_MESSAGES = {"ACTIVE": "HSM created."}

# How many seconds a state in progress lasts.
PACE = 0.4


@dataclass
class Stage:
    """A state, and the state after it."""

    state: str
    following: str | None = None
    due: float = math.inf

    @classmethod
    def passing(cls, state: str, following: str, pace: float | None) -> "Stage":
        """A state that lasts `pace` seconds, or until a test ends it."""
        return cls(state, following, math.inf if pace is None else time.monotonic() + pace)

    def now(self) -> "Stage":
        """This stage, or the next one if it is due."""
        return self.next() if time.monotonic() >= self.due else self

    def next(self) -> "Stage":
        """The next stage, without waiting."""
        return Stage(self.following) if self.following else self
