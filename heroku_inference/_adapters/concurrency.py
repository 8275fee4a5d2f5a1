"""Several requests at a time, with results in the order of the requests."""

from __future__ import annotations

from heroku_inference._endpoints.concurrency import amap_in_order, map_in_order

__all__ = ["amap_in_order", "map_in_order"]
