"""TLS in front of a plain origin, with certificates made on the spot by openssl."""

import pathlib
import select
import socket
import ssl
import threading

from .processes import run


class Authority:
    """A certificate authority of our own, below a scratch directory."""

    def __init__(self, directory, name):
        self.directory = pathlib.Path(directory) / name
        self.directory.mkdir(parents=True)
        self.certificate = self.directory / "ca.pem"
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
             "-keyout", self.directory / "ca.key", "-out", self.certificate])

    def issue(self, subject_names):
        """A server certificate for names like IP:127.0.0.1; returns (certificate, key)."""
        key, request = self.directory / "server.key", self.directory / "server.csr"
        certificate, extensions = self.directory / "server.pem", self.directory / "server.ext"
        extensions.write_text(f"subjectAltName={subject_names}\n")
        run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-subj", "/CN=server", "-keyout", key, "-out", request])
        run(["openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey",
             self.directory / "ca.key", "-CAcreateserial", "-days", "2", "-extfile", extensions,
             "-out", certificate])
        return certificate, key


class TlsRelay:
    """Accepts TLS on a port of its own and carries the bytes to a plain port and back."""

    def __init__(self, target_port, certificate, key):
        self._target = ("127.0.0.1", target_port)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.handshakes_failed = 0
        self._open = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for each in list(self._open):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        plain.settimeout(60)
        try:
            client = self._context.wrap_socket(plain, server_side=True)
        except (ssl.SSLError, OSError):
            self.handshakes_failed += 1
            plain.close()
            return
        self._open.add(client)
        try:
            with client, socket.create_connection(self._target, 60) as server:
                self._carry(client, server)
        except OSError:
            pass
        finally:
            self._open.discard(client)

    @staticmethod
    def _carry(client, server):
        # One thread per connection: an SSL object must not be read and written at once.
        while True:
            ready = [client] if client.pending() else select.select([client, server], [], [], 60)[0]
            if not ready:
                return
            for source in ready:
                data = source.recv(1 << 18)
                if not data:
                    return
                (server if source is client else client).sendall(data)
