"""Webhooks: who sent one, and what events they are. Pure, but for the file that defines them."""
