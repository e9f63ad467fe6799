"""Bodies of any sender → events, as a definition says that an operator has set."""
