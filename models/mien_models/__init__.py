"""The contract that training, conversion and the device share: labels, preprocessing, manifest, runner."""

__version__ = "0.1.0"
