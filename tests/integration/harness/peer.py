"""The protocol between lode's nodes, written out a second time: whoever asks, and whoever answers.

    stranger = Asker(node.peer_at, secret)              # a connection to a node's peer port
    answer = stranger.greet()                           # of a hello() that may be spoiled
    answer = stranger.ask(target, "bytes=0-99")         # under the session's key

    liar = Answerer(address, "n9", secret)              # a member that a test made up
    liar.behave = lambda question: [question.head(206, 100), b"too little"]
    nodes_file: name = "n9", address = liar.address

frontend/peer/README.md says what the messages are. Nothing here is lenient, so that a change of the protocol
that was not meant is seen.
"""

import hashlib
import hmac
import secrets
import socket
import threading
import time
import urllib.parse

from .raw_http import Raw, dict_of, request_bytes

PROTOCOL = 1
UNKNOWN_VIEW = "0" * 16


def mac(key, *pieces):
    """HMAC-SHA-256 over text, each piece behind its length, and numbers, all of 8 bytes."""
    made = hmac.new(key, digestmod=hashlib.sha256)
    for piece in pieces:
        if isinstance(piece, int):
            made.update(piece.to_bytes(8, "big"))
        else:
            piece = piece.encode() if isinstance(piece, str) else piece
            made.update(len(piece).to_bytes(8, "big") + piece)
    return made


def session_key(secret, client, server):
    return mac(secret, "lode peer session", client, server).digest()


def fields(**named):
    return "&".join(f"{name}={urllib.parse.quote(str(value), safe='')}"
                    for name, value in named.items())


def parse_fields(text):
    return dict(urllib.parse.parse_qsl(text, strict_parsing=True, keep_blank_values=True))


class Hello:
    """The first request; every field and the proof may be wrong."""

    def __init__(self, secret, cluster="lode", node="stranger", seconds_off=0, protocol=PROTOCOL,
                 proof=None):
        self.nonce = secrets.token_bytes(32)
        self.target = f"/lode/{protocol}/hello?" + fields(
            cluster=cluster, node=node, view=UNKNOWN_VIEW, time=int(time.time()) + seconds_off,
            nonce=self.nonce.hex())
        self.proof = proof or mac(secret, "lode peer hello", self.target).hexdigest()

    def bytes(self):
        return request_bytes("GET", self.target, [("Host", "lode"), ("x-lode-mac", self.proof)])


class Asker(Raw):
    def __init__(self, address, secret, timeout=10):
        super().__init__(address, timeout)
        self.secret, self.number, self.key = secret, 0, None

    def greet(self, hello=None):
        """(status, headers, body) of the answer to a hello; where it is 200, there is a session."""
        hello = hello or Hello(self.secret)
        status, headers, body = self.exchange(hello.bytes())
        headers = dict_of(headers)
        if status == 200:
            expected = mac(self.secret, "lode peer hello answer", hello.nonce, body).hexdigest()
            if headers["x-lode-mac"] != expected:
                raise AssertionError("the answer to the hello is not proven")
            nonce = bytes.fromhex(parse_fields(body.decode())["nonce"])
            self.key = session_key(self.secret, hello.nonce, nonce)
        return status, headers, body

    def request(self, target, range=None):
        """The session's next request, as bytes."""
        self.number += 1
        proof = mac(self.key, "request", self.number, "GET", target, range or "").hexdigest()
        more = [("Range", range)] if range else []
        return request_bytes("GET", target, [("Host", "lode"), *more, ("x-lode-mac", proof)])

    def ask(self, target, range=None):
        status, headers, body = self.exchange(self.request(target, range))
        headers = dict_of(headers)
        if "x-lode-answer" in headers:
            expected = mac(self.key, "answer", self.number, status, int(headers["content-length"]),
                           headers["x-lode-answer"]).hexdigest()
            if headers["x-lode-mac"] != expected:
                raise AssertionError("an answer is not proven")
        return status, headers, body


class Question:
    """What a node asked the made-up member, and the heads that it may be answered with."""

    def __init__(self, key, number, target, headers):
        self.key, self.number, self.target = key, number, target
        path, _, query = target.partition("?")
        self.word = path.rpartition("/")[2]
        self.fields = parse_fields(query) if query else {}
        self.range = headers.get("range")
        self.first = self.end = None
        if self.range:
            first, last = self.range.removeprefix("bytes=").split("-")
            self.first, self.end = int(first), int(last) + 1
        self.at = time.monotonic()

    def head(self, status, length, part=None, spoil=False):
        """The head of an answer: of another part, or under a wrong MAC, where wanted."""
        said = fields(cache="HIT", detail="memory", part=part or self.fields.get("id", "0" * 32),
                      load=0, spread=1, view=UNKNOWN_VIEW, state="up")
        number = self.number + 1 if spoil else self.number
        proof = mac(self.key, "answer", number, status, length, said).hexdigest()
        return (f"HTTP/1.1 {status} -\r\nContent-Length: {length}\r\nx-lode-answer: {said}\r\n"
                f"x-lode-mac: {proof}\r\n\r\n").encode()


class Answerer:
    """A member that greets as it must, and answers questions about parts as `behave` says: with pieces
    of bytes, of which None ends the connection. Without it, with silence."""

    def __init__(self, host_address, name, secret):
        self.name, self.secret, self.behave = name, secret, lambda question: None
        self.questions = []
        self._open = []
        self._door = socket.create_server((host_address, 0))
        self.address = f"{host_address}:{self._door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for connection in self._open:
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._door.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self._converse(connection)
        except OSError:
            pass            # the node has closed it, or the test is over
        finally:
            connection.close()

    def _converse(self, connection):
        rest, key, number = b"", None, 0
        while True:
            while b"\r\n\r\n" not in rest:
                data = connection.recv(1 << 16)
                if not data:
                    return
                rest += data
            head, rest = rest.split(b"\r\n\r\n", 1)
            lines = head.decode().split("\r\n")
            target = lines[0].split(" ")[1]
            if key is None:
                key = self._greet(connection, target)
                continue
            number += 1
            headers = {name.lower(): value for name, value in
                       (line.split(": ", 1) for line in lines[1:])}
            question = Question(key, number, target, headers)
            if question.word == "state":
                connection.sendall(question.head(200, 0))
                continue
            self.questions.append(question)
            for piece in self.behave(question) or ():
                if piece is None:
                    return
                connection.sendall(piece)

    def _greet(self, connection, target):
        client = bytes.fromhex(parse_fields(target.partition("?")[2])["nonce"])
        server = secrets.token_bytes(32)
        body = fields(nonce=server.hex(), node=self.name, address=self.address, capacity=1 << 40,
                      state="up", load=0, view=UNKNOWN_VIEW).encode()
        proof = mac(self.secret, "lode peer hello answer", client, body).hexdigest()
        connection.sendall((f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n"
                            f"x-lode-mac: {proof}\r\n\r\n").encode() + body)
        return session_key(self.secret, client, server)
