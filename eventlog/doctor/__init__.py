"""What is wrong with an installation, and how to mend it."""

from eventlog.doctor.durability import refuse_unsafe_settings
from eventlog.doctor.examination import examine, survey
from eventlog.doctor.finding import Examination, Finding, Status

__all__ = ["Examination", "Finding", "Status", "examine", "refuse_unsafe_settings", "survey"]
