"""ram-emulator: an HTTP emulator of Alibaba Cloud RAM, for tests, the demo and offline previews."""

from __future__ import annotations

__version__ = "0.2.0.dev0"
