// The practical limit that a hit is held against: a server that does nothing but receive and send.
// It reads until an empty line, answers with a fixed head and the same bytes from memory, and keeps
// the connection. No request is parsed, so that every one gets the whole `--size`.
//
//   Core        One pinned thread and one ring each (SINGLE_ISSUER, DEFER_TASKRUN), nothing shared
//               but the bytes. The first core accepts and hands descriptors out in turn, for
//               SO_REUSEPORT would hash sixteen connections onto one core now and then.
//   Memory      The answer's bytes once; received bytes in a ring of provided buffers per core; a few
//               words per connection.
//   Errors      A connection that fails is closed; a kernel that refuses something ends the program.
//   Limits      1 MiB a send, the first together with the head; no deadlines, for it lives for a run.
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/resource.h>

#include "engine/base/huge_memory.h"
#include "engine/runtime/address.h"

using namespace lode;

namespace {

constexpr std::size_t piece_max = std::size_t{1} << 20U;
constexpr unsigned entries = 4096;
constexpr unsigned buffer_count = 512;
constexpr unsigned buffer_size = 4096;
constexpr int buffer_group = 0;
constexpr int backlog = 4096;
constexpr std::string_view head_end = "\r\n\r\n";

struct command_line {
    std::string listen = "127.0.0.1:9100";
    std::size_t size = piece_max;
    unsigned cores = 1;
};

// What every core sends.
struct answer {
    std::string head;
    huge_memory body;
    std::size_t size;
};

[[noreturn]] void give_up(std::string_view what, int why) {
    fmt::print(stderr, "send_loop: {}: {}\n", what, std::strerror(why));
    std::exit(1);
}

struct connection {
    int fd;
    bool receiving = false;
    bool sending = false;
    bool ended = false;
    std::size_t matched = 0;     // bytes of head_end that were seen
    std::size_t unanswered = 0;  // requests
    std::size_t sent = 0;        // of the answer under way, its head included
    std::array<iovec, 2> pieces{};
    msghdr message{};
};

// What completed, in the low bits of user_data, beside the connection's address.
enum class event : std::uintptr_t {
    received = 0,
    sent = 1,
    accepted = 2,
    handed_over = 3,
    ignored = 4
};
constexpr std::uintptr_t event_bits = 7;

class sender {
  public:
    explicit sender(const answer& what) : answer_(what) {}

    void open();
    void run(int listener, const std::vector<sender>& all);
    [[nodiscard]] int ring_fd() const { return ring_.ring_fd; }

  private:
    io_uring_sqe& prepare(event what, const connection* whose);
    void handle(const io_uring_cqe& cqe);
    void accepted(const io_uring_cqe& cqe);
    void take(int fd);
    void received(connection& c, const io_uring_cqe& cqe);
    void sent(connection& c, int outcome);
    void receive(connection& c);
    void send_piece(connection& c);
    void end(connection& c);
    void give_back(unsigned buffer);

