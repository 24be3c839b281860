"""A day of schedules, judged by another implementation of cron, cronsim, which follows the rules of Debian's cron.

    day.py schedules SEED COUNT          print so many schedules, a line each, for `gofer-sim --day`
    day.py judge SCHEDULES TOLD UNTIL    compare what `gofer-sim` told with what had to become of all slots up to UNTIL, in
                                         milliseconds since the epoch; fails if anything differs
"""

import random
import sys
from collections import Counter, defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

ZONES = ["Europe/Berlin", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"]
# What is this much older or younger than the limit may have been either when its leader looked.
SLACK_MS = 60_000


def schedules(seed, count):
    chance = random.Random(seed)
    for number in range(count):
        minute, kind = chance.randrange(60), chance.random()
        if kind < 0.3:
            cron = f"{minute} {chance.choice([0, 1, 2, 2, 3, chance.randrange(24)])} * * *"
        elif kind < 0.5:
            cron = f"{minute},{(minute + 29) % 60} 1-3 * * *"
        elif kind < 0.8:
            cron = f"{minute} * * * *"
        elif kind < 0.9:
            cron = f"*/{chance.choice([10, 15, 20, 30])} * * * *"
        else:
            cron = f"{minute} */{chance.choice([2, 3, 4])} * * {chance.choice(['*', '0-6', 'SUN,SAT'])}"
        catch_up = ["none", "latest", f"all:{chance.randint(1, 5)}"][number % 3]
        blackout = f"{chance.randrange(60)} {chance.randrange(24)} * * * for 5400" if chance.random() < 0.2 else "-"
        jitter = chance.randrange(1, 120) if chance.random() < 0.2 else 0
        grace = chance.choice([30, 60, 120])
        print("|".join([f"s{number}", chance.choice(ZONES), catch_up, str(grace), str(jitter), blackout, cron]))


def slots(cron, zone, after_ms, until_ms):
    """All slots after an instant, up to and with another."""
    found = []
    # It goes on from the minute after the one it is given.
    for slot in CronSim(cron, datetime.fromtimestamp(after_ms // 1000 - 120, ZoneInfo(zone))):
        at = int(slot.timestamp()) * 1000
        if at > until_ms:
            return found
        if at > after_ms:
            found.append(at)


class Schedule:
    def __init__(self, line):
        name, zone, catch_up, grace, jitter, blackout, cron = line.rstrip("\n").split("|", 6)
        self.name, self.zone, self.cron, self.blackout = name, zone, cron, blackout
        self.missed_ms = (int(grace) + int(jitter)) * 1000
        self.most = {"none": 0, "latest": 1}.get(catch_up)
        if self.most is None:
            self.most = int(catch_up.removeprefix("all:"))
        self.settlements = []

    def due(self, until):
        """What is due, and what lies in a blackout window, since it was made."""
        began = self.settlements[0][1]
        due = slots(self.cron, self.zone, began, until)
        if self.blackout == "-":
            return due, set()
        opens, length = self.blackout.split(" for ")
        length = int(length) * 1000
        windows = slots(opens, self.zone, began - length, until)
        closes = {slot: max((at + length for at in windows if at <= slot < at + length), default=0) for slot in due}
        # What is skipped is told once the window has closed.
        due = [slot for slot in due if closes[slot] <= until]
        return due, {slot for slot in due if closes[slot]}

    def judge(self, until):
        """What is wrong, how late slots were started, and how many were skipped, by reason."""
        due, black = self.due(until)
        became, late, skipped, wrong = {}, [], Counter(), []
        for number, (time, start, end, fired, ranges) in enumerate(self.settlements):
            if number and start != self.settlements[number - 1][2]:
                wrong.append(f"settled from {start} after {self.settlements[number - 1][2]}")
            inside = [slot for slot in due if start < slot <= end]
            for slot in fired:
                became.setdefault(slot, []).append("fired")
                late.append(time - slot)
            for first, last, reason in ranges:
                for slot in inside:
                    if first <= slot <= last:
                        became.setdefault(slot, []).append(reason)
                        skipped[reason] += 1
            wrong += self.caught_up(time, [slot for slot in inside if slot not in black], fired)
        for slot in due:
            allowed = ["Blackout"] if slot in black else ["fired", "Missed"]
            if len(became.get(slot, [])) != 1 or became[slot][0] not in allowed:
                wrong.append(f"slot {slot} became {became.get(slot)}, allowed is one of {allowed}")
        strange = {slot for slot in became if slot <= until} - set(due)
        wrong += [f"{slot} is no slot, and became {became[slot]}" for slot in sorted(strange)]
        return wrong, late, skipped, len(due)

    def caught_up(self, time, inside, fired):
        """Of the slots that were missed, the latest so many are started; all others are."""
        old = [slot for slot in inside if time - slot > self.missed_ms]
        if any(abs(time - slot - self.missed_ms) < SLACK_MS for slot in inside if slot not in fired):
            return []
        missed = [slot for slot in old if slot not in fired]
        if not missed:
            return [] if self.most or not [slot for slot in old if time - slot > self.missed_ms + SLACK_MS] else [
                f"at {time} what was missed is started: {old}"
            ]
        kept = [slot for slot in old if slot in fired and time - slot > self.missed_ms + SLACK_MS]
        expected = old[len(old) - self.most :] if self.most else []
        near = [slot for slot in expected if time - slot <= self.missed_ms + SLACK_MS]
        if [slot for slot in expected if slot not in near] != kept:
            return [f"at {time} of {old}, missed, {kept} are started, expected were {expected}"]
        return []


def judge(schedule_file, told_file, until):
    with open(schedule_file) as lines:
        known = {schedule.name: schedule for schedule in map(Schedule, lines)}
    runs = defaultdict(set)
    doubled = []
    with open(told_file) as lines:
        for line in lines:
            time, name, start, end, *outcomes = line.split()
            fired, ranges = [], []
            for outcome in outcomes:
                what, how = outcome.split("=", 1)
                if "-" in what:
                    ranges.append((*map(int, what.split("-")), how))
                else:
                    fired.append(int(what))
                    pipeline = int(name[1:]) // 50
                    if how in runs[pipeline]:
                        doubled.append(f"run {how} of pipeline {pipeline} is for two slots")
                    runs[pipeline].add(how)
            known[name].settlements.append((int(time), int(start), int(end), fired, ranges))
    wrong, late, skipped, due = [*doubled], [], Counter(), 0
    by_policy = Counter()
    for schedule in known.values():
        if not schedule.settlements:
            wrong.append(f"{schedule.name}: never made")
            continue
        faults, lateness, reasons, count = schedule.judge(until)
        wrong += [f"{schedule.name} ({schedule.cron} {schedule.zone}): {fault}" for fault in faults]
        late += lateness
        skipped += reasons
        due += count
        by_policy[min(schedule.most, 2)] += count
    late.sort()
    late = late or [0]
    policies = ", ".join(f"{by_policy[key]} of {name}" for key, name in enumerate(["none", "latest", "all"]))
    print(f"{due} slots of {len(known)} schedules ({policies}): {len(late)} started, skipped {dict(skipped)}, {len(wrong)} wrong")
    print("late by", ", ".join(f"{late[len(late) * at // 1000] / 1000:.1f} s (p{at / 10:g})" for at in (500, 900, 990, 999)))
    for fault in wrong[:20]:
        print("WRONG", fault)
    return not wrong


if sys.argv[1] == "schedules":
    schedules(int(sys.argv[2]), int(sys.argv[3]))
else:
    sys.exit(0 if judge(sys.argv[2], sys.argv[3], int(sys.argv[4])) else 1)
