"""Where a server's CPU time goes: perf's samples by what they were at, in the words of a request."""

import contextlib
import re
import signal
import subprocess

# The first that fits counts. In the kernel every caller is looked at, from the innermost outwards: what a
# socket costs is known by the call that went in. Of the program it is the innermost function alone, for
# without frame pointers its callers are not to be had.
KERNEL = [
    ("socket send", r"^(tcp_sendmsg|inet_sendmsg|sock_sendmsg|io_send(msg|_zc)?$)"),
    ("socket receive", r"^(tcp_recvmsg|inet_recvmsg|sock_recvmsg|io_recv(msg)?$)"),
    ("device", r"^(io_read|io_write|blkdev_|ext4_|xfs_|blk_mq|submit_bio)"),
    ("waiting and waking", r"^(schedule$|io_cqring_wait|try_to_wake_up|do_idle|futex_|switch_to)"),
    ("other packets of the machine", r"^(asm_|sysvec_|irq_exit|common_interrupt|do_softirq|__do_softirq|handle_softirqs)"),
    ("io_uring", r"^(io_|__io_|__x64_sys_io_uring|__se_sys_io_uring|__do_sys_io_uring|ctx_flush)"),
]
PROGRAM = [
    ("signature", r"libcrypto|libssl|sigv4|sha256|hmac|verifier|verified|canonical|digest|percent|access::|secret"
                  r"|signature|lists_header|hex_|amz_date|credential|pthread_rwlock|pthread_getspecific"),
    ("head parse", r"llhttp|head_parser|head_scanner|message_reader|head_framing|s3::classif|s3::address|s3::query"
                   r"|parse_range|s3::range|conditional|entity_tag|hop_by_hop|characters|resolve_address|parse_request"
                   r"|frame_request|frontend::http::\(anonymous"),
    ("head write", r"head_writer|cached_head|append_field|cache_status|finish_head|http_date|fmt::"),
    ("look-up", r"part_index|part_store|part_reader|chunk_|frame_|version_|layout|xxh3|XXH3|XXH|part_id|lru|shard"
                r"|engine::home|memory_tier|device_tier|findings|lease|slots?_|part_walk"),
    ("io_uring", r"io_uring|ring::|ring_|reap|submit"),
    ("scheduling", r"core::|ready_|mailbox|mail_|timer|task<|coroutine|promise|remote|scope|started|frame_allocator"
                   r"|wait_list|clock"),
    ("connection and answer", r"connection|client::|get_object|cached_answer|socket|stream|record|metrics|histogram"
                              r"|gate"),
    ("signature", r"frontend::s3::"),
    ("connection and answer", r"lode::frontend::"),
    ("memory and text of the libraries", r"libc\.so|libstdc|std::|operator new|operator delete"),
]
GROUPS = list(dict.fromkeys(name for name, _ in (*KERNEL, *PROGRAM)))
REST = "rest"


def compiled(groups):
    return [(name, re.compile(pattern)) for name, pattern in groups]


KERNEL_RULES, PROGRAM_RULES = compiled(KERNEL), compiled(PROGRAM)
FRAME = re.compile(r"^\s*[0-9a-f]+ (.*) \(([^()]*(?:\([^()]*\))?[^()]*)\)$")


def group_of(frames):
    """`frames`: function and file of each, the innermost first."""
    kernel = [function for function, file in frames if is_kernel(file)]
    if kernel:
        for name, rule in KERNEL_RULES:
            if any(rule.search(function.split("+")[0]) for function in kernel):
                return name
        return "other system calls"
    function, file = frames[0]
    for name, rule in PROGRAM_RULES:
        if rule.search(function) or rule.search(file):
            return name
    return REST


def is_kernel(file):
    return file.startswith("[") and file not in ("[unknown]", "[vdso]")


def samples(text):
    """The stacks of `perf script`, one list of frames for each."""
    for block in text.split("\n\n"):
        frames = [FRAME.match(line) for line in block.splitlines()]
        frames = [(m[1], m[2]) for m in frames if m]
        if frames:
            yield frames


def shares(text):
    """What share of the samples each group has, and each function of the rest and of the program."""
    groups, functions = {}, {}
    total = 0
    for frames in samples(text):
        total += 1
        name = group_of(frames)
        groups[name] = groups.get(name, 0) + 1
        function, file = frames[0]
        plain = function.replace("(anonymous namespace)::", "").partition("(")[0]
        at = (name, plain if plain != "[unknown]" else f"somewhere in {file}")
        functions[at] = functions.get(at, 0) + 1
    if total == 0:
        raise SystemExit("perf saw no samples")
    return {k: v / total for k, v in groups.items()}, {k: v / total for k, v in functions.items()}


@contextlib.contextmanager
def recording(pid, path, hertz=1999):
    """perf's record of a process while the block runs."""
    process = subprocess.Popen(
        ["perf", "record", "-e", "cpu-clock", "-F", str(hertz), "-g", "-p", str(pid), "-o", path],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def script(path):
    return subprocess.run(["perf", "script", "-i", path, "-F", "ip,sym,dso"], capture_output=True,
                          text=True, check=True).stdout
