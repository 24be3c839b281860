"""Slots of cron expressions by another implementation, cronsim, which follows the rules of Debian's cron.

Each line of standard input is `TIME ZONE COUNT CRON...`; each line of output has that many instants, in seconds since the
Unix epoch.
"""

import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

for line in sys.stdin:
    after, zone, count, expression = line.rstrip("\n").split(" ", 3)
    slots = CronSim(expression, datetime.fromisoformat(after).astimezone(ZoneInfo(zone)))
    print(*(int(next(slots).timestamp()) for _ in range(int(count))))
