"""A RunPod to rent from in tests: REST API v2 on loopback, with faults on demand.

A pod is a process and a folder: the folder is its home, and what ssh runs there runs on
this machine, marked by a variable, so that deleting the pod ends all of it. Fields and
errors are those of v2's specification of 2026-08-20; of what a request may hold, only
the fields that it names are accepted.
"""

import contextlib
import os
import pathlib
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = "rpa_" + "S3cretOfTheTests" * 2
MARK = "KOKI2_FAKE_POD"
GPUS = {
    "NVIDIA GeForce RTX 3090": (0.46, 0.22),
    "NVIDIA L4": (0.39, 0.0),
    "NVIDIA H200": (3.59, 0.0),
}
FIELDS = {
    *("name", "image", "args", "disk", "ports", "env", "registry", "mounts", "gpu"),
    *("cpu", "cloud", "dataCenterIds", "globalNetworking", "startJupyter", "startSsh"),
    "templateId",
}
GPU_FIELDS = {"id", "count", "minCudaVersion", "allowedCudaVersions"}


class Fault(NamedTuple):
    """What goes wrong with requests of one kind."""

    request: str
    """GET /v2/pods, ...; ID stands for that of a pod."""
    status: int = 500
    """What is answered; 0: nothing, and the connection is closed."""
    times: int = 1
    after: bool = False
    """Whether what was asked for is done first."""
    headers: dict[str, str] = {}
    detail: str = "as the test says"
    then: Callable[[], object] = lambda: None
    """Called before the answer, as to kill the client."""


class Pod:
    """A process, a folder, and what the API says of it."""

    def __init__(self, root: pathlib.Path, body: dict, cost: float):
        self.id = secrets.token_hex(5)
        self.body, self.cost = body, cost
        self.key = f"rpa_ofpod{secrets.token_hex(8)}"
        self.home = root / self.id
        self.home.mkdir()
        self.process = subprocess.Popen(
            ["sleep", "600"],
            env={MARK: self.id, "PATH": os.environ["PATH"]},
            start_new_session=True,
        )
        self.port = 20000 + int(self.id, 16) % 30000
        self.variables = {
            **body.get("env", {}),
            MARK: self.id,
            "HOME": str(self.home),
            "RUNPOD_POD_ID": self.id,
            "RUNPOD_API_KEY": self.key,
            "POD_PROCESS": str(self.process.pid),
        }
        lines = [f"{name}={shlex.quote(v)}\n" for name, v in self.variables.items()]
        (self.home / ".container").write_text("".join(lines))
        (root / f"port{self.port}").symlink_to(self.home)

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        """Ends all that runs on it, also in sessions of their own."""
        self.process.kill()
        self.process.wait()
        mark = f"{MARK}={self.id}".encode()
        for number in filter(str.isdecimal, os.listdir("/proc")):
            with (
                contextlib.suppress(OSError),
                open(f"/proc/{number}/environ", "rb") as f,
            ):
                if mark in f.read().split(b"\0"):
                    os.kill(int(number), signal.SIGKILL)


