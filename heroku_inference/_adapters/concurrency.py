"""Several requests at a time, with their results in the order of what was asked."""

from __future__ import annotations

from heroku_inference._endpoints.concurrency import amap_in_order, map_in_order

__all__ = ["amap_in_order", "map_in_order"]
