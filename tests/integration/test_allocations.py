"""A hit makes no allocation: counted in the real process, by a library that stands before malloc."""

import os
import signal
import subprocess
import time

from harness.case import Case
from harness.content import KIB, MIB
from harness.origin import OWNER

# Counts what a process allocates and writes the number down whenever SIGUSR2 asks for it.
COUNTER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static atomic_ulong count;

void *malloc(size_t n) { atomic_fetch_add(&count, 1); return __libc_malloc(n); }
void *calloc(size_t m, size_t n) { atomic_fetch_add(&count, 1); return __libc_calloc(m, n); }
void *realloc(void *p, size_t n) { atomic_fetch_add(&count, 1); return __libc_realloc(p, n); }
void *aligned_alloc(size_t a, size_t n) { atomic_fetch_add(&count, 1); return __libc_memalign(a, n); }

static void write_down(int unused) {
    (void)unused;
    char text[32];
    int length = snprintf(text, sizeof text, "%lu\n", atomic_load(&count));
    int fd = open(getenv("ALLOCATIONS"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd >= 0) { (void)!write(fd, text, (size_t)length); close(fd); }
}

__attribute__((constructor)) static void begin(void) { signal(SIGUSR2, write_down); }
"""


class Allocations(Case):
    needs_lode = True
    starts_lode = False
    origins = ("lode-origin",)

    def build_counter(self):
        folder = self.world.scratch / self.world.new_name("allocations")
        folder.mkdir()
        source, library = folder / "counter.c", folder / "counter.so"
        source.write_text(COUNTER)
        subprocess.run(["clang-19", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
        return library, folder / "counts"

    def counted(self, lode, counts):
        before = counts.read_text().count("\n") if counts.exists() else 0
        os.kill(lode.daemon.pid, signal.SIGUSR2)
        for _ in range(200):
            lines = counts.read_text().splitlines() if counts.exists() else []
            if len(lines) > before:
                return int(lines[-1])
            time.sleep(0.02)
        raise AssertionError("the counter did not answer")

    def test_a_hit_allocates_nothing(self):
        library, counts = self.build_counter()
        lode = self.make_lode(environment={"LD_PRELOAD": str(library), "ALLOCATIONS": str(counts)})
        lode.start()
        self.addCleanup(lode.stop)
        keys = {self.store(self.new_key(), size): size for size in (100, 64 * KIB, 3 * MIB + 5)}
        client = lode.client()
        self.addCleanup(client.close)

        def read_all(times):
            for _ in range(times):
                for key, size in keys.items():
                    self.expect_content(client.get(self.bucket, key), key, 0, size)
                    self.expect_content(client.get(self.bucket, key, range="bytes=10-59"), key, 10, 50)

        read_all(50)  # so that everything which grows has grown
        before = self.counted(lode, counts)
        read_all(100)
        after = self.counted(lode, counts)

        hits = 100 * 2 * len(keys)
        self.assertLess(after - before, hits / 20,
                        f"{after - before} allocations in {hits} hits")

    def test_a_hit_on_a_request_that_comes_again_allocates_nothing(self):
        library, counts = self.build_counter()
        keys = self.world.new_directory("keys") / "keys.toml"
        keys.write_text(f'[[key]]\nname = "owner"\naccess_key = "{OWNER.access_key}"\n'
                        f'secret_key = "{OWNER.secret_key}"\n'
                        'rules = [ { buckets = ["*"], allow = "read" } ]\n')
        keys.chmod(0o600)
        lode = self.make_lode(environment={"LD_PRELOAD": str(library), "ALLOCATIONS": str(counts)},
                              settings={"auth": {"mode": "local", "keys": str(keys)},
                                        "consistency": {"mode": "bounded", "max_stale": "1h"}})
        lode.start()
        self.addCleanup(lode.stop)
        key = self.store(self.new_key(), 64 * KIB)
        client = lode.client().anonymous()
        self.addCleanup(client.close)
        path, query = lode.client().presigned("GET", self.bucket, key)

        def read(times):
            for _ in range(times):
                self.expect_content(client.request("GET", path, query=query), key, 0, 64 * KIB)

        read(50)
        before = self.counted(lode, counts)
        read(500)
        after = self.counted(lode, counts)

        self.assertLess(after - before, 500 / 20, f"{after - before} allocations in 500 hits")
