"""The endpoint for Prometheus, asked as Prometheus asks."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from mien_device.health.prometheus import PrometheusEndpoint
from mien_models.errors import ConfigError
from tests.waiting import LIMIT_S


@pytest.fixture
def endpoint() -> Iterator[PrometheusEndpoint]:
    endpoint = PrometheusEndpoint(0, lambda: {"fps": 9.5, "frames_dropped": 12345678.0, "cpu_temp_c": None})
    endpoint.start()
    yield endpoint
    endpoint.close()


def test_figures(endpoint: PrometheusEndpoint) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}/metrics", timeout=LIMIT_S) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert answer.read().decode() == (
            "# TYPE mien_fps gauge\nmien_fps 9.5\n"
            "# TYPE mien_frames_dropped_total counter\nmien_frames_dropped_total 12345678\n"
        )


def test_nothing_else(endpoint: PrometheusEndpoint) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}/", timeout=LIMIT_S)
    with caught.value as answer:
        assert answer.code == 404


def test_a_port_that_is_taken(endpoint: PrometheusEndpoint) -> None:
    with pytest.raises(ConfigError, match=r"health.prometheus_port.*choose another"):
        PrometheusEndpoint(endpoint.port, dict)
