// frontend/origin/exchange.h
//
// One request to the origin and the answer to it, on a connection from the pool. The answer's head is
// read; its body streams through reader().
//
//   Core        One.
//   Lifetime    Holds the connection. The head's views stay valid as long as the exchange. Destroying it
//               with the body unread closes the connection.
//   Errors      unavailable: no connection. timed_out: no answer in time. protocol: an answer that cannot
//               be trusted; the connection is closed and nothing of it was used. overloaded: the pool.
//   Limits      One retry, on a fresh connection, when a reused one failed before its first byte; none for
//               POST, which may not be repeated.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "frontend/http/connection_pool.h"
#include "frontend/http/message.h"
#include "frontend/origin/reachability.h"

namespace lode::frontend::origin {

// A client's head as it goes on to the origin: same method, target, order and bytes of the fields, but
// for what concerns the hop alone and what is named here. Only what no signature covers may be changed.
struct forwarded_head {
    std::string_view method;
    std::string_view target;
    std::span<const http::header> headers;
    std::string_view without = {};             // one field that is left out
    std::span<const http::header> added = {};  // fields that come last
    enum class body : std::uint8_t { as_announced, chunked } framing = body::as_announced;

    // `location` is what x-lode-location says; nothing where it is empty or a client has said it.
    void write_to(std::string& out, std::string_view default_host,
                  std::string_view location = {}) const;
};

// Hears how the exchanges over one link went, from first to last byte.
class link_observer {
  public:
    link_observer() = default;
    link_observer(const link_observer&) = delete;
    link_observer& operator=(const link_observer&) = delete;

    // A complete answer, with so many bytes of body.
    virtual void finished(bytes body) = 0;
    // An answer that broke off, or took too long.
    virtual void failed(error why) = 0;

  protected:
    ~link_observer() = default;
};

// What an exchange needs to know about the other side.
struct origin_link {
    http::connection_pool& pool;
    std::string_view authority;  // Host for requests that came without one
    duration answer_timeout;
    duration change_timeout;    // for requests that change something: a copy may take minutes
    std::string location = {};  // of this node, for x-lode-location; empty: not told
    link_observer* observer = nullptr;  // lives as long as the pool; null: nobody listens
    reachability* way = nullptr;        // the same; is told whenever something comes
};

// How somebody else ends an exchange, at any time: while it waits for the answer or reads it. Outlives
// the exchange.
class exchange_abort {
  public:
    void abort() {
        aborted_ = true;
        if (stream_ != nullptr) stream_->abort();
    }
    [[nodiscard]] bool aborted() const { return aborted_; }
    // The exchange is about to end by itself.
    void let_go() { stream_ = nullptr; }

  private:
    friend class exchange;

    engine::stream* stream_ = nullptr;
    bool aborted_ = false;
};

class exchange {
  public:
    exchange(exchange&&) = default;
    exchange& operator=(exchange&&) = default;

    // Sends a request without a body and reads the head of its answer. If that succeeds, `stop` is to
    // be told before the exchange is destroyed.
    static engine::task<result<exchange>> ask(origin_link& link, const forwarded_head& request,
                                              exchange_abort* stop = nullptr);

    // For requests with a body, whose sender reads the answer itself: only the head is sent.
    static engine::task<result<exchange>> begin(origin_link& link, const forwarded_head& request);

    [[nodiscard]] const http::response_head& head() const { return head_; }
    void set_head(const http::response_head& head) { head_ = head; }
    [[nodiscard]] http::message_reader& reader() { return lease_->reader(); }
    [[nodiscard]] engine::stream& stream() { return lease_->stream(); }
    [[nodiscard]] bool on_reused_connection() const { return lease_->reused(); }

    // Moves the deadline of the connection: to be called before each step.
    void expect_progress() { stream().expire_at(engine::now() + patience_); }

    // Some of the answer has come.
    void heard() {
        if (way_ != nullptr) way_->heard();
    }

    // The answer broke off: whoever keeps count of the other side's failures is told.
    void blame(error why);

    // The request did not leave completely: the connection can serve no other.
    void spoil() { spoiled_ = true; }

    // The answer was read completely: the connection may serve the next request. Else it is closed.
    void finish();

    // Reads and forgets a body that nobody wants, up to 64 KiB, then finishes.
    engine::task<void> discard();

  private:
    enum class stage : std::uint8_t { sent, answered };
    static engine::task<result<exchange>> start(origin_link& link, const forwarded_head& request,
                                                stage wanted, exchange_abort* stop);
    engine::task<result<>> send_head(const origin_link& link, const forwarded_head& request);
    engine::task<result<>> read_head(std::string_view method);
    [[nodiscard]] bool may_try_again(std::string_view method, const error& why);

    exchange(http::connection_pool::lease lease, duration patience, const origin_link& link)
        : lease_(std::move(lease)), patience_(patience), observer_(link.observer), way_(link.way) {}

    http::connection_pool::lease lease_;
    duration patience_;
    link_observer* observer_;
    reachability* way_;
    http::response_head head_;
    bool spoiled_ = false;
};

}  // namespace lode::frontend::origin
