"""The log itself: appended to, woken for, moved to from the outbox, kept from filling the disk."""
