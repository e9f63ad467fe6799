"""What the log is projected to: workers, rebuilds, verification, quarantine, and reading it all."""
