import pytest
from pydantic_settings import SettingsConfigDict

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.web.settings import WebSettings, from_environment

GOOD: dict[str, object] = {
    "mode": "production",
    "web_url": "https://jk.example",
    "issuer": "https://id.example/realms/kuwei",
    "web_client_id": "hub-web",
    "web_client_secret": "a-client-secret",
    "session_secrets": ("x" * 32,),
}


class Anywhere(WebSettings):
    """Settings of a service that needs none of its own."""

    model_config = SettingsConfigDict(env_prefix="KUWEI_")


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


@pytest.mark.parametrize(
    ("variable", "value", "fault"),
    [
        ("KUWEI_MODE", "demo", "KUWEI_MODE 须为 'production'"),
        ("KUWEI_WEB_THREADS", "many", "KUWEI_WEB_THREADS 须为整数"),
        ("KUWEI_WEB_THREADS", "65", "KUWEI_WEB_THREADS 不能大于 64"),
        ("KUWEI_WEB_URL", "jk.example", "KUWEI_WEB_URL 写法不符合要求"),
        ("KUWEI_SESSION_SECRETS", "hush", "KUWEI_SESSION_SECRETS 不是有效的 JSON"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, fault: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(KuweiError) as refusal:
        from_environment(Anywhere)

    assert refusal.value.code == "settings.unreadable"
    assert fault in refusal.value.message
    assert "hush" not in refusal.value.message
