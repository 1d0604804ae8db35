"""The limit of the machine: a bare send loop from memory that answers every request alike, without reading what it asks for."""

from peers.server import Server


class SendLoop(Server):
    name = "send loop"
    knows_ranges = False

    def __init__(self, setting, size):
        self.size = size
        super().__init__(setting)
        self.folder = setting.folder / f"send-loop-{self.port}"

    def command(self):
        return [self.setting.build / "bench" / "send_loop", "--listen", f"127.0.0.1:{self.port}",
                "--size", str(self.size), "--cores", str(self.setting.cores)]
