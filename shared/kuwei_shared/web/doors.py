"""Who gets in where, read off the routes themselves.

The navigation asks this and nothing else: an entry is shown when the guards its
route declares let the person in, so the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from kuwei_shared.web.parts import Doors, Guard


def doors(routes: Sequence[BaseRoute]) -> Doors:
    """Return the guards of every page that has no parameters, by path."""
    found: dict[str, tuple[Guard, ...]] = {}
    for route in iter_route_contexts(routes):
        path, methods = route.path, route.methods or set()
        dependant = getattr(route, "dependant", None)
        is_page = path is not None and "{" not in path and "GET" in methods
        if is_page and isinstance(dependant, Dependant):
            found[str(path)] = tuple(dict.fromkeys(_guards(dependant)))
    return found


def _guards(dependant: Dependant) -> Iterator[Guard]:
    if isinstance(dependant.call, Guard):
        yield dependant.call
    for one in dependant.dependencies:
        yield from _guards(one)
