"""The path of a run: its steps as a tree, what each cost and took by itself and with all below it, and where the time went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Kind = Literal["model", "database", "queue", "external API", "human", "own work"]

_BY_OPERATION: Mapping[str, Kind] = {"inference": "model", "embeddings": "model", "retrieval": "database", "tool": "external API"}
_BY_WORD: Mapping[str, Kind] = {
    **dict.fromkeys(("human", "review", "approval", "approve", "escalate"), "human"),
    **dict.fromkeys(("queue", "enqueue", "dequeue", "publish", "receive", "poll", "wait", "sqs", "kafka", "celery"), "queue"),
    **dict.fromkeys(("sql", "postgres", "mysql", "redis", "database", "db", "vector", "mongo", "dynamodb"), "database"),
}


@dataclass(frozen=True)
class Step:
    """One span. Times are microseconds; `cost` is in `currency`, None where unknown or where it meters nothing of its own."""

    key: str
    parent: str | None
    operation: str
    name: str
    start: int
    end: int
    cost: Decimal | None = None
    currency: str = ""

    @property
    def kind(self) -> Kind:
        """What one waits for in this step. Names decide only between tools and steps of no known operation."""
        known = _BY_OPERATION.get(self.operation, "own work")
        if self.operation in ("inference", "embeddings", "retrieval", "agent", "workflow"):
            return known
        words = self.name.lower().replace("-", "_").replace(" ", "_").replace(".", "_").split("_")
        return next((_BY_WORD[word] for word in words if word in _BY_WORD), known)


@dataclass
class Node:
    """A step in its tree. `costs_below` has the whole subtree by currency, `own_time` is what no child covers, `path_time` is the
    time for which the run waited for this step itself: path times of a run add up to its duration.
    """

    step: Step
    depth: int = 0
    children: list[Node] = field(default_factory=list)
    costs_below: dict[str, Decimal] = field(default_factory=dict)
    last: int = 0
    """When the step or the last one below it ended."""
    own_time: int = 0
    path_time: int = 0


@dataclass(frozen=True)
class Tree:
    """All nodes from the first root on, parents before children, children by start. `waited` is time that no step covers."""

    nodes: Sequence[Node]
    start: int
    end: int
    waited: int

    def time_by_kind(self) -> dict[str, int]:
        """Path time by what was waited for; adds up to the duration."""
        sums: dict[str, int] = defaultdict(int)
        for node in self.nodes:
            sums[node.step.kind] += node.path_time
        sums["own work"] += self.waited
        return {kind: time for kind, time in sums.items() if time}

    def bottleneck(self) -> str | None:
        """What the run waited for longest; ties go by name."""
        times = self.time_by_kind()
        return min(times, key=lambda kind: (-times[kind], kind)) if times else None


def tree(steps: Iterable[Step]) -> Tree | None:
    """The tree of a run's steps, None without steps. A parent that is missing, or that would close a circle, makes a root."""
    nodes = {step.key: Node(step) for step in sorted(steps, key=lambda step: (step.start, -step.end, step.key))}
    roots = []
    for node in nodes.values():
        above = nodes.get(node.step.parent) if node.step.parent is not None else None
        if above is None or _below(above, node, nodes):
            roots.append(node)
        else:
            above.children.append(node)
    if not roots:
        return None
    ordered = _parents_first(roots)
    for node in reversed(ordered):
        _sum_up(node)
    start = min(node.step.start for node in roots)
    end = max(node.last for node in roots)
    waited = _walk(roots, start, end)
    return Tree(ordered, start, end, waited)


def _below(node: Node, top: Node, nodes: Mapping[str, Node]) -> bool:
    """Whether `top` is `node` or above it."""
    seen: set[str] = set()
    at: Node | None = node
    while at is not None and at.step.key not in seen:
        if at is top:
            return True
        seen.add(at.step.key)
        at = nodes.get(at.step.parent) if at.step.parent is not None else None
    return False


def _parents_first(roots: Sequence[Node]) -> list[Node]:
    ordered: list[Node] = []
    waiting = list(reversed(roots))
    while waiting:
        node = waiting.pop()
        ordered.append(node)
        for child in reversed(node.children):
            child.depth = node.depth + 1
            waiting.append(child)
    return ordered


def _sum_up(node: Node) -> None:
    sums = defaultdict(Decimal, {} if node.step.cost is None else {node.step.currency: node.step.cost})
    for child in node.children:
        for currency, cost in child.costs_below.items():
            sums[currency] += cost
    node.costs_below = dict(sorted(sums.items()))
    node.last = max([node.step.end, node.step.start, *(child.last for child in node.children)])
    node.own_time = max(node.step.end - node.step.start, 0) - _covered(node)


def _covered(node: Node) -> int:
    """How much of the step's own time its children cover, overlaps once."""
    covered, upto = 0, node.step.start
    for child in node.children:
        first, last = max(child.step.start, upto), min(child.last, node.step.end)
        if last > first:
            covered += last - first
            upto = last
    return covered


def _walk(roots: Sequence[Node], start: int, end: int) -> int:
    """Walks back from the end: at each moment the run waits for the step that ended last before it. Returns time in no step."""
    waited = 0
    todo: list[tuple[Node | None, int, int]] = [(None, start, end)]
    while todo:
        node, first, cursor = todo.pop()
        among = sorted(node.children if node else roots, key=lambda child: (-child.last, child.step.start, child.step.key))
        own = 0
        for child in among:
            if cursor <= first:
                break
            ended, began = min(child.last, cursor), max(child.step.start, first)
            if ended <= began:
                continue
            own += cursor - ended
            todo.append((child, began, ended))
            cursor = began
        own += max(cursor - first, 0)
        if node is None:
            waited += own
        else:
            node.path_time += own
    return waited
