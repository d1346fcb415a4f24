"""The payment interface under load: the real web process, its client beside it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import embedded
import house
import httpx
import web_lab

from kuwei_shared.kernel.clock import SystemClock

PER_REQUEST, REQUESTS = 500, 24
RATE, SECONDS = 200, 15
WARM = 600
GOAL_RATE, GOAL_MS = 5_000, 15.0
START_S = 60
_KEEP_OUT = {"seq", "live", "reversed_by", "tally", "received_at", "import_id"}


def run(found: house.House) -> list[dict[str, Any]]:
    """Measure requests of 500 and single ones. Any: JSON."""
    many, single = PER_REQUEST * REQUESTS, RATE * SECONDS
    with found.connection() as plain, plain.cursor() as cursor:
        # What the import before left to be done would be done while it is measured.
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
    payments = _payments(found, many + single + 2 * WARM)
    warm, rest = payments[: 2 * WARM], payments[2 * WARM :]
    with _served(found) as (port, token):
        job = {"port": port, "token": token, "rate": RATE}

        def send(mode: str, groups: list[list[dict[str, Any]]]) -> dict[str, Any]:
            file = found.folder / f"{mode}.jsonl"
            lines = [json.dumps({"payments": group}) for group in groups]
            file.write_text("\n".join(lines))
            return _client({**job, "mode": mode, "bodies": str(file)})

        # Every pooled connection plans each statement once.
        send("closed", [warm[:100], *_groups(warm[100:WARM], 1)])
        send("open", _groups(warm[WARM:], 1))
        batches = send("closed", _groups(rest[:many], PER_REQUEST))
        bare = _bare(found)
        singles = send("open", _groups(rest[many:], 1))
    return _report(many, batches, singles, bare)


def _bare(found: house.House) -> dict[str, Any]:
    """Commit bare rows at the rate of single requests."""
    dsn = found.url.replace("+psycopg2", "")
    job = {"dsn": dsn, "rate": RATE, "seconds": SECONDS}
    return _client(job, "bare_commits.py")


def _late(ms: list[float]) -> float:
    """Return what 99 of 100 stayed within, of times in order."""
    return ms[int(len(ms) * 0.99)]


def _report(
    many: int, batches: dict[str, Any], singles: dict[str, Any], bare: dict[str, Any]
) -> list[dict[str, Any]]:
    rate, ms = many / batches["seconds"], singles["ms"]
    p99 = _late(ms)
    refused = batches["refused"] + singles["refused"]
    return [
        {
            "name": "500 payments per request",
            "value": round(rate),
            "unit": "payments/s",
            "goal": f"≥ {GOAL_RATE:,}",
            "met": rate >= GOAL_RATE and not refused,
        },
        {
            "name": f"single, {RATE}/s: median",
            "value": round(ms[len(ms) // 2], 1),
            "unit": "ms",
        },
        {
            "name": f"single, {RATE}/s: 99 of 100 within",
            "value": round(p99, 1),
            "unit": "ms",
            "goal": f"≤ {GOAL_MS:g}",
            "met": p99 <= GOAL_MS and not refused,
        },
        {"name": "single: slowest", "value": round(ms[-1], 1), "unit": "ms"},
        {
            "name": f"a bare row committed, {RATE}/s: 99 of 100 within",
            "value": round(_late(bare["ms"]), 1),
            "unit": "ms",
        },
        {"name": "requests refused", "value": refused, "unit": "requests"},
    ]


def _groups(payments: list[Any], size: int) -> list[list[Any]]:
    return [payments[at : at + size] for at in range(0, len(payments), size)]


def _payments(found: house.House, count: int) -> list[dict[str, Any]]:
    """Return payments like the imported ones, in random order, under new ids."""
    with found.connection() as plain, plain.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(
            "SELECT to_jsonb(p) FROM payment p WHERE stage <> 'receipt'"
            # A second refund of the same payment would be refused.
            " AND entry_kind = 'normal' ORDER BY random() LIMIT %s",
            (count,),
        )
        rows = [row[0] for row in cursor.fetchall()]
    fields = [
        {k: v for k, v in row.items() if v is not None and k not in _KEEP_OUT}
        for row in rows
    ]
    return [_another(fields[n % len(fields)], n) for n in range(count)]


def _another(payment: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a payment like one before, small enough to leave budgets intact."""
    amount = f"{round(float(payment['pay_amt']) / 20, 2):.2f}"
    changed = {"payment_id": f"BENCH{number}", "pay_amt": amount}
    return payment | changed | ({"xpay_amt": amount} if "xpay_amt" in payment else {})


@contextlib.contextmanager
def _served(found: house.House) -> Iterator[tuple[int, str]]:
    """Run ``kuwei-node web`` and an issuer; give its port and a token."""
    port, issuer_port = embedded.free_port(), embedded.free_port()
    address, issuer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{issuer_port}"
    settings = {
        "KUWEI_WEB_BIND": f"127.0.0.1:{port}",
        "KUWEI_WEB_URL": address,
        "KUWEI_ISSUER": issuer,
        "KUWEI_WEB_CLIENT_ID": "node-web",
        "KUWEI_WEB_CLIENT_SECRET": "node-web-demo-only",
        "KUWEI_SESSION_SECRETS": json.dumps([web_lab.SECRET]),
    }
    log = (found.folder / "web.log").open("wb")
    realm = web_lab.realm(address)
    with web_lab.served(web_lab.issuer(realm, issuer, SystemClock()), issuer_port):
        web = subprocess.Popen(
            [house.KUWEI_NODE, "web"], env=found.env | settings, stdout=log, stderr=log
        )
        try:
            _await(f"{address}/healthz")
            yield port, _token(issuer)
        finally:
            web.terminate()
            web.wait(START_S)
            log.close()


def _await(address: str) -> None:
    for _ in range(START_S * 10):
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    message = f"{address} did not answer"
    raise RuntimeError(message)


def _token(issuer: str) -> str:
    answer = httpx.post(
        f"{issuer}/token",
        data={
            "grant_type": "client_credentials",
            "client_id": "payment-system",
            "client_secret": "payment-system-demo-only",
        },
        trust_env=False,
    )
    return str(answer.json()["access_token"])


def _client(job: dict[str, Any], script: str = "http_client.py") -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name(script)],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
