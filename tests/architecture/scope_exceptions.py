"""Store functions that may answer without a scope, each with its argument.

A whole module may stand here when nothing it answers is shown to a person: it is
the service's own act on what a caller was already allowed to hand in, or its rows
belong to no jurisdiction.
"""

from __future__ import annotations

WITHOUT_SCOPE: dict[str, str] = {
    # Hub
    "kuwei_hub.catalogue.store": "the standard catalogue is one for the province",
    "kuwei_hub.distribution.store.library": "a release is the same for every member",
    "kuwei_hub.statistics.store.mending": "holds the whole together, for operators",
    "kuwei_hub.territory.store.below": "the tree that scopes are made from",
    # Node
    "kuwei_node.alerts.store.raising": "writes; answers how many",
    "kuwei_node.alerts.store.recounting": "writes; answers how many",
    "kuwei_node.brake.store": "a tripped rule is tripped for the whole node",
    "kuwei_node.catalogue.store.local_rules": "they act for the whole node",
    "kuwei_node.catalogue.store.releases": "one catalogue is in force for the node",
    "kuwei_node.catalogue.store.reports": "they speak for the whole node",
    "kuwei_node.catalogue.store.tunings": "they act for the whole node",
    "kuwei_node.holds.store.earlier": "asked only once the hold itself was allowed",
    "kuwei_node.intake.store.ledger": "the importing process's own record of its work",
    "kuwei_node.intake.store.orders": "the worker's own queue; it acts for the node",
    "kuwei_node.intake.store.staging": "temporary tables of one import's transaction",
    "kuwei_node.local_rules.store": "they act for the whole node",
    "kuwei_node.payments.store.differences": "sums of the whole ledger, for operators",
    "kuwei_node.payments.store.ledger": "appends; divisions were required by the edge",
    "kuwei_node.payments.store.reversing": "reverses what a reviewer may refuse",
    "kuwei_node.payments.store.totals": "sums of the whole ledger, for judging alone",
    "kuwei_node.reference.store.apply": "writes; answers what changed",
    "kuwei_node.reference.store.hosted_by": "the tree that scopes are made from",
    "kuwei_node.reference.store.record_load": "writes; answers the load's number",
    "kuwei_node.reference.store.stage": "temporary table of one load's transaction",
    "kuwei_node.schedule.store.rows": "scheduled rules read the node's whole ledger",
    "kuwei_node.schedule.store.runs": "runs are the node's own acts",
    "kuwei_node.screening.store.crediting": "measures what was just appended",
    "kuwei_node.screening.store.judging": "judges what the edge was allowed to hand in",
    "kuwei_node.screening.store.numbering": "a catalogue is one for the whole node",
    "kuwei_node.screening.store.records": "keeps what was judged, for the services",
    "kuwei_node.uplink.store": "envelopes go up for the node as a whole",
}
