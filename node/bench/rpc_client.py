"""JSON-RPC over one kept-open HTTP connection: as little client as there can be."""

import json
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any, Self

from node.bench.errors import CandidateFaultError

Call = tuple[str, list[Any]]
"""A method and its parameters."""


class RpcClient:
    """A connection to one server on this machine."""

    def __init__(self, server: str, port: int, timeout_s: float = 60) -> None:
        self._server = server
        self._connection = HTTPConnection("127.0.0.1", port, timeout=timeout_s)
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def call(self, method: str, *params: Any) -> Any:  # noqa: ANN401 - JSON
        """Ask one thing; give the result.

        raises        CandidateFaultError: the server says no, or something else than JSON-RPC.
                      OSError: there is no server.
        """
        return self._result(method, self._exchange(self._request(method, params)))

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Ask many things in one message; give the results in order.  Errors as ``call``."""
        requests = [self._request(method, params) for method, params in calls]
        answers = self._exchange(requests)
        if not isinstance(answers, list) or len(answers) != len(requests):
            raise CandidateFaultError(self._server, "a batch without an answer for each call")
        by_id = {answer.get("id"): answer for answer in answers}
        return [
            self._result(method, by_id.get(request["id"]))
            for (method, _), request in zip(calls, requests, strict=True)
        ]

    def _request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        self._count += 1
        return {"jsonrpc": "2.0", "id": self._count, "method": method, "params": list(params)}

    def _exchange(self, message: object) -> Any:  # noqa: ANN401 - JSON
        body = json.dumps(message).encode()
        try:
            self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
            return json.loads(self._connection.getresponse().read())
        except (HTTPException, ValueError) as error:
            self._connection.close()
            raise CandidateFaultError(self._server, f"no JSON-RPC answer: {error!r}") from error

    def _result(self, method: str, answer: Any) -> Any:  # noqa: ANN401 - JSON
        if not isinstance(answer, dict) or "result" not in answer:
            fault = answer.get("error") if isinstance(answer, dict) else answer
            raise CandidateFaultError(self._server, f"{method}: {json.dumps(fault)[:300]}")
        return answer["result"]
