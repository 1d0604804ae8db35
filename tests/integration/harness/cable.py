"""A cable that is slow or loses frames, for kernels without netem: cable.py ONE OTHER DELAY JITTER LOSS SEED

Carries every frame between two network interfaces, each way DELAY +- JITTER seconds late and in order;
the share LOSS of them is lost. The frames come with the kernel's own notes on them (PACKET_VNET_HDR),
so that large segments and checksums that are still to be made pass as they are.

Limits  64 MiB under way each way; what comes then is lost, as in a full switch.
"""

import collections
import contextlib
import random
import select
import socket
import struct
import sys
import time

SOL_PACKET = 263
PACKET_VNET_HDR = 15
PACKET_IGNORE_OUTGOING = 23
SO_RCVBUFFORCE = 33
ETH_P_ALL = 3
NOTES = 10                      # struct virtio_net_hdr
FRAME_MAX = NOTES + 14 + (1 << 16)
UNDER_WAY_MAX = 64 << 20
AT_ONCE = 64


def main():
    one, other = plug(sys.argv[1]), plug(sys.argv[2])
    delay, jitter, loss = map(float, sys.argv[3:6])
    draw = random.Random(int(sys.argv[6]))
    ways = {one: Way(other, delay, jitter, loss, draw), other: Way(one, delay, jitter, loss, draw)}
    print("ready", flush=True)
    while True:
        dues = [way.frames[0][0] for way in ways.values() if way.frames]
        wait = max(0.0, min(dues) - time.monotonic()) if dues else None
        for source in select.select(list(ways), [], [], wait)[0]:
            ways[source].take(source)
        for way in ways.values():
            way.deliver()


def plug(interface):
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    made.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    made.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, struct.pack("i", 1))
    made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    made.bind((interface, ETH_P_ALL))
    made.setblocking(False)
    return made


class Way:
    def __init__(self, target, delay, jitter, loss, draw):
        self.target, self.delay, self.jitter, self.loss, self.draw = \
            target, delay, jitter, loss, draw
        self.frames = collections.deque()       # (when, frame), ascending
        self.under_way = 0

    def take(self, source):
        for _ in range(AT_ONCE):
            try:
                frame = source.recv(FRAME_MAX)
            except BlockingIOError:
                return
            if self.draw.random() < self.loss or self.under_way > UNDER_WAY_MAX:
                continue
            when = time.monotonic() + self.delay + self.draw.uniform(-self.jitter, self.jitter)
            if self.frames:
                when = max(when, self.frames[-1][0])
            self.frames.append((when, frame))
            self.under_way += len(frame)

    def deliver(self):
        now = time.monotonic()
        while self.frames and self.frames[0][0] <= now:
            _, frame = self.frames.popleft()
            self.under_way -= len(frame)
            with contextlib.suppress(OSError):      # an interface that is down takes nothing
                self.target.send(frame)


if __name__ == "__main__":
    main()
