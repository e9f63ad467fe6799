"""What is wrong with an installation, and how to mend it."""

from projections.doctor.durability import refuse_unsafe_settings
from projections.doctor.examination import examine, survey
from projections.doctor.finding import Examination, Finding, Status

__all__ = ["Examination", "Finding", "Status", "examine", "refuse_unsafe_settings", "survey"]
