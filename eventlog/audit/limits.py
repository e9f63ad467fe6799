"""The limits of the SQL console and of POST /sql: the time limit of a statement, its rows and its bytes."""

import msgspec

# Statements at once, in whichever processes, and those that run over their time beside them, since PostgreSQL
# cannot end them. The role has room for both, and for those who are told that there is none.
AT_ONCE_MAX = 4
OVERRUNNING_MAX = 8
ROWS_DEFAULT = 1_000
ROWS_MAX = 10_000
STATEMENT_CHARACTERS_MAX = 100_000
# Each parameter as text, and all of them. The protocol takes 65,535.
PARAMETER_CHARACTERS_MAX = 100_000
PARAMETERS_CHARACTERS_MAX = 1_000_000
PARAMETERS_MAX = 10_000


# Of an answer's values, as PostgreSQL writes them.
ANSWER_BYTES_MAX = 4 << 20
# Longer, and people doubt that an answer comes; the command line may ask for up to a minute.
STATEMENT_SECONDS = 10.0


class StatementLimits(msgspec.Struct, frozen=True):
    """What ends a statement early: rows and bytes cut its answer, seconds cancel it."""

    rows: int = ROWS_DEFAULT
    bytes: int = ANSWER_BYTES_MAX
    seconds: float = STATEMENT_SECONDS
