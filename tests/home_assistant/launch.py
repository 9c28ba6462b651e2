"""Runs in Home Assistant's own Python: its core, without the frontend, which is large and which nobody looks at here."""

import sys

import homeassistant.const as const

const.REQUIRED_PYTHON_VER = min(const.REQUIRED_PYTHON_VER, sys.version_info[:3])

from homeassistant import bootstrap  # noqa: E402

bootstrap.CRITICAL_INTEGRATIONS = set()  # else it goes into recovery mode for want of the frontend
bootstrap.DEFAULT_INTEGRATIONS = {"logger", "automation", "script", "scene"}

import homeassistant.components.mqtt.client as mqtt_client  # noqa: E402

# Shorter waits: for its birth message after the start, and before it connects to a broker that came back.
mqtt_client.DISCOVERY_COOLDOWN = 0.5
mqtt_client.RECONNECT_INTERVAL_SECONDS = 1

from homeassistant import __main__ as core  # noqa: E402

sys.argv[0] = "hass"
sys.exit(core.main())
