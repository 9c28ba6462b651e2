"""Whose signature counts, and that nothing else does."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_convert.__main__ import main
from mien_models.errors import DataError, SignatureError
from mien_models.manifest import MANIFEST_NAME
from mien_models.signing import SIGNATURE_NAME, check_key, make_key, public_key, sign, verify
from tests.needs import need_program


def check(model: Path, *keys: str) -> str:
    return verify((model / MANIFEST_NAME).read_bytes(), (model / SIGNATURE_NAME).read_bytes(), keys, "here")


def test_who_signed_is_found_among_the_keys(model: Path, tmp_path: Path) -> None:
    one, two = (make_key(tmp_path / name) for name in ("one", "two"))
    sign(model, tmp_path / "two")
    assert check(model, one, two) == check(model, two)
    with pytest.raises(SignatureError, match=r"updates\.keys"):
        check(model, one)
    with pytest.raises(SignatureError):
        check(model)


def test_a_change_of_one_bit_is_noticed(model: Path, tmp_path: Path) -> None:
    public = make_key(tmp_path / "key")
    sign(model, tmp_path / "key")
    manifest, signature = (model / MANIFEST_NAME).read_bytes(), (model / SIGNATURE_NAME).read_bytes()
    for place in range(0, len(manifest), 97):
        changed = bytearray(manifest)
        changed[place] ^= 1
        with pytest.raises(SignatureError):
            verify(bytes(changed), signature, [public], "here")
    for place in range(0, len(signature) - 1, 5):
        changed = bytearray(signature)
        changed[place] = ord("A") if changed[place] != ord("A") else ord("B")
        with pytest.raises(SignatureError):
            verify(manifest, bytes(changed), [public], "here")


@given(st.binary(max_size=300))
def test_nonsense_is_no_signature(content: bytes) -> None:
    with pytest.raises(SignatureError):
        verify(b"{}", content, [], "here")


@pytest.mark.parametrize(
    "text", ["", "mien-key-1:", "mien-key-1:AAAA", "mien-secret-1:" + "A" * 43 + "=", "ssh-ed25519 AAAA"]
)
def test_nonsense_is_no_key(text: str) -> None:
    with pytest.raises(SignatureError, match="no public key"):
        check_key(text)


def test_keys_are_private_and_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "key"
    assert main(["key", str(path)]) == 0
    public = capsys.readouterr().out.strip()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert public == public_key(path)
    assert public.removeprefix("mien-key-1:") not in path.read_text()
    assert main(["key", str(path)]) == 5
    assert "exists already" in capsys.readouterr().err
    assert main(["key", str(path), "--show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["public"] == public
    with pytest.raises(DataError, match="no secret key"):
        public_key(Path(__file__))


def test_the_command_signs_what_is_whole(
    model: Path,
    tmp_path: Path,
    edit: Callable[[Callable[[dict[str, Any]], object]], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    public = make_key(tmp_path / "key")
    assert main(["sign", str(model), "--key", str(tmp_path / "key")]) == 0
    assert public in capsys.readouterr().out
    assert check(model, public)
    edit(lambda manifest: manifest["file"].update(sha256="0" * 64))
    assert main(["sign", str(model), "--key", str(tmp_path / "key")]) == 4
    assert main(["sign", str(model), "--key", str(tmp_path / "none")]) == 4


def test_it_is_ed25519_as_others_know_it(model: Path, tmp_path: Path) -> None:
    """OpenSSL verifies the same signature of the same bytes."""
    import base64

    openssl = need_program("openssl")
    public = make_key(tmp_path / "key")
    sign(model, tmp_path / "key")
    signature = base64.b64decode((model / SIGNATURE_NAME).read_text().partition(":")[2])
    (tmp_path / "signature").write_bytes(signature)
    (tmp_path / "message").write_bytes(b"mien model directory 1\n" + (model / MANIFEST_NAME).read_bytes())
    # RFC 8410: the key's algorithm, then its 32 bytes.
    der = bytes.fromhex("302a300506032b6570032100") + base64.b64decode(public.partition(":")[2])
    (tmp_path / "public.der").write_bytes(der)
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "public.der", "-rawin"]
    command += ["-in", "message", "-sigfile", "signature"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verified Successfully" in done.stdout, done.stderr
