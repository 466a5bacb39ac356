"""Central over real HTTP for these tests: hands that sign in, and requests written byte by byte."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import requests

from schemas.canonical import canonical, sha256_hex
from tests.central.kit import Hand
from tests.service import Served

TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = "application/offset+octet-stream"


def sign_in(url: str, hand: Hand) -> str:
    """A bearer token, by challenge and signature."""
    challenge = requests.get(f"{url}/v1/session/challenge", timeout=10).json()["challenge"]
    body = {
        "protocol": 1, "device": hand.device, "key": hand.key_id, "challenge": challenge,
        "sig": hand.sign({"session": challenge}),
    }  # fmt: skip
    answer = requests.post(f"{url}/v1/session", data=canonical(body), timeout=10)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


class Wire:
    """Requests of one signed-in caller."""

    def __init__(self, served: Served, token: str) -> None:
        self.url = served.url
        self.token = token
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def send(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=20, allow_redirects=False, **more)

    def push(self, *raws: Any, **changed: Any) -> requests.Response:
        body = {"protocol": 1, "from_size": 0, "entries": list(raws)} | changed
        return self.send("POST", "/v1/entries", data=json.dumps(body, ensure_ascii=False).encode())

    def begin(self, data: bytes, **headers: str) -> requests.Response:
        """Announce the photo."""
        sent = TUS | {"Upload-Length": str(len(data)), "Upload-Metadata": metadata(data)} | headers
        return self.send("POST", "/v1/uploads", headers=sent)

    def patch(self, path: str, offset: int, data: Any, **headers: str) -> requests.Response:
        sent = TUS | {"Upload-Offset": str(offset), "Content-Type": CHUNK} | headers
        return self.send("PATCH", path, headers=sent, data=data)

    def head(self, path: str) -> requests.Response:
        return self.send("HEAD", path, headers=TUS)


def metadata(data: bytes) -> str:
    """The Upload-Metadata that names the photo's hash."""
    return "sha256 " + base64.b64encode(sha256_hex(data).encode()).decode()


def code_of(answer: requests.Response) -> str:
    """The problem's code, after checking that it is a whole problem answer of ours."""
    body = answer.json()
    assert set(body) == {"protocol", "code", "message_zh", "message_en", "details"}, body
    assert answer.headers["ledger-protocol"] == "1" and body["protocol"] == 1
    assert body["message_zh"] and body["message_en"]
    return str(body["code"])


def raw(url: str, request: bytes, *, close: bool = False, after_s: float = 0.0) -> bytes:
    """Send these bytes and read the answer to its end; `close` cuts the line (`after_s`) instead of reading."""
    place = urlsplit(url)
    with socket.create_connection((str(place.hostname), int(place.port or 80)), timeout=20) as line:
        with contextlib.suppress(OSError):  # refused before it was all sent; the answer may still be there
            line.sendall(request)
        if close:
            time.sleep(after_s)
            return b""
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := line.recv(65536):
                answer += part
    return answer
