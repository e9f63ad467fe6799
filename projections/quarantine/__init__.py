"""What cannot be projected: found, set aside, tried again after a fix."""
