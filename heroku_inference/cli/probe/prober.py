"""Sends each exchange once, unrepaired and unrepeated, and keeps the raw answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json

from heroku_inference._config.environment import network_environment
from heroku_inference._config.settings import WELL_KNOWN_MODELS
from heroku_inference._endpoints import paths
from heroku_inference._http.network import sync_proxy, tls_context
from heroku_inference._http.redaction import secrets_of, without_secrets
from heroku_inference.cli.probe.answers import RawAnswer, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

    from heroku_inference._config.settings import Settings
    from heroku_inference.cli.config_vars import ConfigVars
    from heroku_inference.cli.probe.exchanges import Exchange

__all__ = ["Prober"]

_DEFAULT_MODEL: Final = "claude-4-5-haiku"  # quick, cheap, and it can do all that is asked
_MOST_BYTES: Final = 4 * 1024 * 1024  # of one answer; the largest expected one has a few KiB
_OPEN_ENDED: Final = paths.MCP  # answers below it may stay open: the first bytes say enough


class Prober:
    """Heroku, as the config vars name it, asked without the library's repairs.

    Args:
        config_vars: Whom to ask.
        model: The chat model; by default that of the config vars, else a cheap one.
        timeout: Seconds of silence after which an answer counts as missing.
    """

    def __init__(
        self, config_vars: ConfigVars, *, model: str | None = None, timeout: float | None = None
    ) -> None:
        self._config_vars = config_vars
        self._timeout = timeout or 120.0
        self._answers: dict[str, RawAnswer | RefusedError] = {}
        settings = config_vars.settings.get("chat")
        self.chat_model = model or (settings.model if settings else None) or _DEFAULT_MODEL

    @property
    def base_url(self) -> str:
        """Where the first kind of calls goes."""
        return next(iter(self._config_vars.settings.values())).base_url

    def answer(self, exchange: Exchange) -> RawAnswer:
        """The answer to an exchange, which is sent once however often it is asked for.

        Raises:
            RefusedError: No answer came, or there is no key for this kind of call.
        """
        if exchange.name not in self._answers:
            try:
                self._answers[exchange.name] = self._send(exchange)
            except RefusedError as error:
                self._answers[exchange.name] = error
        answer = self._answers[exchange.name]
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    def model_of(self, exchange: Exchange) -> str:
        """The model that an exchange asks."""
        if exchange.model is not None:
            return exchange.model
        if exchange.kind == "chat":
            return self.chat_model
        settings = self._config_vars.settings.get(exchange.kind)
        return (settings.model if settings else None) or WELL_KNOWN_MODELS[exchange.kind]

    def _send(self, exchange: Exchange) -> RawAnswer:
        import httpx2  # noqa: PLC0415 - slow to load

        settings = self._config_vars.settings.get(exchange.kind)
        if settings is None:
            raise RefusedError(f"not asked: no config vars for {exchange.kind}")
        network = network_environment()
        client = httpx2.Client(
            verify=tls_context(network),
            proxy=sync_proxy(settings.base_url, network),
            timeout=self._timeout,
            trust_env=False,
        )
        try:
            with client:
                return self._exchange(client, exchange, settings)
        except httpx2.HTTPError as error:
            raise RefusedError(f"no answer: {type(error).__name__}") from None

    def _exchange(self, client: httpx2.Client, exchange: Exchange, settings: Settings) -> RawAnswer:
        body = exchange.body
        if body is not None and "jsonrpc" not in body:
            body = {"model": self.model_of(exchange), **body}
        headers: dict[str, str | None] = {
            "authorization": f"Bearer {settings.api_key.get_secret_value()}",
            "content-type": "application/json",
            "accept-encoding": "identity",
            **exchange.headers,
        }
        request = client.build_request(
            "GET" if body is None else "POST",
            settings.base_url + exchange.path,
            content=None if body is None else to_json(body),
            headers={name: value for name, value in headers.items() if value is not None},
        )
        response = client.send(request, stream=True)
        try:
            read = _read(response.iter_bytes, whole=not exchange.path.startswith(_OPEN_ENDED))
        finally:
            response.close()
        names = {name.lower(): value for name, value in response.headers.items()}
        masked: tuple[dict[str, str], bytes] = without_secrets(
            (names, read), secrets_of(settings.api_key)
        )
        return RawAnswer(response.status_code, *masked)


def _read(pieces: Callable[[], Any], *, whole: bool) -> bytes:
    read = b""
    for piece in pieces():
        read += piece
        if not whole or len(read) > _MOST_BYTES:
            break
    return read