    const answer& answer_;
    io_uring ring_{};
    io_uring_buf_ring* buffers_ = nullptr;
    std::vector<char> memory_;
    int listener_ = -1;
    const std::vector<sender>* all_ = nullptr;
    std::size_t next_ = 0;  // who takes the next connection
};

void sender::open() {
    io_uring_params params{};
    params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                   IORING_SETUP_SUBMIT_ALL;
    params.cq_entries = entries * 4;
    if (int e = io_uring_queue_init_params(entries, &ring_, &params); e < 0)
        give_up("io_uring", -e);
    (void)io_uring_register_ring_fd(&ring_);

    memory_.resize(std::size_t{buffer_count} * buffer_size);
    void* shared = nullptr;
    if (posix_memalign(&shared, 4096, buffer_count * sizeof(io_uring_buf)) != 0) {
        give_up("memory", ENOMEM);
    }
    buffers_ = static_cast<io_uring_buf_ring*>(shared);
    io_uring_buf_ring_init(buffers_);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(shared);
    registration.ring_entries = buffer_count;
    registration.bgid = buffer_group;
    if (int e = io_uring_register_buf_ring(&ring_, &registration, 0); e < 0) give_up("buffers", -e);
    for (unsigned i = 0; i < buffer_count; ++i) give_back(i);
}

void sender::run(int listener, const std::vector<sender>& all) {
    listener_ = listener;
    all_ = &all;
    if (listener >= 0) {
        io_uring_prep_multishot_accept(&prepare(event::accepted, nullptr), listener, nullptr,
                                       nullptr, SOCK_CLOEXEC);
    }
    for (;;) {
        io_uring_submit_and_wait(&ring_, 1);
        unsigned head = 0;
        unsigned seen = 0;
        io_uring_cqe* cqe = nullptr;
        io_uring_for_each_cqe(&ring_, head, cqe) {
            ++seen;
            handle(*cqe);
        }
        io_uring_cq_advance(&ring_, seen);
    }
}

io_uring_sqe& sender::prepare(event what, const connection* whose) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) {
        io_uring_submit(&ring_);
        entry = io_uring_get_sqe(&ring_);
    }
    entry->user_data = reinterpret_cast<std::uintptr_t>(whose) | static_cast<std::uintptr_t>(what);
    return *entry;
}

void sender::handle(const io_uring_cqe& cqe) {
    auto* whose = reinterpret_cast<connection*>(cqe.user_data & ~event_bits);  // NOLINT
    switch (static_cast<event>(cqe.user_data & event_bits)) {
        case event::received: return received(*whose, cqe);
        case event::sent: return sent(*whose, cqe.res);
        case event::accepted: return accepted(cqe);
        case event::handed_over: return take(cqe.res);
        case event::ignored: return;
    }
}

void sender::accepted(const io_uring_cqe& cqe) {
    if (cqe.res < 0) give_up("accept", -cqe.res);
    if ((cqe.flags & IORING_CQE_F_MORE) == 0) {
        io_uring_prep_multishot_accept(&prepare(event::accepted, nullptr), listener_, nullptr,
                                       nullptr, SOCK_CLOEXEC);
    }
    const sender& to = (*all_)[next_++ % all_->size()];
    if (&to == this) return take(cqe.res);
    io_uring_prep_msg_ring(&prepare(event::ignored, nullptr), to.ring_fd(),
                           static_cast<unsigned>(cqe.res),
                           static_cast<std::uint64_t>(event::handed_over), 0);
}

void sender::take(int fd) {
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    receive(*new connection{.fd = fd});
}

// Stays armed: a request then costs no submission and no arming of a poll.
void sender::receive(connection& c) {
    io_uring_sqe& entry = prepare(event::received, &c);
    io_uring_prep_recv_multishot(&entry, c.fd, nullptr, 0, 0);
    entry.flags |= IOSQE_BUFFER_SELECT;
    entry.buf_group = buffer_group;
    entry.ioprio |= IORING_RECVSEND_POLL_FIRST;
    c.receiving = true;
}

void sender::received(connection& c, const io_uring_cqe& cqe) {
    if ((cqe.flags & IORING_CQE_F_MORE) == 0) c.receiving = false;
    if (cqe.res <= 0 && cqe.res != -ENOBUFS) return end(c);
    if (cqe.res > 0) {
        const unsigned buffer = cqe.flags >> IORING_CQE_BUFFER_SHIFT;
        const std::string_view bytes(&memory_[std::size_t{buffer} * buffer_size],
                                     static_cast<std::size_t>(cqe.res));
        for (const char b : bytes) {
            c.matched = b == head_end[c.matched] ? c.matched + 1 : std::size_t{b == '\r'};
            if (c.matched < head_end.size()) continue;
            c.matched = 0;
            ++c.unanswered;
        }
        give_back(buffer);
    }
    if (c.ended) return end(c);
    if (!c.receiving) receive(c);
    if (c.unanswered > 0 && !c.sending) send_piece(c);
}

