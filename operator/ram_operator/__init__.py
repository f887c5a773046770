"""Alibaba Cloud RAM kept equal to Kubernetes objects. Holds the version and nothing else."""

from __future__ import annotations

__version__ = "0.2.0.dev0"
