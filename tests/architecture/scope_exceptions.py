"""Store functions that may answer without a scope, each with its argument.

A whole module may stand here when nothing it holds belongs to a jurisdiction.
"""

from __future__ import annotations

WITHOUT_SCOPE: dict[str, str] = {
    "kuwei_hub.catalogue.store": "the standard catalogue is the same for everybody",
    "kuwei_hub.distribution.store.library": "releases are the same for everybody",
    "kuwei_node.catalogue.store": "a node has one catalogue, for all it hosts",
    "kuwei_node.uplink.store": "the node's own queue to the hub; nobody browses it",
}
