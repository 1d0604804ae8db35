"""First reads: objects that nobody has read before, each once, from every server in turn."""

import http.client
import queue
import threading
import time

from comparison.data import delete, put
from comparison.rounds import GB, in_rounds

BUFFER = 1 << 20
READ_SECONDS = 120


def read_once(server, data, connections):
    """Seconds until all objects were read whole, by some clients together."""
    todo, failures = queue.SimpleQueue(), []
    for key in data.keys:
        todo.put(key)

    def client():
        buffer = bytearray(BUFFER)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=READ_SECONDS)
        try:
            while True:
                key = todo.get_nowait()
                connection.request("GET", server.target(key))
                answer = connection.getresponse()
                length = 0
                while got := answer.readinto(buffer):
                    length += got
                if answer.status != 200 or length != data.size:
                    failures.append(f"{server.name} answered {answer.status} with {length} bytes")
                    return
        except queue.Empty:
            pass
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"{server.name}: {error}")
        finally:
            connection.close()

    clients = [threading.Thread(target=client) for _ in range(connections)]
    begun = time.perf_counter()
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    if failures:
        raise SystemExit(failures[0])
    return time.perf_counter() - begun


def run(origin, servers, make_data, connections, rounds):
    """What each server saw, by name; `origin` is among the servers, read without a cache."""
    seen = {server.name: [] for server in servers}
    by_name = {server.name: server for server in servers}
    # One round more goes first and is not counted: memory that nobody has used yet costs more than a miss.
    for number, order in enumerate(in_rounds(rounds + 1, by_name)):
        data = make_data(number)
        put(origin, data)
        for name in order:
            server = by_name[name]
            before = server.cpu()
            seconds = read_once(server, data, connections)
            if number > 0:
                seen[name].append({"gbs": data.length / seconds / GB, "rate": data.count / seconds,
                                   "seconds": seconds, "requests": data.count, "errors": 0,
                                   "cpu_per_gb": (server.cpu() - before) / data.length * GB})
        delete(origin, data)
    return seen
