import pytest

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.web.settings import WebSettings

GOOD: dict[str, object] = {
    "mode": "production",
    "web_url": "https://jk.example",
    "issuer": "https://id.example/realms/kuwei",
    "web_client_id": "hub-web",
    "web_client_secret": "a-client-secret",
    "session_secrets": ("x" * 32,),
}


def settings(**changes: object) -> WebSettings:
    return WebSettings.model_validate(GOOD | changes)


def test_production_settings_that_are_safe_pass() -> None:
    settings().require_web()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"web_url": "http://jk.example"}, "KUWEI_WEB_URL"),
        ({"issuer": "http://id.example"}, "KUWEI_ISSUER"),
        ({"session_secrets": ()}, "KUWEI_SESSION_SECRETS"),
        ({"session_secrets": ("short",)}, "KUWEI_SESSION_SECRETS"),
        ({"web_client_secret": ""}, "KUWEI_WEB_CLIENT_SECRET"),
        ({"web_client_secret": "hub-web-demo-only"}, "KUWEI_WEB_CLIENT_SECRET"),
        ({"web_client_secret": "${KUWEI_HUB_WEB_SECRET}"}, "KUWEI_WEB_CLIENT_SECRET"),
        ({"web_client_id": ""}, "KUWEI_WEB_CLIENT_ID"),
    ],
)
def test_pages_that_could_not_be_safe_do_not_start(
    changes: dict[str, object], name: str
) -> None:
    with pytest.raises(KuweiError, match=name) as refusal:
        settings(**changes).require_web()

    assert refusal.value.code == "settings.web"


def test_development_may_speak_plain_http_on_one_machine() -> None:
    settings(
        mode="development",
        web_url="http://127.0.0.1:8100",
        issuer="http://127.0.0.1:8103",
        web_client_secret="hub-web-demo-only",
    ).require_web()


def test_secrets_are_not_printed() -> None:
    assert "a-client-secret" not in repr(settings())


def test_where_to_listen_is_a_host_and_a_port() -> None:
    assert settings(web_bind="10.0.0.8:9000").bind == ("10.0.0.8", 9000)
