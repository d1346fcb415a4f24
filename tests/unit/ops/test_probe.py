from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest
from pace import PATIENCE_S

from kuwei_shared.ops import probe
from kuwei_shared.ops.probe import is_ready


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(probe, "WAIT_S", PATIENCE_S)
    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_page_that_answers_200_is_ready(port: int) -> None:
    assert is_ready(f"http://127.0.0.1:{port}/readyz")


def test_a_page_that_answers_503_is_not_ready(port: int) -> None:
    assert not is_ready(f"http://127.0.0.1:{port}/healthz")


def test_an_open_port_is_ready(port: int) -> None:
    assert is_ready(f"tcp://127.0.0.1:{port}")


def test_a_port_nobody_listens_on_is_not_ready() -> None:
    assert not is_ready("tcp://127.0.0.1:1")
