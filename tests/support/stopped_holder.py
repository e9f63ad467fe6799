"""A process of its own that takes the order lock, says so, and does nothing more: to be stopped.

python -m tests.support.stopped_holder DSN PARTITION lock|copy
"""

import sys
import time

from eventlog.log.append import number_rows
from eventlog.statements import statement
from tests.support.deliveries import appender, deliveries, event, topic_in


def main(dsn: str, partition: int, where: str) -> None:
    session = appender(dsn)
    session.execute(statement("append/begin"))
    heads: dict[int, int] = dict(
        session.execute(statement("append/lock"), {"partitions": [partition]}).fetchall()
    )
    if where == "copy":
        data, _ = number_rows([deliveries(event(topic_in(partition)))], [partition], heads)
        with session.cursor().copy(statement("append/copy")) as copy:
            copy.write(data[:-10])
            say_and_wait()
    say_and_wait()


def say_and_wait() -> None:
    print("locked", flush=True)
    time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
