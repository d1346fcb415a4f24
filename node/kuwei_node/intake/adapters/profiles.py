"""The mapping profiles that come with the node, and a bureau's own beside them."""

from __future__ import annotations

from pathlib import Path

from kuwei_node.intake.domain.profile import Profile, parse
from kuwei_shared.kernel.errors import Kind, KuweiError

SHIPPED = Path(__file__).parents[1] / "profiles"


def load(name: str, folders: tuple[Path, ...] = ()) -> Profile:
    """Return a profile by name, or from a path ending in ``.yaml``.

    Args:
        name: profile id or path.
        folders: a bureau's own profile folders, looked at first.

    Raises:
        KuweiError: ``profile.unknown`` or ``profile.invalid``.
    """
    if name.endswith(".yaml"):
        places = [Path(name)]
    else:
        places = [folder / f"{name}.yaml" for folder in (*folders, SHIPPED)]
    for place in places:
        if place.is_file():
            return parse(place.read_text("utf-8"), name=place.name)
    raise KuweiError(
        "profile.unknown",
        f"没有名为 {name} 的导入方案;可用:{'、'.join(names(folders))}。",
        kind=Kind.MISSING,
        details={"profile": name},
    )


def names(folders: tuple[Path, ...] = ()) -> list[str]:
    """Return the names of all profiles."""
    return sorted(
        {path.stem for folder in (*folders, SHIPPED) for path in folder.glob("*.yaml")}
    )


def titles() -> dict[str, str]:
    """Return profile name → Chinese title, of every profile."""
    return {name: load(name).title for name in names()}
