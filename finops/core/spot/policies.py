"""Ways to run a job to its deadline on spot where it is there and on demand where it must, replayed on traces of availability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Policy = Literal["greedy", "uniform_progress"]
POLICIES: tuple[Policy, ...] = ("greedy", "uniform_progress")
Machine = Literal["none", "spot", "on_demand"]


@dataclass(frozen=True)
class Ran:
    """One replay: hours on each kind of machine and from start to end."""

    spot_h: float
    on_demand_h: float
    end_h: float
    late: bool
    changes: int

    def cost(self, spot: float, on_demand: float) -> float:
        return self.spot_h * spot + self.on_demand_h * on_demand


@dataclass(frozen=True)
class Task:
    """Work with a deadline. `change_h` is billed at each new machine before work goes on; work done is kept."""

    work_h: float
    deadline_h: float
    change_h: float


def replayed(policy: Policy, task: Task, available: Sequence[bool], step_h: float, start: int = 0) -> Ran:
    """The task from step `start` of a trace of availability, which begins anew at its end.

    Greedy takes spot whenever there is any and waits otherwise. Uniform progress also goes on demand when spot is away and the
    work is behind its line (work x time / deadline), and returns to spot only two changes ahead of it. Both go on demand for
    good once the time left is less than the work left and two changes."""
    machine: Machine = "none"
    done, lead, step, changes, forced = 0.0, 0.0, 0, 0, False
    hours = {"none": 0.0, "spot": 0.0, "on_demand": 0.0}
    while done < task.work_h - 1e-12:
        now = step * step_h
        there = available[(start + step) % len(available)]
        slack = task.deadline_h - now - (task.work_h - done)
        if machine == "spot" and not there:
            machine = "none"
        forced = forced or slack - step_h < (lead + task.change_h if machine == "spot" else 2 * task.change_h)
        wanted = "on_demand" if forced else _wanted(policy, machine, there, done, now, task)
        if wanted != machine:
            machine = wanted
            lead, changes = (task.change_h, changes + 1) if wanted != "none" else (0.0, changes)
        used = step_h
        if machine != "none":
            ahead = min(lead, step_h)
            lead -= ahead
            worked = min(step_h - ahead, task.work_h - done)
            done, used = done + worked, ahead + worked
        hours[machine] += used
        step += 1
    end = (step - 1) * step_h + used
    return Ran(hours["spot"], hours["on_demand"], end, end > task.deadline_h + 1e-9, changes)


def _wanted(policy: Policy, machine: Machine, there: bool, done: float, now: float, task: Task) -> Machine:
    if policy == "greedy":
        return "spot" if there else "none"
    if machine == "on_demand":
        ahead = done >= (now + 2 * task.change_h) * task.work_h / task.deadline_h
        return ("spot" if there else "none") if ahead else "on_demand"
    if there:
        return "spot"
    return "on_demand" if done < now * task.work_h / task.deadline_h else "none"


def least_cost(task: Task, available: Sequence[bool], step_h: float, start: int, spot: float, on_demand: float) -> float:
    """No policy can cost less: as much of the work on spot as there is until the deadline, no change billed."""
    steps = int(task.deadline_h / step_h + 1e-9)
    there = sum(available[(start + step) % len(available)] for step in range(steps)) * step_h
    on_spot = min(there, task.work_h) if spot < on_demand else 0.0
    return on_spot * spot + (task.work_h - on_spot) * on_demand


def starts(length: int, many: int) -> list[int]:
    """So many starts, spread evenly over a trace."""
    return sorted({length * number // many for number in range(many)})
