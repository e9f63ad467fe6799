"""Where the sources lie: what every test that reads a file of ours starts from."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