void sender::send_piece(connection& c) {
    const std::size_t head = answer_.head.size();
    std::size_t count = 0;
    std::size_t at = 0;
    if (c.sent < head) {
        c.pieces[count++] = {.iov_base = const_cast<char*>(answer_.head.data()) + c.sent,
                             .iov_len = head - c.sent};
    } else {
        at = c.sent - head;
    }
    c.pieces[count++] = {.iov_base = answer_.body.data() + at,
                         .iov_len = std::min(piece_max, answer_.size - at)};
    c.message.msg_iov = c.pieces.data();
    c.message.msg_iovlen = count;
    io_uring_prep_sendmsg(&prepare(event::sent, &c), c.fd, &c.message, MSG_NOSIGNAL | MSG_WAITALL);
    c.sending = true;
}

void sender::sent(connection& c, int outcome) {
    c.sending = false;
    if (outcome <= 0 || c.ended) return end(c);
    c.sent += static_cast<std::size_t>(outcome);
    if (c.sent == answer_.head.size() + answer_.size) {
        c.sent = 0;
        --c.unanswered;
    }
    if (c.unanswered > 0) send_piece(c);
}

void sender::end(connection& c) {
    if (!c.ended) (void)::shutdown(c.fd, SHUT_RDWR);
    c.ended = true;
    if (c.sending || c.receiving) return;  // comes back with what they report
    ::close(c.fd);
    delete &c;
}

void sender::give_back(unsigned buffer) {
    io_uring_buf_ring_add(buffers_, &memory_[std::size_t{buffer} * buffer_size], buffer_size,
                          static_cast<std::uint16_t>(buffer), io_uring_buf_ring_mask(buffer_count),
                          0);
    io_uring_buf_ring_advance(buffers_, 1);
}

int listen_at(const std::string& text) {
    const auto at = engine::socket_address::parse(text);
    if (!at) give_up("--listen wants ADDRESS:PORT", EINVAL);
    const int fd = ::socket(at->family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (fd < 0) give_up("socket", errno);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd, at->data(), at->length()) != 0) give_up("bind", errno);
    return fd;
}

void pin(unsigned cpu) {
    cpu_set_t mine;
    CPU_ZERO(&mine);
    CPU_SET(cpu, &mine);
    (void)pthread_setaffinity_np(pthread_self(), sizeof mine, &mine);
}

void serve(const command_line& given, const answer& what) {
    const int listener = listen_at(given.listen);
    std::vector<sender> all(given.cores, sender(what));
    std::atomic<unsigned> opened{0};
    std::vector<std::thread> threads;
    threads.reserve(given.cores);
    for (unsigned i = 0; i < given.cores; ++i) {
        threads.emplace_back([&, i] {
            pin(i % std::thread::hardware_concurrency());
            all[i].open();
            ++opened;
            while (opened < given.cores) std::this_thread::yield();
            // Nobody is let in before everybody can take a connection.
            if (i == 0 && ::listen(listener, backlog) != 0) give_up("listen", errno);
            all[i].run(i == 0 ? listener : -1, all);
        });
    }
    for (std::thread& t : threads) t.join();
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "send_loop answers every request with the same bytes, as cheaply as the kernel can.");
    command_line given;
    app.add_option("--listen", given.listen, "ADDRESS:PORT")->capture_default_str();
    app.add_option("--size", given.size, "bytes of every answer")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 30U))
        ->capture_default_str();
    app.add_option("--cores", given.cores, "threads, each with its ring")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    answer what{.head = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n"
                                    "Connection: keep-alive\r\n\r\n",
                                    given.size),
                .body = huge_memory(bytes(given.size)),
                .size = given.size};
    // Every page is one of its own, not the kernel's page of zeroes.
    for (std::size_t i = 0; i < given.size; ++i)
        what.body.data()[i] = static_cast<std::byte>(i * 31);
    serve(given, what);
}
