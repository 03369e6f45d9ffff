"""What the client asks of RunPod, how often, and what it says of answers."""

import email.utils
import time

import pytest
from fake_runpod import Fault, KEY
from renting import config, GPU, QUICK

from koki2 import runlog
from koki2.bursts import api, planning, RunPod
from koki2.bursts.errors import RefusedError, UnansweredError


@pytest.fixture
def client(fake):
    with RunPod(QUICK) as found:
        yield found


@pytest.fixture
def slept(monkeypatch):
    found = []
    monkeypatch.setattr(api.time, "sleep", found.append)
    return found


def test_retry_after_is_heeded_up_to_a_limit_and_else_pauses_double(
    client, fake, slept
):
    date = email.utils.formatdate(time.time() + 3600, usegmt=True)
    heads = ({"Retry-After": "0"}, {"Retry-After": date}, {"Retry-After": "soon"})
    fake.faults = [Fault("GET /v2/pods", 429, headers=head) for head in heads]
    assert client.pods() == []
    assert slept == [0.0, QUICK.longest_wait, 4 * QUICK.backoff]


def test_what_may_be_repeated_is_tried_so_often_and_then_says_why(client, fake, slept):
    fake.faults = [Fault("GET /v2/pods", 503, times=99)]
    with pytest.raises(UnansweredError, match="GET /v2/pods with 503: as the test"):
        client.pods()
    assert fake.requests == ["GET /v2/pods"] * QUICK.tries
    assert slept == [QUICK.backoff * 2**n for n in range(QUICK.tries - 1)]


def test_what_v2_does_not_know_is_refused_by_name(client, fake):
    body = planning.create_body(config(), "a", "b") | {"terminateAfter": 3600}
    with pytest.raises(RefusedError, match="422: .*; .* 'terminateAfter' not allowed"):
        client.create(body)
    assert fake.pods == {}


@pytest.mark.parametrize(
    "given, words",
    [
        ({"gpu_type": "GeForce RTX 3090"}, "secure cloud, .* did you mean NVIDIA GeF"),
        ({"gpu_type": "NVIDIA H200", "cloud": "community"}, "RunPod's community cloud"),
        ({"gpu_count": 9}, "--gpu-count must be at most 8 for NVIDIA GeForce"),
        ({"gpu_type": ""}, "--gpu-type must be given"),
        ({"image": ""}, "--image must be given"),
        ({"command": ("echo", f"key={KEY}")}, "must not have RUNPOD_API_KEY in them"),
    ],
)
def test_what_cannot_be_rented_is_said_before_it_is_asked_for(client, given, words):
    asked = config(**given)
    with pytest.raises(runlog.InputError, match=words):
        planning.check_given(asked, QUICK)
        planning.find_price(client, asked)


def test_prices_are_those_of_a_cloud(client):
    secure, community = client.prices(1, "secure"), client.prices(1, "community")
    assert secure[GPU].usd_per_hour == 0.46 and community[GPU].usd_per_hour == 0.22
    assert "NVIDIA H200" in secure and "NVIDIA H200" not in community


@pytest.mark.parametrize("key", ["", "a b", f"{KEY}\n", "clé"])
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(key, monkeypatch):
    monkeypatch.setenv("RUNPOD_API_KEY", key)
    with pytest.raises(runlog.InputError, match="RUNPOD_API_KEY must be") as refused:
        RunPod(QUICK)
    assert not key.strip() or key.strip() not in str(refused.value)


def test_a_port_that_is_not_published_yet_is_no_error():
    direct = {"host": "10.0.0.1", "port": None, "username": "root"}
    values = {"id": "a", "name": "b", "status": "STARTING", "ssh": {"direct": direct}}
    assert api.read_pod(values).endpoint is None


def test_an_address_has_no_password_in_it(monkeypatch):
    monkeypatch.setenv("KOKI2_RUNPOD_URL", "https://me:S3cret@example.org")
    with pytest.raises(runlog.InputError, match="no name and password") as refused:
        RunPod(QUICK)
    assert "S3cret" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://example.org", "ftp://127.0.0.1", "api"])
def test_the_key_is_sent_in_the_clear_to_this_machine_only(url, monkeypatch):
    monkeypatch.setenv("RUNPOD_API_KEY", KEY)
    monkeypatch.setenv("KOKI2_RUNPOD_URL", url)
    with pytest.raises(runlog.InputError, match="must be https, or of this machine"):
        RunPod(QUICK)


@pytest.mark.parametrize(
    "given, words",
    [
        ({"fetch": ("../runs",)}, "--fetch must be paths within the checkout"),
        ({"fetch": ("/etc",)}, "--fetch must be paths within the checkout"),
        ({"fetch": ("-e",)}, "--fetch must be paths within the checkout"),
        ({"fetch": ("a;b",)}, "--fetch must be paths within the checkout"),
        ({"min_cuda": "13"}, "--min-cuda must be a version as 13.0"),
        ({"hours": float("nan")}, "hours must be a finite number"),
        ({"max_usd": -1.0}, "max_usd must be a finite number > 0"),
    ],
)
def test_a_burst_checks_what_it_is_asked(given, words):
    with pytest.raises(ValueError, match=words):
        config(**given)
