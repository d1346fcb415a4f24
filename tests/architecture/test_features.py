"""What import-linter's wildcards cannot say about features (ADR 0005)."""

from __future__ import annotations

from architecture import tree

OPEN = {"service", "domain"}
EDGES = {
    "agent",
    "cli",
    "entry",
    "app",
    "grpc_server",
    "worker",
    "bootstrap",
    "settings",
    "schema",
}


def test_a_feature_meets_another_through_its_service_or_domain_only() -> None:
    found = {
        f"{module.name} imports {imported}"
        for module in tree.product()
        for imported in tree.imports(module)
        if _intrudes(module, imported)
    }

    assert not found


def test_an_intrusion_would_be_seen() -> None:
    planted = tree.Module(
        "kuwei_node.alerts.service", "from kuwei_node.payments.store import latest\n"
    )

    assert any(_intrudes(planted, name) for name in tree.imports(planted))


def test_beside_the_features_stand_only_the_entry_points() -> None:
    strangers = {
        module.name
        for module in tree.product()
        if module.name.count(".") == 1
        and not module.name.startswith("kuwei_shared")
        and module.name.split(".")[1] not in EDGES
        and not _is_package(module)
    }

    assert not strangers, "a module at the top is an entry point; the rest are features"


def test_packages_hold_a_docstring_and_nothing_else() -> None:
    full = {
        module.name
        for module in tree.product()
        if _is_package(module) and len(module.tree.body) > 1
    }

    assert not full


def _intrudes(module: tree.Module, imported: str) -> bool:
    words = imported.split(".")
    if module.feature is None or len(words) < 3 or words[2] not in tree.PARTS:
        return False
    package, feature, _ = module.feature
    return words[0] == package and words[1] != feature and words[2] not in OPEN


def _is_package(module: tree.Module) -> bool:
    package, *inner = module.name.split(".")
    return tree.PACKAGES[package].joinpath(*inner, "__init__.py").exists()
