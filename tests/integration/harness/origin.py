"""What a test may ask of any origin: its address, its users, and what it was asked itself."""

import collections
import urllib.parse
from dataclasses import dataclass

from .processes import HERE
from .s3 import S3
from .signing import Identity

OWNER = Identity("owner", "OWNERACCESSKEY000001", "owner-secret-0001-owner-secret-0001-owner")
STRANGER = Identity("stranger", "STRANGERACCESSKEY001",
                    "stranger-secret-0001-stranger-secret-01")

# A query that names one of these asks about an object, not for its bytes.
SUBRESOURCES = {"acl", "tagging", "uploads", "uploadId", "versioning", "versions", "policy",
                "location", "lifecycle", "cors", "retention", "legal-hold", "torrent",
                "attributes", "delete"}


@dataclass(frozen=True)
class Seen:
    """One request as the origin saw it."""
    operation: str
    method: str
    path: str
    query: str
    status: int
    bytes: int


def operation_of(method, path, query):
    """The S3 name of a path-style request, as far as the tests count them."""
    names = {name for name, _ in urllib.parse.parse_qsl(query, keep_blank_values=True)}
    is_object = path.strip("/").count("/") >= 1
    if not is_object:
        return f"{method.title()}Bucket"
    if names & SUBRESOURCES:
        return f"{method.title()}Subresource"
    return f"{method.title()}Object"


class Tally:
    """Requests per (operation, status), and the body bytes the origin sent."""

    def __init__(self, counts, sent):
        self.counts = collections.Counter({key: n for key, n in counts.items() if n})
        self.sent = sent

    def statuses(self, operation):
        return {status: n for (name, status), n in self.counts.items() if name == operation}

    def of(self, operation):
        return sum(self.statuses(operation).values())

    def __repr__(self):
        listed = ", ".join(f"{name} {status}: {n}" for (name, status), n in self.counts.items())
        return f"<{listed or 'nothing'}; {self.sent} bytes>"


class Origin:
    """Base of the origins. tally() counts since the last mark(); tests run one at a time."""

    name = "origin"
    domain = None           # virtual-hosted addressing: bucket.<domain>
    identities = (OWNER, STRANGER)
    revalidates = True      # answers 304 to what lode asks about an object that did not change
    folds_paths = False     # its keys are paths of a file system: a//b is a/b
    reads_race = False      # answers 500 to some reads of what is overwritten meanwhile

    def __init__(self, host=HERE):
        self.host = host
        self.port = None
        self._mark = (collections.Counter(), 0)

    @property
    def url(self):
        return f"http://{self.host.address}:{self.port}"

    def client(self, identity=OWNER, **more):
        return S3((self.host.address, self.port), identity, **more)

    def _totals(self):
        """(Counter of (operation, status), bytes sent) since the origin's start."""
        seen = self.seen_so_far()
        counts = collections.Counter((each.operation, each.status) for each in seen)
        return counts, sum(each.bytes for each in seen)

    def mark(self):
        self._mark = self._totals()

    def tally(self):
        counts, sent = self._totals()
        return Tally(counts - self._mark[0], sent - self._mark[1])
