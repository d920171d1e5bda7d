"""Why a call or a charge has no owner: the causes, what helps, and which names of attributes and tags look like an owner's."""

from __future__ import annotations

import re
from typing import NamedTuple

DIMENSIONS = ("tenant", "agent", "workflow")
UNTAGGED = "__untagged__"

_WORDS = {
    "tenant": (
        *("tenant", "customer", "organi[sz]ation", "org", "team", "department", "division", "workspace"),
        *("business[._-]?unit", "cost[._-]?cent(er|re)"),
    ),
    "agent": ("agent", "bot", "assistant"),
    "workflow": ("workflow", "flow", "process", "pipeline", "use[._-]?case", "feature"),
}
"""The words that an owner's attribute ends with, before `id`, `name`, `key` or nothing."""

_WHOLE = {
    "tenant": "k8s[._]namespace[._]name|service[._]namespace|namespace|project([._](id|name|key))?",
    "agent": "service[._]name|app([._]name)?|k8s[._](deployment|statefulset)[._]name",
    "workflow": "k8s[._]job[._]name|gen_ai[.]task[.]name|job([._]name)?",
}
"""Names that as a whole are an owner's where nothing better is there."""

OWNER_PATTERNS: dict[str, str] = {
    dimension: f"(^|[:._/-])({'|'.join(words)})([._-]?(id|name|key|slug))?$|^({_WHOLE[dimension]})$"
    for dimension, words in _WORDS.items()
}
"""Per dimension a regular expression for lower-case names, of the kind that Python and the ledger's engine read alike."""

_OWNER = re.compile("|".join(OWNER_PATTERNS.values()))


def looks_like_an_owner(name: str) -> bool:
    """Whether an attribute of that name may say whose a call is: `acme.customer_id`, `team`."""
    return _OWNER.search(name.lower()) is not None


class Cause(NamedTuple):
    """Why there is no owner, in a few words, and what helps. `{detail}` is a name, `{dimension}` what is lacking."""

    said: str
    remedy: str


CAUSES: dict[str, Cause] = {
    "unread_attribute": Cause("an attribute that [identity] does not read", '[identity] {dimension}: add "attr:{detail}"'),
    "unmapped_account": Cause("an account that no [[map]] names", '[[map]] account = "{detail}" with a {dimension}'),
    "lost_parent": Cause("a span above it is in no file", "ingest the traces of the calling service too"),
    "root_without_identity": Cause("its trace's root names none", "set it on the root span, or on the resource"),
    "no_identity_in_source": Cause("its record names no owner at all", "send metadata with the request, or map its account"),
    "attribute_missing": Cause("nothing on it names one", "set an attribute that [identity] {dimension} reads"),
    "unread_tag": Cause("a tag that [identity] does not read", '[identity] {dimension}: add "tag:{detail}"'),
    "no_rule_matched": Cause("no tag, account or rule names an owner", "tag it, or a [[rule]] for `{detail}`"),
    "names_other_owners": Cause("the charge names other owners only", "tag it, or name its owner by a [[rule]]"),
    "follows_calls": Cause("follows calls or meters without one", "what helps those calls"),
    "shared_as_a_whole": Cause("shared to tenants as a whole: the shares name none", "a [[rule]] with finer shares"),
}
"""The first six are causes of calls, the others of cost. Each call, and each unit of cost, has the first one that holds."""
