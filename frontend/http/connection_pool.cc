#include "frontend/http/connection_pool.h"

#include <algorithm>
#include <utility>

#include <poll.h>

#include "engine/base/assert.h"

namespace lode::frontend::http {
namespace {

// How long a connection may take to say goodbye (TLS sends an alert).
constexpr duration farewell_max = std::chrono::seconds(2);

// A server that has left, or says something unasked, made the connection useless. Asking the kernel
// does not block.
bool is_alive(int fd) {
    if (fd < 0) return true;
    pollfd ask{.fd = fd, .events = POLLIN | POLLRDHUP, .revents = 0};
    return ::poll(&ask, 1, 0) == 0;
}

}  // namespace

client_connection::client_connection(dialed d, const limits& l)
    : dialed_(std::move(d)), reader_(*dialed_.stream, l) {}

connection_pool::connection_pool(std::unique_ptr<dialer> d, const options& o)
    : dialer_(std::move(d)),
      options_(o),
      permits_(o.connections),
      expiry_(&connection_pool::expire, this) {
    LODE_ASSERT(o.connections > 0);
}

connection_pool::~connection_pool() { LODE_ASSERT(idle_.empty() && leased_.empty()); }

engine::task<result<connection_pool::lease>> connection_pool::acquire(time_point until,
                                                                      freshness f) {
    if (closing_) co_return fail(errc::cancelled);
    if (!permits_.try_acquire()) {
        if (waiting_ >= options_.waiters) {
            stats_.overloaded.add();
            co_return fail(errc::overloaded);
        }
        stats_.waited.add();
        ++waiting_;
        auto permit = co_await permits_.acquire(1, until);
        --waiting_;
        if (!permit) {
            stats_.overloaded.add();
            co_return fail(errc::overloaded);
        }
    }
    if (closing_) {
        permits_.release();
        co_return fail(errc::cancelled);
    }
    auto connection = f == freshness::any ? take_idle() : nullptr;
    if (connection) {
        stats_.reused.add();
    } else {
        auto opened = co_await open(until);
        if (!opened) {
            permits_.release();
            co_return std::unexpected(opened.error());
        }
        connection = std::move(*opened);
    }
    leased_.push_back(*connection);
    stats_.in_use.add();
    co_return lease(*this, std::move(connection));
}

engine::task<result<std::unique_ptr<client_connection>>> connection_pool::open(time_point until) {
    // Leases and idle connections together stay within the limit; this one holds a permit already.
    const std::uint64_t busy = options_.connections - permits_.free();
    if (busy + stats_.idle.value() > options_.connections) drop_oldest_idle();
    auto made = co_await dialer_->dial(std::min(until, engine::now() + options_.connect_timeout));
    if (!made) {
        stats_.failed.add();
        co_return std::unexpected(made.error());
    }
    stats_.opened.add();
    co_return std::make_unique<client_connection>(std::move(*made), options_.limits);
}

std::unique_ptr<client_connection> connection_pool::take_idle() {
    const time_point trusted_since = engine::now() - options_.trusted;
    while (!idle_.empty()) {
        std::unique_ptr<client_connection> candidate(&idle_.pop_front());
        stats_.idle.subtract();
        const bool trusted = candidate->idle_since_ > trusted_since;
        if (trusted || is_alive(candidate->dialed_.fd)) return candidate;
        stats_.stale.add();
        drop(std::move(candidate));
    }
    return nullptr;
}

void connection_pool::take_back(std::unique_ptr<client_connection> connection) {
    end_lease(*connection);
    const message_reader& reader = connection->reader();
    // Whoever aborted it may have been too late to disturb its last use, but not the next.
    const bool aborted = connection->stream().aborted();
    if (closing_ || aborted || !reader.may_continue() || reader.has_more()) {
        drop(std::move(connection));
    } else {
        ++connection->uses_;
        connection->stream().expire_at(never);
        connection->idle_since_ = engine::now();
        idle_.push_front(*connection.release());
        stats_.idle.add();
        if (!expiry_.armed()) arm_expiry();
    }
    permits_.release();
}

void connection_pool::end_lease(client_connection& connection) {
    static_cast<list_hook<>&>(connection).unlink();
    stats_.in_use.subtract();
}

void connection_pool::drop(std::unique_ptr<client_connection> connection) {
    closings_.spawn(close_connection(std::move(connection)));
}

void connection_pool::drop_oldest_idle() {
    std::unique_ptr<client_connection> oldest(&idle_.back());
    static_cast<list_hook<>&>(*oldest).unlink();
    stats_.idle.subtract();
    drop(std::move(oldest));
}

void connection_pool::arm_expiry() {
    expiry_.arm(idle_.empty() ? never : idle_.back().idle_since_ + options_.idle);
}

// The oldest is the last: they come to the front in the order of time.
void connection_pool::expire(void* self) {
    auto& me = *static_cast<connection_pool*>(self);
    const time_point born = engine::now() - me.options_.idle;
    while (!me.idle_.empty() && me.idle_.back().idle_since_ <= born) {
        me.stats_.expired.add();
        me.drop_oldest_idle();
    }
    me.arm_expiry();
}

engine::task<void> connection_pool::close_connection(
    std::unique_ptr<client_connection> connection) {
    connection->stream().expire_at(engine::now() + farewell_max);
    co_await connection->stream().close();
}

void connection_pool::abort() {
    for (client_connection* c = leased_.empty() ? nullptr : &leased_.front(); c != nullptr;
         c = leased_.next_of(*c)) {
        c->stream().abort();
    }
}

engine::task<void> connection_pool::close() {
    closing_ = true;
    expiry_.disarm();
    while (!idle_.empty()) drop_oldest_idle();
    // Whoever stands in line is served first, and told that the pool is closing.
    (void)co_await permits_.acquire(options_.connections);
    permits_.release(options_.connections);
    co_await closings_.close();
}

connection_pool::lease::lease(lease&& other) noexcept
    : pool_(other.pool_), connection_(std::move(other.connection_)) {}

connection_pool::lease& connection_pool::lease::operator=(lease&& other) noexcept {
    if (this != &other) {
        end();
        pool_ = other.pool_;
        connection_ = std::move(other.connection_);
    }
    return *this;
}

void connection_pool::lease::keep() {
    LODE_ASSERT(connection_ != nullptr);
    pool_->take_back(std::move(connection_));
}

void connection_pool::lease::end() {
    if (connection_ == nullptr) return;
    pool_->end_lease(*connection_);
    pool_->drop(std::move(connection_));
    pool_->permits_.release();
}

}  // namespace lode::frontend::http
