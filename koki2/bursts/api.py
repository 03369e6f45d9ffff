"""RunPod's REST API v2, as far as a burst needs it: pods, and what GPUs cost.

https://docs.runpod.io/api-reference-v2, as of 2026-08-20. Errors are problems of RFC
9457. The key stands in the header of requests and nowhere else. A request that may be
repeated is, after 429 (as long as Retry-After says), 5xx and silence. Creating a pod
may not: v2 takes no key by which it would know that it has done so already.
"""

import contextlib
import email.utils
import os
import re
import time
import urllib.parse
from collections.abc import Generator, Mapping
from typing import Any, NamedTuple

import httpx

from koki2 import runlog
from koki2.bursts.configs import Pace
from koki2.bursts.errors import RefusedError, UnansweredError

KEY, URL = "RUNPOD_API_KEY", "KOKI2_RUNPOD_URL"
OFFICIAL = "https://api.runpod.io"
GONE = "TERMINATED"
STOPPED = ("EXITED", "ERROR", "TERMINATED")
_LOCAL = ("127.0.0.1", "localhost", "::1")
_MOST_PAGES = 1000
DENIED = {
    401: f"{KEY} must be a key that RunPod knows",
    402: "the RunPod account must have a balance",
    403: f"{KEY} must be allowed to do this",
}


class Endpoint(NamedTuple):
    """Where the sshd of a pod is reached."""

    host: str
    port: int
    user: str


class Pod(NamedTuple):
    """A pod, as the API describes it."""

    id: str
    name: str
    status: str
    cost: float
    """US dollars per hour, of all its GPUs; 0 while it does not run."""
    endpoint: Endpoint | None
    """None until its port 22 is published."""


class Price(NamedTuple):
    """What one GPU of a type costs in a cloud, and how many a pod may have."""

    usd_per_hour: float
    most: int
    stock: str
    """NONE, LOW, MEDIUM or HIGH."""


def read_key() -> str:
    """The API key, from the environment.

    Raises:
      InputError: there is none, or it cannot be one; it is not shown.
    """
    key = os.environ.get(KEY, "")
    if not key:
        raise runlog.InputError(f"{KEY} must be set to a key of RunPod, and is not.")
    if not re.fullmatch(r"[!-~]+", key):
        raise runlog.InputError(f"{KEY} must be letters, digits and signs alone.")
    return key


def read_url() -> str:
    """The server: RunPod's, unless the environment names another, as tests do.

    Raises:
      InputError: it would have the key sent in the clear to another machine.
    """
    url = os.environ.get(URL, "") or OFFICIAL
    parts = urllib.parse.urlsplit(url)
    if "@" in parts.netloc:  # it would stand in leases, and on the pod
        raise runlog.InputError(f"{URL} must have no name and password in it.")
    if parts.scheme != "https" and not (
        parts.scheme == "http" and parts.hostname in _LOCAL
    ):
        raise runlog.InputError(f"{URL} must be https, or of this machine, got {url}.")
    return url.rstrip("/")


