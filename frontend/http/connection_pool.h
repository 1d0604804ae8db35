// frontend/http/connection_pool.h
//
// Keep-alive connections of one core to one server. The most recently used connection is handed out
// first, so that superfluous ones grow old and are dropped before the server cuts them.
//
//   auto lease = co_await pool.acquire(deadline);
//   ... send a request over lease->stream(), read the answer from lease->reader() ...
//   lease->keep();     // else the connection is closed with the lease
//
//   Core        One.
//   Memory      What a connection needs (message_reader.h, tls.h), times options.connections.
//   Lifetime    The pool outlives its leases; close() must have been awaited before destruction.
//   Errors      overloaded: no connection became free in time, or too many wait already.
//               unavailable: a new connection could not be made. cancelled: the pool is closing.
//   Limits      options.connections at the same time, leased and idle together.
//   Invariants  An idle connection has no unread byte, and its last message was complete.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/counters.h"
#include "engine/base/list.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/timers.h"
#include "engine/runtime/wait_list.h"
#include "frontend/http/dialer.h"
#include "frontend/http/message_reader.h"

namespace lode::frontend::http {

class connection_pool;

class client_connection : public list_hook<> {
  public:
    client_connection(dialed d, const limits& l);

    [[nodiscard]] engine::stream& stream() { return *dialed_.stream; }
    [[nodiscard]] message_reader& reader() { return reader_; }

    // What the dialer agreed on with the server; null where there was nothing to agree on.
    [[nodiscard]] agreement* agreed() { return dialed_.agreed.get(); }

    // For head_writer: its memory stays with the connection.
    [[nodiscard]] std::string& head_buffer() { return head_; }

    // How many leases it served before this one. A request on a reused connection that fails before
    // the first byte of an answer may simply have met the server's idle limit: it can be sent again
    // on a fresh one, if its body can.
    [[nodiscard]] std::uint64_t uses() const { return uses_; }
    [[nodiscard]] bool reused() const { return uses_ > 0; }

  private:
    friend connection_pool;

    dialed dialed_;
    message_reader reader_;
    std::string head_;
    std::uint64_t uses_ = 0;
    time_point idle_since_{};
};

class connection_pool {
  public:
    struct options {
        std::uint32_t connections = 256;
        std::uint32_t waiters = 4096;              // who may stand in line for one
        duration idle = std::chrono::seconds(50);  // servers commonly cut at 60 to 65 s
        duration connect_timeout = std::chrono::seconds(3);
        // A connection that was used so recently is handed out without asking the kernel whether the server
        // has left it: for whoever asks again when one turns out to be dead.
        duration trusted = duration::zero();
        http::limits limits;
    };

    struct statistics {
        counter opened;      // connections made
        counter reused;      // leases served by an idle one
        counter failed;      // attempts to connect that did not succeed
        counter stale;       // idle connections that the server had left
        counter expired;     // idle connections that grew too old
        counter waited;      // leases that had to stand in line
        counter overloaded;  // leases refused
        counter in_use;      // now
        counter idle;        // now
    };

    // The right to use one connection. Movable; destroying it closes the connection, in the
    // background, unless keep() was called.
    class lease {
      public:
        lease(lease&& other) noexcept;
        lease& operator=(lease&& other) noexcept;
        ~lease() { end(); }

        client_connection& operator*() const { return *connection_; }
        client_connection* operator->() const { return connection_.get(); }

        // Gives the connection back for the next request. To be called only when every request sent
        // over it was sent completely and its answer was read. When that answer was not read to its
        // end, or does not let another follow, the connection is closed all the same. The lease is
        // empty afterwards.
        void keep();

        // Whether it still holds a connection.
        [[nodiscard]] explicit operator bool() const { return connection_ != nullptr; }

      private:
        friend connection_pool;
        lease(connection_pool& pool, std::unique_ptr<client_connection> connection)
            : pool_(&pool), connection_(std::move(connection)) {}

        void end();

        connection_pool* pool_;
        std::unique_ptr<client_connection> connection_;
    };

    connection_pool(std::unique_ptr<dialer> d, const options& o);
    ~connection_pool();
    connection_pool(const connection_pool&) = delete;
    connection_pool& operator=(const connection_pool&) = delete;

    // `fresh`: a new connection, for a second attempt after a reused one failed.
    enum class freshness : std::uint8_t { any, fresh };
    engine::task<result<lease>> acquire(time_point until, freshness f = freshness::any);

    // Fails whatever leases wait for (stream.abort), for a shutdown that must not take longer.
    void abort();

    // No more leases; returns when every lease has ended and every connection is closed.
    engine::task<void> close();

    [[nodiscard]] const statistics& stats() const { return stats_; }

  private:
    std::unique_ptr<client_connection> take_idle();
    engine::task<result<std::unique_ptr<client_connection>>> open(time_point until);
    void take_back(std::unique_ptr<client_connection> connection);
    void drop(std::unique_ptr<client_connection> connection);
    void drop_oldest_idle();
    void end_lease(client_connection& connection);
    void arm_expiry();
    static void expire(void* self);
    static engine::task<void> close_connection(std::unique_ptr<client_connection> connection);

    std::unique_ptr<dialer> dialer_;
    options options_;
    statistics stats_;
    engine::semaphore permits_;  // one per lease, or attempt to get one
    std::uint32_t waiting_ = 0;
    bool closing_ = false;
    list<client_connection> leased_;
    list<client_connection> idle_;  // owned; most recently used first
    engine::timer expiry_;
    engine::scope closings_;
};

}  // namespace lode::frontend::http
