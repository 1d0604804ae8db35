#include "engine/runtime/ring.h"

#include <cerrno>
#include <vector>

#include "engine/base/assert.h"

namespace lode::engine {
namespace {

thread_local ring* current_ring = nullptr;  // NOLINT

// Completions of these belong to no operation.
constexpr std::uint64_t nobody = 0;

}  // namespace

ring::~ring() {
    LODE_ASSERT(in_flight_ == 0);
    if (open_) io_uring_queue_exit(&ring_);
    if (current_ring == this) current_ring = nullptr;
}

result<> ring::open(options o) {
    auto done = set_up(o, 0);
    if (done) current_ring = this;
    return done;
}

result<ring*> ring::polled() {
    if (polled_ == nullptr) {
        auto made = std::make_unique<ring>();
        const auto done =
            made->set_up({.entries = ring_.sq.ring_entries, .completions = ring_.cq.ring_entries},
                         IORING_SETUP_IOPOLL);
        if (!done) return std::unexpected(done.error());
        // Transfers take the unregistered form where the kernel refuses.
        if (!registered_.empty()) {
            [[maybe_unused]] const auto registered = made->register_memory(registered_);
        }
        polled_ = std::move(made);
    }
    return polled_.get();
}

result<> ring::set_up(options o, unsigned flags) {
    LODE_ASSERT(!open_);
    io_uring_params params{};
    params.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER |
                   IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
                   IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP;
    params.cq_entries = o.completions;
    const int failed = io_uring_queue_init_params(o.entries, &ring_, &params);
    if (failed < 0) return fail_errno(-failed);
    open_ = true;
    // Only saves a file-table look-up per call; the kernel may refuse it.
    (void)io_uring_register_ring_fd(&ring_);
    return {};
}

ring& ring::current() {
    LODE_ASSERT(current_ring != nullptr);
    return *current_ring;
}

ring* ring::current_or_null() { return current_ring; }

io_uring_sqe& ring::next_entry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) {
        io_uring_submit(&ring_);
        entry = io_uring_get_sqe(&ring_);
    }
    LODE_ASSERT(entry != nullptr);
    return *entry;
}

io_uring_sqe& ring::prepare(operation& op) {
    io_uring_sqe& entry = next_entry();
    // Each prep function of liburing clears the entry but leaves user_data alone.
    entry.user_data = reinterpret_cast<std::uintptr_t>(&op);
    ++in_flight_;
    return entry;
}

void ring::cancel(operation& op) {
    io_uring_sqe& entry = next_entry();
    io_uring_prep_cancel64(&entry, reinterpret_cast<std::uintptr_t>(&op), 0);
    entry.user_data = nobody;
}

void ring::wake(int target_ring_fd) {
    io_uring_sqe& entry = next_entry();
    io_uring_prep_msg_ring(&entry, target_ring_fd, 0, nobody, 0);
    entry.user_data = nobody;
}

void ring::submit_and_wait(duration wait) {
    if (polling()) {
        io_uring_submit_and_get_events(&polled_->ring_);
        wait = duration::zero();
    }
    const bool kernel_has_work =
        (IO_URING_READ_ONCE(*ring_.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
    if (wait <= duration::zero()) {
        if (io_uring_sq_ready(&ring_) > 0 || kernel_has_work) {
            io_uring_submit_and_get_events(&ring_);
        }
        return;
    }
    if (wait == duration::max()) {
        io_uring_submit_and_wait(&ring_, 1);
        return;
    }
    __kernel_timespec limit{.tv_sec = wait.count() / 1'000'000'000,
                            .tv_nsec = wait.count() % 1'000'000'000};
    io_uring_cqe* first = nullptr;
    io_uring_submit_and_wait_timeout(&ring_, &first, 1, &limit, nullptr);
}

std::size_t ring::reap() {
    std::size_t reaped = 0;
    unsigned head = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
        ++reaped;
        if (cqe->user_data == nobody) continue;
        if ((cqe->flags & IORING_CQE_F_MORE) == 0) --in_flight_;
        // The kernel hands our pointer back as a number.
        auto* op =
            reinterpret_cast<operation*>(cqe->user_data);  // NOLINT(performance-no-int-to-ptr)
        op->complete(cqe->res, cqe->flags);
    }
    io_uring_cq_advance(&ring_, static_cast<unsigned>(reaped));
    if (polling()) reaped += polled_->reap();
    return reaped;
}

result<> ring::register_memory(std::span<std::byte> memory) {
    LODE_ASSERT(registered_.empty());
    std::vector<iovec> pieces;
    for (std::size_t at = 0; at < memory.size(); at += registered_piece) {
        const auto piece = memory.subspan(at, std::min(registered_piece, memory.size() - at));
        pieces.push_back({.iov_base = piece.data(), .iov_len = piece.size()});
    }
    const int failed =
        io_uring_register_buffers(&ring_, pieces.data(), static_cast<unsigned>(pieces.size()));
    if (failed < 0) return fail_errno(-failed);
    registered_ = memory;
    return polled_ == nullptr ? result<>{} : polled_->register_memory(memory);
}

int ring::registered_index(const std::byte* data) const {
    if (registered_.empty() || data < registered_.data() ||
        data >= registered_.data() + registered_.size()) {
        return -1;
    }
    return static_cast<int>(static_cast<std::size_t>(data - registered_.data()) / registered_piece);
}

}  // namespace lode::engine