class RunPod:
    """A client of the API. Enter it, or `close` it.

    Raises:
      RefusedError: from every method, the server answered with an error.
      UnansweredError: from every method, it did not answer, or with 5xx.
    """

    def __init__(self, pace: Pace):
        self.url, self._pace = read_url(), pace
        self._key = read_key()
        is_local = urllib.parse.urlsplit(self.url).hostname in _LOCAL
        self._client = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self._key}"},
            timeout=pace.request,
            trust_env=not is_local,  # proxies
            verify=self.url.startswith("https:"),  # http needs no certificates
        )

    def prices(self, count: int, cloud: str) -> dict[str, Price]:
        """What GPUs cost in a cloud, by type; those that it does not have are left out.

        Args:
          count: of GPUs on one pod, for which the stock is.
          cloud: "secure" or "community".
        """
        query = {
            "include": "AVAILABILITY",
            "product": "POD",
            "count": str(count),
            "cloud": cloud.upper(),
        }
        answer = self._repeat("GET", "/v2/catalog/gpus", params=query)
        prices = {}
        with _as_described(answer):
            for gpu in answer.json()["gpus"]:
                price = float(gpu["price"].get(cloud) or 0)
                if price > 0 and gpu.get(cloud, True):
                    most = int(gpu.get("maxCount", {}).get(cloud) or count)
                    stock = str(gpu.get("availability", "UNKNOWN"))
                    prices[str(gpu["id"])] = Price(price, most, stock)
        return prices

    def create(self, body: Mapping[str, Any]) -> Pod:
        """Creates a pod: asked once, whatever comes."""
        answer = self._ask("POST", "/v2/pods", json=dict(body))
        with _as_described(answer):
            return read_pod(answer.json())

    def pod(self, pod_id: str) -> Pod | None:
        """A pod; None if there is none of that id."""
        try:
            answer = self._repeat("GET", _path(pod_id))
        except RefusedError as error:
            if error.status == 404:
                return None
            raise
        with _as_described(answer):
            return read_pod(answer.json())

    def pods(self) -> list[Pod]:
        """All pods of the account, those of clusters aside."""
        pods: list[Pod] = []
        query: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            answer = self._repeat("GET", "/v2/pods", params=query)
            with _as_described(answer):
                page = answer.json()
                pods += map(read_pod, page["pods"])
                # Not in the specification; said to have come since.
                inner = page.get("pagination") or {}
                cursor = page.get("nextCursor") or inner.get("nextCursor")
            if not cursor or cursor == query.get("cursor"):
                break
            query = {"cursor": str(cursor)}
        return pods

    def delete(self, pod_id: str) -> bool:
        """Deletes a pod; False if there is none of that id."""
        try:
            self._repeat("DELETE", _path(pod_id))
        except RefusedError as error:
            if error.status != 404:
                raise
            return False
        return True

    def _repeat(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Asks until there is an answer, for requests that may be repeated."""
        pause = self._pace.backoff
        for _ in range(self._pace.tries - 1):
            wait: float | None = None
            try:
                return self._ask(method, path, **more)
            except UnansweredError:
                pass
            except RefusedError as error:
                if error.status != 429:
                    raise
                wait = error.retry_after
            time.sleep(min(pause if wait is None else wait, self._pace.longest_wait))
            pause *= 2
        return self._ask(method, path, **more)

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            kind = type(error).__name__
            raise UnansweredError(
                f"RunPod did not answer {method} {path}: {kind}."
            ) from None
        if answer.is_success:
            return answer
        problem = _problem(answer, self._key)
        text = f"RunPod answered {method} {path} with {problem}"
        status = answer.status_code
        if status >= 500 or status == 408:  # a proxy's: it waited for RunPod in vain
            raise UnansweredError(text)
        if status in DENIED:
            text = f"{DENIED[status]}: {text}"
        raise RefusedError(
            status, text, _retry_after(answer.headers.get("Retry-After", ""))
        )

    def close(self) -> None:
        """Closes its connections."""
        self._client.close()

    def __enter__(self) -> "RunPod":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_pod(values: Mapping[str, Any]) -> Pod:
    """A pod from what the API says of it.

    Example:
      >>> read_pod({"id": "a", "name": "b", "status": "RUNNING", "cost": 0.4}).endpoint
    """
    direct = (values.get("ssh") or {}).get("direct") or {}
    endpoint = None
    if direct.get("host") and direct.get("port"):
        user = str(direct.get("username") or "root")
        endpoint = Endpoint(str(direct["host"]), int(direct["port"]), user)
    return Pod(
        str(values["id"]),
        str(values["name"]),
        str(values["status"]),
        float(values.get("cost") or 0),
        endpoint,
    )


@contextlib.contextmanager
def _as_described(answer: httpx.Response) -> Generator[None]:
    """Raises UnansweredError where an answer is not what the specification says."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        asked = f"{answer.request.method} {answer.request.url.path}"
        kind = type(error).__name__
        raise UnansweredError(
            f"RunPod must answer {asked} as v2 describes it, got {kind}: {error}."
        ) from None


def _path(pod_id: str) -> str:
    return f"/v2/pods/{urllib.parse.quote(pod_id, safe='')}"


def _problem(answer: httpx.Response, key: str) -> str:
    """What an error says, without the key: a problem of RFC 9457, or a status alone."""
    try:
        values = answer.json()
        texts = [values.get("detail") or values.get("title"), *values.get("errors", [])]
    except (ValueError, AttributeError, TypeError):
        texts = []
    words = "; ".join(str(text) for text in texts if text).replace(key, "THE KEY")
    return f"{answer.status_code}" + (f": {words[:500]}" if words else ".")


def _retry_after(text: str) -> float | None:
    """Seconds, or until a date (RFC 9110); None where it says nothing.

    Example:
      >>> _retry_after("12"), _retry_after("soon")
      (12.0, None)
    """
    if re.fullmatch(r"\d{1,6}", text.strip()):
        return float(text)
    try:
        return max(
            0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        )
    except ValueError:
        return None
