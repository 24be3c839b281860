"""Cycles among tasks."""

from __future__ import annotations

from typing import Dict, List, Optional

from ._config import TaskConfig


def check_cycle(tasks: Dict[str, TaskConfig]) -> Optional[List[str]]:
    """A cycle as a path from child to parent, the first id repeated at the end; none if there is no cycle.

    A task that depends on itself is passed over: that is a fault of its own.
    """
    parents = {id: sorted(p for p in task.depends_on if p != id and p in tasks) for id, task in tasks.items()}
    children: Dict[str, List[str]] = {id: [] for id in tasks}
    for id in tasks:
        for parent in parents[id]:
            children[parent].append(id)
    waiting = {id: len(parents[id]) for id in tasks}
    ready = [id for id, count in waiting.items() if count == 0]
    while ready:
        id = ready.pop()
        del waiting[id]
        for child in children[id]:
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    if not waiting:
        return None
    # Each task left over has a parent among them, so following parents comes back to where it was.
    path = [min(waiting)]
    while True:
        parent = next(p for p in parents[path[-1]] if p in waiting)
        if parent in path:
            return [*path[path.index(parent) :], parent]
        path.append(parent)
