"""What each route asks of a caller. Deny by default: a path that stands here nowhere is for nobody.

The routes about topics ask again, for the topics that a request is about: api/requests/topics.py.
"""

import re
from typing import NamedTuple

from eventlog.keys.scopes import ALL, Scopes, Verb

# Of anybody, and of nobody at all.
PUBLIC: tuple[Verb, ...] = ()
OPERATORS = frozenset[Verb]({"operate", "metrics", "keys"})


class Permission(NamedTuple):
    """Which requests, and the verbs of which a caller needs one; none are needed for what is public.

    of_all: they are needed for all topics, where the answer cannot be told apart by topic.
    """

    methods: str
    path: str
    verbs: tuple[Verb, ...]
    of_all: bool = False

    @property
    def is_public(self) -> bool:
        """Whether the route asks for no key."""
        return self.verbs == PUBLIC

    @property
    def is_for_operators(self) -> bool:
        """Whether it is about the service and not about events: see EVENTLOG_ADMIN_PORT."""
        return not OPERATORS.isdisjoint(self.verbs)

    @property
    def needed(self) -> str:
        """What a caller needs, for people."""
        verbs = " or ".join(self.verbs)
        return f"{verbs}, for all topics," if self.of_all else verbs

    def is_for(self, scopes: Scopes) -> bool:
        """Say whether these scopes open it."""
        if self.of_all:
            return any(scopes.cover(verb, ALL) for verb in self.verbs)
        return any(map(scopes.allow, self.verbs))


READ = "GET HEAD"
# The first row that fits holds.
PERMISSIONS = (
    Permission("POST", r"/publish(/batch)?", ("publish",)),
    Permission("POST", r"/ingest/[^/]+", ("publish",)),
    Permission("POST", r"/v1/logs/?", ("publish",)),
    Permission("POST PUT", r"(/[^/]+)?/_bulk", ("publish",)),
    Permission(READ, r"/_(cat|cluster)/health", PUBLIC),
    Permission(READ, r"/events/stream", ("subscribe",)),
    Permission(READ, r"/events(/.*)?", ("read",)),
    Permission(READ, r"/deliveries(/.*)?", ("read",)),
    Permission(READ, r"/(stats|timeline|quarantine(/retries)?)", ("read",)),
    Permission("POST", r"/quarantine/[^/]*/retry", ("operate",)),
    Permission(READ, r"/projections(/[^/]*)?", ("read", "operate", "metrics"), of_all=True),
    Permission("POST", r"/projections/[^/]*/(rebuild|verify)", ("operate",)),
    Permission("DELETE", r"/projections/[^/]*", ("operate",)),
    Permission(READ, r"/operations(/[^/]*)?", ("read", "operate", "metrics"), of_all=True),
    Permission("DELETE", r"/operations/[^/]*", ("operate",)),
    Permission("POST", r"/sql", ("sql",)),
    Permission(READ, r"/sql/(questions|schema)", ("sql",)),
    Permission(READ, r"/health/findings", ("operate", "metrics")),
    Permission(READ, r"/metrics", ("metrics",)),
    # Authenticated by its signature, not by a key.
    Permission("POST", r"/hooks/[^/]+", PUBLIC),
    Permission(f"{READ} POST", r"/keys", ("keys",)),
    Permission(READ, r"/keys/[^/]*", ("keys",)),
    Permission("POST", r"/keys/[^/]*/(rotate|suspend|resume|revoke)", ("keys",)),
    # The key is in the body; and whoever has a cookie may give it back.
    Permission("POST DELETE", r"/session", PUBLIC),
    # What tells nothing of the log: probes, the web console's own files, the documents.
    Permission(READ, r"/(livez|readyz|health)", PUBLIC),
    Permission(READ, r"/(|docs|openapi\.json|favicon\.ico)", PUBLIC),
    Permission(READ, r"/(console|static-offline-docs)(/.*)?", PUBLIC),
)
_COMPILED = tuple((frozenset(row.methods.split()), re.compile(row.path), row) for row in PERMISSIONS)
# It tells which methods a route has, as the OpenAPI document does; probes ask so.
_OPTIONS = Permission("OPTIONS", "", PUBLIC)


def permission_for(method: str, path: str) -> Permission | None:
    """Return what a request needs; None where nobody may."""
    if method == "OPTIONS":
        return _OPTIONS
    for methods, pattern, permission in _COMPILED:
        if method in methods and pattern.fullmatch(path):
            return permission
    return None


def is_for_operators(path: str) -> bool:
    """Say whether a path is about the service, by whatever method it is asked."""
    return any(row.is_for_operators and pattern.fullmatch(path) for _, pattern, row in _COMPILED)


def methods_of(path: str) -> str:
    """Return the methods that a path has, as Allow lists them; nothing where there is no such path."""
    return ", ".join(
        dict.fromkeys(
            method for row in PERMISSIONS if re.fullmatch(row.path, path) for method in row.methods.split()
        )
    )