class FakeRunPod:
    """The server. `start` it; `pods` are those that cost money."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        self.pods: dict[str, Pod] = {}
        self.faults: list[Fault] = []
        self.log: list[str] = []
        self.bodies: list[dict] = []
        self.is_stuck = self.has_no_ssh = self.renames = False
        self.cost_factor = 1.0
        self.lingers = 0  # DELETEs that are answered before one is done
        self.page = 0  # pods in a list; 0: all of them
        self._lock = threading.Lock()

    @property
    def requests(self) -> list[str]:
        """What was asked, in order: "DELETE /v2/pods/ID", ..."""
        return list(self.log)

    def reset(self) -> None:
        """Ends all pods, and forgets that there were any."""
        for pod in list(self.pods.values()):
            pod.end()
        for path in self.root.iterdir():
            path.unlink() if path.is_symlink() else shutil.rmtree(path)
        self.__init__(self.root)

    def foreign(self, name: str = "somebody-elses") -> Pod:
        """A pod that is not of koki2."""
        pod = Pod(self.root, {"name": name, "image": "x", "env": {}}, 1.0)
        self.pods[pod.id] = pod
        return pod

    @contextlib.contextmanager
    def start(self):
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{door.getsockname()[1]}"
            config = uvicorn.Config(
                self._app(), log_config=None, lifespan="off", ws="none", log_level=60
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, args=([door],), daemon=True)
            thread.start()
            while not server.started:
                time.sleep(0.005)
            try:
                yield self
            finally:
                self.reset()
                server.should_exit = server.force_exit = True
                thread.join()

    def _app(self) -> Starlette:
        door = lambda path, method, answer: Route(
            path, self._guarded(answer), methods=[method]
        )
        return Starlette(
            routes=[
                door("/v2/catalog/gpus", "GET", self._gpus),
                door("/v2/pods", "GET", self._list),
                door("/v2/pods", "POST", self._create),
                door("/v2/pods/{id}", "GET", self._get),
                door("/v2/pods/{id}", "DELETE", self._delete),
            ]
        )

    def _guarded(self, answer: Callable):
        async def guarded(request: Request) -> Response:
            pod_id = request.path_params.get("id")
            path = request.url.path
            kind = f"{request.method} {path}"
            bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
            pod = self.pods.get(pod_id or "")
            if bearer != KEY and not (pod and bearer == pod.key):
                return problem(401, "Unauthorized", "missing bearer token")
            body = await request.json() if request.method == "POST" else None
            with self._lock:
                self.log.append(kind + (" by itself" if bearer != KEY else ""))
                named = kind.replace(pod_id, "ID") if pod_id else kind
                fault = self._fault(named) or self._fault(kind)
                if fault is None:
                    return answer(request, body)
                if fault.after:
                    answer(request, body)
                fault.then()
            if fault.status == 0:
                return Cut()
            return problem(fault.status, "Fault", fault.detail, fault.headers)

        return guarded

    def _fault(self, named: str) -> Fault | None:
        for at, fault in enumerate(self.faults):
            if fault.request == named:
                self.faults[at] = fault._replace(times=fault.times - 1)
                if fault.times == 1:
                    del self.faults[at]
                return fault
        return None

    def _gpus(self, request: Request, body: None) -> Response:
        query = request.query_params
        if "include" in query and "product" not in query:
            return problem(400, "Bad Request", "include needs product")
        return JSONResponse(
            {"gpus": [describe_gpu(name, *prices) for name, prices in GPUS.items()]}
        )

    def _list(self, request: Request, body: None) -> Response:
        pods = [*map(self._describe, self.pods.values())]
        if not self.page:
            return JSONResponse({"pods": pods})
        at = int(request.query_params.get("cursor", 0))
        end = at + self.page
        more = {"nextCursor": str(end)} if end < len(pods) else {}
        return JSONResponse({"pods": pods[at:end], **more})

    def _get(self, request: Request, body: None) -> Response:
        pod = self.pods.get(request.path_params["id"])
        if pod is None:
            return problem(404, "Not Found", "pod not found")
        return JSONResponse(self._describe(pod))

    def _delete(self, request: Request, body: None) -> Response:
        pod = self.pods.get(request.path_params["id"])
        if pod is None:
            return problem(404, "Not Found", "pod not found")
        self.lingers -= 1
        if self.lingers < 0:
            del self.pods[pod.id]
            pod.end()
        return Response(status_code=204)

    def _create(self, request: Request, body: dict) -> Response:
        self.bodies.append(body)
        unknown = [*(body.keys() - FIELDS), *(body.get("gpu", {}).keys() - GPU_FIELDS)]
        if unknown or not {"name", "image", "gpu"} <= body.keys():
            errors = [f"$: additional properties '{n}' not allowed" for n in unknown]
            detail = "Request validation failed."
            return problem(422, "Unprocessable Entity", detail, errors=errors)
        prices = GPUS.get(body["gpu"]["id"])
        if prices is None:
            return problem(400, "Bad Request", "no such GPU")
        usd = prices[body.get("cloud", "SECURE") == "COMMUNITY"]
        cost = usd * body["gpu"].get("count", 1) * self.cost_factor
        named = body | ({"name": "another"} if self.renames else {})
        pod = Pod(self.root, named, cost)
        self.pods[pod.id] = pod
        return JSONResponse(self._describe(pod), status_code=201)

    def _describe(self, pod: Pod) -> dict:
        status = "RUNNING" if pod.is_alive else "EXITED"
        status = "PROVISIONING" if self.is_stuck else status
        is_open = status == "RUNNING" and not self.has_no_ssh
        host = {"host": "127.0.0.1", "port": pod.port, "username": "root"}
        direct = {**host, "command": f"ssh root@127.0.0.1 -p {pod.port}"}
        body = pod.body
        return {
            "id": pod.id,
            "name": body["name"],
            "status": status,
            "actions": ["stop", "restart", "terminate"],
            "image": body["image"],
            "args": "",
            "disk": body.get("disk", 20),
            "mounts": {},
            "ports": body.get("ports", []),
            "env": body["env"],
            "registry": None,
            "gpu": {"id": body.get("gpu", {}).get("id", "?"), "count": 1},
            "cloud": body.get("cloud", "SECURE"),
            "dataCenterId": "US-KS-2",
            "cudaVersion": "13.0",
            "ssh": {"proxy": None, "direct": direct if is_open else None},
            "template": None,
            "cost": pod.cost if status != "EXITED" else 0.0,
            "locked": False,
            "globalNetworking": {"enabled": False},
            "runtime": None,
            "createdAt": "2026-06-01T12:00:00Z",
            "startedAt": None,
        }


class Cut(Response):
    """No answer: it begins, and the connection closes."""

    async def __call__(self, scope, receive, send):
        headers = [(b"content-length", b"99")]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await send(start)


def problem(status, title, detail, headers=None, errors=()) -> Response:
    """An error of RFC 9457."""
    value = {"title": title, "status": status, "detail": detail}
    return JSONResponse(
        value | ({"errors": list(errors)} if errors else {}),
        status_code=status,
        headers=headers,
        media_type="application/problem+json",
    )


def describe_gpu(name: str, secure: float, community: float) -> dict:
    """A type of GPU, as the catalog has it."""
    return {
        "id": name,
        "name": name.removeprefix("NVIDIA "),
        "pool": None,
        "manufacturer": "NVIDIA",
        "memory": 24,
        "secure": secure > 0,
        "community": community > 0,
        "price": {"secure": secure, "community": community},
        "maxCount": {"secure": 8, "community": 4},
        "availability": "HIGH",
    }
