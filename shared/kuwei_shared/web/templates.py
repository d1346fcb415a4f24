"""Jinja, set up once: one folder per feature, a fragment is a block of its page.

``catalogue/list.html`` is ``list.html`` in the catalogue feature's own
``templates/``; ``web/…`` is this package's. Undefined names are errors and
everything is escaped. The macro files (``MACROS``) are there in every template
without an import.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi.responses import HTMLResponse
from jinja2 import (
    BaseLoader,
    Environment,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
)
from jinja2.environment import TemplateModule

from kuwei_shared.web import formats
from kuwei_shared.web.static import StaticFolder

BUILT_IN = "web"
MACROS = ("marks", "tables", "charts", "forms", "rules")


class Templates:
    """Renders pages and fragments of one application."""

    def __init__(
        self, packages: Mapping[str, str], static: StaticFolder, **shared: object
    ) -> None:
        loaders: dict[str, BaseLoader] = {
            prefix: PackageLoader(package) for prefix, package in packages.items()
        }
        loaders[BUILT_IN] = PackageLoader("kuwei_shared.web")
        self.environment = Environment(
            loader=PrefixLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters.update(formats.FILTERS)
        self.environment.globals.update({"static": static.url, "here": None, **shared})

    def render(self, name: str, fragment: str | None = None, **values: object) -> str:
        """Render a page, or for an HTMX request one block of it.

        Args:
            name: ``feature/page.html``.
            fragment: name of the block, or None for the whole page.
            values: what the template shows.
        """
        template = self.environment.get_template(name)
        whole = {**values, **self._macros(values.get("here"))}
        if fragment is None:
            return template.render(whole)
        context = template.new_context(whole)
        return "".join(template.blocks[fragment](context))

    def _macros(self, here: object) -> dict[str, TemplateModule]:
        # Imported here, not in pages: a fragment runs no top-level import.
        return {
            name: self.environment.get_template(
                f"{BUILT_IN}/macros/{name}.html"
            ).make_module({"here": here})
            for name in MACROS
        }

    def response(
        self,
        name: str,
        values: Mapping[str, object],
        fragment: str | None = None,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> HTMLResponse:
        """Render into an answer; arguments as in ``render``."""
        body = self.render(name, fragment, **values)
        return HTMLResponse(
            body, status, headers={"Vary": "HX-Request"} | (headers or {})
        )
