"""HTTP as bytes on a socket, for requests that no library would send."""

import socket


class Raw:
    """One connection. Whatever is sent is sent as it is; answers are parsed leniently."""

    def __init__(self, address, timeout=10):
        self.socket = socket.create_connection(address, timeout)
        self._rest = bytearray()  # grows in place: a long body must not be copied at each step

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def end(self):
        """No more from us; the other side may still speak."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Ends the connection with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def _more(self):
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        self._rest += data
        return bool(data)

    def ended(self):
        """Whether the other side ends the connection (within the socket's timeout) without
        another byte."""
        return not self._rest and not self._more()

    def head(self):
        """(status, [(name, value)]), or (None, []) when the connection ended instead."""
        while b"\r\n\r\n" not in self._rest:
            if not self._more():
                return None, []
        head, self._rest = self._rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
        return int(lines[0].split(" ")[1]), headers

    def answer(self, method="GET"):
        """(status, headers, body) of the next final answer; interim ones are passed over."""
        status, headers = self.head()
        while status is not None and 100 <= status < 200:
            status, headers = self.head()
        if status is None:
            return None, [], b""
        return status, headers, self._body(method, status, dict_of(headers))

    def _body(self, method, status, headers):
        if method == "HEAD" or status in (204, 304):
            return b""
        if "chunked" in headers.get("transfer-encoding", ""):
            return self._chunked()
        length = headers.get("content-length")
        while length is None or len(self._rest) < int(length):
            if not self._more():
                break
        size = len(self._rest) if length is None else int(length)
        body = bytes(self._rest[:size])
        del self._rest[:size]
        return body

    def _chunked(self):
        body = b""
        while True:
            while b"\r\n" not in self._rest:
                if not self._more():
                    return body
            line, self._rest = self._rest.split(b"\r\n", 1)
            size = int(line.split(b";")[0], 16)
            while len(self._rest) < size + 2:
                if not self._more():
                    return body
            body += self._rest[:size]
            del self._rest[:size + 2]
            if size == 0:
                return body

    def exchange(self, data, method="GET"):
        self.send(data)
        return self.answer(method)


def dict_of(headers):
    return {name.lower(): value for name, value in headers}


def request_bytes(method, target, headers, body=b""):
    """A well-formed request; tests that want another one spoil it themselves."""
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
