"""What stamps look like, and what may stand before them. Data: one format a line, one place a line.

A stamp counts only at a place where stamps stand. A number or a date anywhere else is part of the text, so that
`build 1234567890` and `next run: 2099-01-01 00:00:00` have no time of their own.
"""

import re
from typing import NamedTuple

# Abbreviated and full, of the languages in which systems write logs; the dot behind is taken by the pattern.
_MONTH_NAMES = (
    "jan january januar janvier janv enero ene gennaio gen janeiro januari jänner jän sty",
    "feb february februar février fevrier févr fevr febrero febbraio fev fevereiro februari lut",
    "mar march märz marz mär mrz mars marzo março marco mrt maart marca",
    "apr april avril avr abril abr aprile kwi",
    "may mai mayo maggio mag maio mei maj",
    "jun june juni juin junio giugno giu junho cze",
    "jul july juli juillet juil julio luglio lug julho lip",
    "aug august août aout agosto ago augustus augusti sie",
    "sep sept september septembre septiembre settembre set setembro wrz",
    "oct october oktober okt octobre octubre ottobre ott outubro out paź",
    "nov november novembre noviembre novembro lis",
    "dec december dez dezember décembre decembre déc diciembre dic dicembre dezembro des desember gru",
)
MONTHS = {name.encode(): number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
_DAY_NAMES = (
    "mon monday mo montag lun lundi lunes lunedì maandag ma",
    "tue tuesday di dienstag mar mardi martes mar dinsdag",
    "wed wednesday mi mittwoch mer mercredi mié miércoles mer woensdag wo",
    "thu thursday do donnerstag jeu jeudi jue jueves gio donderdag",
    "fri friday fr freitag ven vendredi vie viernes vrijdag vr",
    "sat saturday sa samstag sam samedi sáb sábado sab zaterdag za",
    "sun sunday so sonntag dim dimanche dom domingo zondag zo",
)
WEEKDAYS = {name.encode(): number for number, names in enumerate(_DAY_NAMES) for name in names.split()}


def _names(names: dict[bytes, int]) -> str:
    return "|".join(sorted((re.escape(name.decode()) for name in names), key=len, reverse=True))


# A comma also separates fields: behind it stand thousandths, millionths or billionths, or no field follows.
_FRACTION = r"(?:\.|,(?=\d{3}(?:\d{3}){0,2}(?!\d)|\d{1,9}(?![\d,])))(?P<f>\d{1,12})"
_PARTS = {
    "MON": rf"(?<![A-Za-z])(?P<mon>(?i:{_names(MONTHS)}))(?![A-Za-z])\.?",
    "DAY": rf"(?:(?<![A-Za-z])(?P<wday>(?i:{_names(WEEKDAYS)}))\.?,? +)?",
    "YEAR": r"(?P<y>(?:19|20)\d\d)",
    "YMD": r"(?<![\d.-])(?P<y>(?:19|20)\d\d)(?P<sep>[-/.])(?P<mo>\d{1,2})(?P=sep)(?P<d>\d{1,2})(?!\d)",
    "ABC": r"(?<![\d/.-])(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{4}|\d\d)(?!\d)",
    "COMPACT": r"(?P<y>(?:19|20)\d\d)(?P<mo>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])",
    "CLOCK": rf"(?P<h>\d{{1,2}}):(?P<mi>\d\d)(?::(?P<s>\d\d)(?:{_FRACTION}|:(?P<ms>\d{{1,3}}))?)?(?!\d)",
    "CLOCK_S": rf"(?P<h>\d{{1,2}}):(?P<mi>\d\d):(?P<s>\d\d)(?:{_FRACTION}|:(?P<ms>\d{{1,3}}))?(?!\d)",
    "HALF": r"(?: ?(?P<half>(?i:[ap]\.?m\b\.?|nachm\.|vorm\.)))?",
    # A blank and two digits are a zone only where nothing but a bracket or a separator follows.
    "ZONE": (
        r"(?: ?(?P<zone>Z(?![A-Za-z])|(?:UTC|GMT)[+-]\d{1,2}(?::?\d\d)?|[+-]\d{2}:?\d{2}(?!\d)"
        r"|(?<=\d)[+-]\d{2}(?![\d.])|(?<= )[+-]\d{2}(?= ?\[| *$|[,\"\]:]| \S+@| (?:19|20)\d\d)"
        r"|(?:UTC|GMT)(?![\w])|(?!(?:INFO|WARN|ERROR|DEBUG|TRACE|FATAL|LOG)\b)[A-Z]{3,5}(?![\w])|[A-Z][a-z]+/[A-Z][A-Za-z_/-]+))?"
    ),
}


class Format(NamedTuple):
    """One way to write a stamp. `weak` is one that an ordinary number looks like."""

    name: str
    pattern: str
    weak: bool = False


def _f(name: str, pattern: str, *, weak: bool = False) -> Format:
    return Format(name, re.sub(r"\{([A-Z_]+)\}", lambda part: _PARTS[part[1]], pattern), weak)


# Order is precedence where two fit at the same place: what says more comes first.
FORMATS = (
    _f(
        "iso-dots",
        r"{YMD}[-T ](?P<h>\d\d)\.(?P<mi>\d\d)\.(?P<s>\d\d)(?:\.(?P<f>\d{1,12}))?(?P<minutes>[+-]\d{3}\b)?(?!\d)",
    ),
    _f("iso", r"{YMD}(?:[T_,;|-]|[ \t]{1,3}){CLOCK}{HALF}{ZONE}"),
    _f("iso-week", r"{YEAR}-W(?P<week>\d\d)-(?P<weekday>[1-7])T{CLOCK}{ZONE}"),
    _f(
        "iso-basic",
        r"(?<![\d.]){COMPACT}(?:[T-](?P<h>\d\d)(?P<mi>\d\d)(?P<s>\d\d))(?:[.,](?P<f>\d{1,12}))?(?![\d]){ZONE}",
    ),
    _f(
        "iso-mixed",
        r"(?<![\d.]){COMPACT}[ T-](?P<h>\d{1,2}):(?P<mi>\d{1,2}):(?P<s>\d{1,2})(?:[.,](?P<f>\d{1,12})|:(?P<ms>\d{1,3}))?(?![\d]){ZONE}",
    ),
    _f(
        "digits",
        r"(?<![\d.]){COMPACT}(?P<h>[01]\d|2[0-3])(?P<mi>[0-5]\d)(?P<s>[0-5]\d)(?P<f>\d{3}|\d{6})?(?![\d.])",
    ),
    _f("chinese", r"(?P<y>\d{4})年(?P<mo>\d{1,2})月(?P<d>\d{1,2})日 ?{CLOCK}"),
    _f("asctime", r"{DAY}{MON} {1,2}(?P<d>\d{1,2}) {CLOCK_S}{HALF}{ZONE} {YEAR}(?!\d)"),
    _f("asctime-day-first", r"{DAY}(?P<d>\d{1,2})\.? {MON} {CLOCK_S}{HALF}{ZONE} {YEAR}(?!\d)"),
    _f(
        "day-month-year",
        r"{DAY}(?<!\d)(?P<d>\d{1,2})[-/. ]{0,2}{MON}[-/. ]{0,2}{YEAR}(?::{1,2}|T|,? {1,2}){CLOCK}{HALF}{ZONE}",
    ),
    _f("month-day-year", r"{DAY}{MON} {1,2}(?P<d>\d{1,2}),? {YEAR},? {CLOCK}{HALF}{ZONE}"),
    _f("year-month-day", r"{YEAR}[- ]{MON}[- ]{1,2}(?P<d>\d{1,2}),? {CLOCK}{HALF}{ZONE}"),
    _f("day-month-short-year", r"(?<!\d)(?P<d>\d{1,2})[-/]{MON}[-/](?P<yy>\d\d)[ :]{CLOCK_S}{HALF}{ZONE}"),
    _f("month/day/year", r"{MON}/(?P<d>\d{1,2})/{YEAR} {CLOCK_S}"),
    _f(
        "date and time",
        r'date="?{YMD}"?[ ,]+time="?{CLOCK_S}"?(?:[^\n]{0,1500}? tz="?(?P<zone>[+-]\d{4}))?',
    ),
    _f(
        "iso-colons",
        r"{COMPACT}:(?P<h>[01]\d|2[0-3])(?P<mi>[0-5]\d)(?P<s>[0-5]\d)\.(?P<f>\d{3})(?!\d)",
    ),
    _f("numbers", r"{ABC}(?:,? |[\t,;T-]){CLOCK}{HALF}{ZONE}"),
    _f("month-day", r"{DAY}{MON} {1,2}(?P<d>\d{1,2}),? {CLOCK_S}{HALF}{ZONE}"),
    _f("day-month", r"{DAY}(?<!\d)(?P<d>\d{1,2})\.?[-/ ]{MON} {CLOCK_S}{HALF}{ZONE}"),
    _f(
        "glog",
        r"(?P<mo>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])[ /](?P<h>\d\d):?(?P<mi>\d\d):?(?P<s>\d\d)\.(?P<f>\d{3,9})(?!\d)",
    ),
    _f(
        "two-numbers",
        r"(?<![\d/.-])(?P<mo>0[1-9]|1[0-2])[-/](?P<d>0[1-9]|[12]\d|3[01])(?: |-(?=[\d:]{8}\.\d{6})){CLOCK_S}",
    ),
    _f(
        "short",
        r"(?<!\d)(?P<yy>\d\d)(?P<mo>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01]) {1,2}(?P<h>\d{1,2}):(?P<mi>\d\d):(?P<s>\d\d)(?![\d:])",
    ),
    _f(
        "short-digits",
        r"(?<!\d)(?P<yy>\d\d)(?P<mo>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01]) (?P<h>[01]\d|2[0-3])(?P<mi>[0-5]\d)(?P<s>[0-5]\d) \d+ (?=[A-Z]{4,5}\b)",
    ),
    _f("tai64n", r"@(?P<tai>40000000[0-9a-f]{8})(?P<tai_ns>[0-9a-f]{8})(?![0-9a-f])"),
    _f("scientific", r"(?<![\d.])(?P<scientific>1\.\d{6,17}[eE]\+?0?9)(?!\d)"),
    _f("epoch-fraction", r"(?<![\w.:/+-])(?P<epoch>[12]\d{9})\.(?P<f>\d{1,9})(?![\w.-])"),
    _f("epoch", r"(?<![\w.:/+-])(?P<epoch>[12]\d{9})(?![\w.-])", weak=True),
    _f("epoch-ms", r"(?<![\w.:/+-])(?P<epoch_ms>1\d{12})(?![\w.-])", weak=True),
    _f("epoch-us", r"(?<![\w.:/+-])(?P<epoch_us>1\d{15})(?![\w.-])", weak=True),
    _f("epoch-ns", r"(?<![\w.:/+-])(?P<epoch_ns>1\d{18})(?![\w.-])", weak=True),
)


class StampPlace(NamedTuple):
    """What may stand before a stamp.

    `weak_too` says that a mere number there is a time; `joins` that a line without its stamp there goes on with
    the record before; `after` what has to follow the stamp.
    """

    name: str
    pattern: str
    weak_too: bool = False
    joins: bool = True
    after: str = ""


_LEVEL = (
    r"(?:TRACE|DEBUG|FINEST|FINER|FINE|VERBOSE|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|FATAL|CRIT"
    r"|CRITICAL|ALERT|EMERG|PANIC|LOG|STDOUT|STDERR|CONFIG)"
)
_KEY = (
    r"(?:@?timestamp|@?time|ts|t|datetime|date|when|eventtime|event_time|start_time|rt|devtime|start|logtime)"
)
PLACES = (
    StampPlace("start", r""),
    StampPlace("alone", r"", weak_too=True, after=r"(?=[ \t]+(?:\w*[A-Z]{3,}|\S+\[\d+\]|\w+[.:]\w)|[ \t]*$)"),
    StampPlace("tab", r"", weak_too=True, after=r"(?=\t)"),
    StampPlace("bracket", r"\[", weak_too=True, after=r"(?=[\] ,:|])"),
    StampPlace("opening", r"(?:[\[(<{\"'|*.>]{1,3}|>>> +Section start +) ?"),
    StampPlace("priority", r"<\d{1,3}>(?:\d )?[*.]?"),
    StampPlace("level letter", r"\[?[TDIWEFCV](?:, \[)?"),
    StampPlace(
        "level",
        rf"\[?(?i:{_LEVEL})\]?[:,|]?[ \t]*(?:\[[^\]]{{0,80}}\][ \t]*|\S{{1,60}} (?=\[?(?:19|20))){{0,3}}[\[(]?",
    ),
    StampPlace("logfmt", rf"(?:[^\n]{{0,800}}?[\s|,])?(?i:{_KEY})[=:] ?[\"'\[]?", weak_too=True, joins=False),
    StampPlace("audit", r"(?:node=\S+ )?type=\S+ msg=audit\(", weak_too=True, joins=False),
    StampPlace("access", r"\S{1,200} \S{1,80} \S[^\[\]\"]{0,80}\[", joins=False),
    StampPlace("haproxy", r"\S{3,60}:\d{1,5} \[", joins=False),
    StampPlace("process", r"(?:\[\d{1,7}\]|\d{1,7}:[A-Z]|\d{1,7}) "),
    StampPlace("cisco", r"(?:<\d{1,3}>)?(?:\d{1,10}: )(?:[\w.-]{1,60}: )?[*.]?"),
    StampPlace(
        "label",
        r"(?:# )?(?:Start-Date|End-Date|Date|Time|Timestamp|=[A-Z ]{3,20}====|begin|started at|at):? {1,3}\[?",
    ),
    StampPlace("history", r"#", weak_too=True, after=r"(?=\s*$)"),
    StampPlace("shell", r": ", weak_too=True, after=r"(?=:\d+;)"),
    StampPlace("rails", r"Started [A-Z]{3,8} \"[^\"]{0,2000}\" for \S+ at ", joins=False),
    StampPlace("balancer", r"(?:https?|h2|grpcs?|wss?|tls) ", joins=False),
    StampPlace("flow", r"\d \d{12} eni-\S+ \S+ \S+ (?:\S+ ){5}", weak_too=True, joins=False),
    StampPlace(
        "journal", r"(?:__REALTIME_TIMESTAMP|_SOURCE_REALTIME_TIMESTAMP)=", weak_too=True, joins=False
    ),
    StampPlace("bluegene", r"\S{1,20} \d{10} \d{4}\.\d\d\.\d\d \S+ ", joins=False),
    StampPlace("column", r"[\w.-]{1,40}[,;\t]", after=r"(?=[,;\t])", joins=False),
    StampPlace("owner and bucket", r"[0-9a-f]{16,64} \S{1,80} \[", joins=False),
    StampPlace("weekday", r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? "),
    StampPlace("cups", r"[XACEWNIDd] \["),
    StampPlace("process and colon", r" {0,6}\d{1,7}:"),
    StampPlace("weblogic", r"#{4}<", after=r"(?=>| Coordinated Universal Time>)"),
    StampPlace("couchbase", r"\[\w{1,40}:\w{1,20},", after=r"(?=,)"),
    StampPlace(
        "mosquitto",
        r"",
        weak_too=True,
        after=r"(?=: (?:mosquitto version|New |Client |Sending |Received |Socket error|Opening |Config loaded))",
    ),
    StampPlace(
        "header", r"(?:\[?[\w./:@-]{1,60}\]? ){1,3}\[?", after=rf"(?=\]?:? {{1,3}}\[?(?i:{_LEVEL})\b)"
    ),
)
FORMAT_BY_NAME = {it.name: it for it in FORMATS}
PLACE_BY_NAME = {it.name: it for it in PLACES}
# How far into a line a stamp is looked for; fields of logfmt and CEF stand further right.
HEAD_BYTES = 400
