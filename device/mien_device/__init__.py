"""The device: camera loop, face crop, int8 inference, smoothed mood, local music, MQTT."""
