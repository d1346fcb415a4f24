"""The demo's long-running programs, started and waited for."""

from __future__ import annotations

from places import Place
from processes import Service, wait_for_page, wait_for_port
from state import BIN, ROOT, Stack

REALM = ROOT / "deploy" / "keycloak" / "realm.json"
DEMO = REALM.with_name("demo.json")
HEALTH = "/readyz"
PARTS = ("uplink", "worker")


def issuer(stack: Stack) -> str:
    """Start the development issuer on a copy of the demo that knows our ports."""
    demo = stack.folder / "demo.json"
    demo.write_text(stack.ports.moved(DEMO.read_text()))
    port = stack.ports.issuer
    files = ["--realm", str(REALM), "--demo", str(demo)]
    service = stack.supervisor.start(
        "issuer",
        [str(BIN / "kuwei-hub"), "issuer", *files, "--port", str(port)],
        stack.hub(),
    )
    found = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
    wait_for_page(service, found)
    return f"演示身份服务 http://127.0.0.1:{port}"


def hub(stack: Stack) -> str:
    """Start the hub's pages and its gRPC."""
    ports = stack.ports
    web = _start(stack, "hub-web", "kuwei-hub", "web", stack.hub())
    grpc = _start(stack, "hub-grpc", "kuwei-hub", "grpc", stack.signing_hub())
    wait_for_port(grpc, ports.hub_grpc)
    wait_for_port(grpc, ports.enrolment)
    wait_for_page(web, f"http://127.0.0.1:{ports.hub_web}{HEALTH}")
    return f"省级中心 http://127.0.0.1:{ports.hub_web}"


def nodes(stack: Stack) -> str:
    """Start every node's pages, uplink and worker."""
    webs = {place: _node(stack, place) for place in stack.places}
    for place, web in webs.items():
        wait_for_page(web, f"http://127.0.0.1:{stack.ports.nodes[place.code]}{HEALTH}")
    return f"{len(webs)} 个节点在线"


def _node(stack: Stack, place: Place) -> Service:
    settings = stack.node(place)
    web = _start(stack, f"{place.code}-web", "kuwei-node", "web", settings)
    for part in PARTS:
        _start(stack, f"{place.code}-{part}", "kuwei-node", part, settings)
    return web


def _start(
    stack: Stack, name: str, program: str, verb: str, settings: dict[str, str]
) -> Service:
    return stack.supervisor.start(name, [str(BIN / program), verb], settings)
