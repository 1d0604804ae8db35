// frontend/origin/data_backend.h
//
// One server that has objects' bytes: its connections, its health, and what it was asked. Configured by
// the operator, or pointed at by the gateway.
//
//   Core      One. `counts` may be read from any core while the backend lives.
//   Lifetime  Whoever may be between choosing a backend and holding one of its connections holds a pin;
//             a backend without pins and without leases can go. close() must have been awaited.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "engine/base/counters.h"
#include "frontend/origin/backend_health.h"
#include "frontend/origin/exchange.h"

namespace lode::frontend::origin {

struct backend_counters {
    counter requests;
    counter bytes;      // of complete answers
    counter failures;   // refused, broken off, too slow, 429 or 5xx
    counter disagreed;  // said something else about the object than the gateway
    counter up;         // 1 while it is in service
};

// What both a backend and the gateway's own data link count.
class counting_observer : public link_observer {
  public:
    // What is counted here is added to `sum`, too, which lives longer.
    explicit counting_observer(backend_counters* sum = nullptr) : sum_(sum) { counts.up.set(1); }

    void finished(bytes body) override { count(&backend_counters::bytes, body.count()); }
    void failed(error why) override {
        if (why.code != errc::cancelled) count(&backend_counters::failures);
    }

    void count(counter backend_counters::* what, std::uint64_t amount = 1) {
        (counts.*what).add(amount);
        if (sum_ != nullptr) (sum_->*what).add(amount);
    }

    backend_counters counts;

  protected:
    ~counting_observer() = default;

  private:
    backend_counters* sum_;
};

class data_backend final : public counting_observer {
  public:
    data_backend(http::endpoint where, std::unique_ptr<http::dialer> dialer,
                 const http::connection_pool::options& pool, duration answer_timeout,
                 backend_counters* sum = nullptr);

    [[nodiscard]] origin_link& link() { return link_; }
    [[nodiscard]] http::connection_pool& pool() { return pool_; }
    [[nodiscard]] const http::endpoint& where() const { return where_; }
    [[nodiscard]] bool is_idle() const { return pins_ == 0 && in_flight() == 0; }
    [[nodiscard]] std::uint64_t in_flight() const { return pool_.stats().in_use.value(); }

    [[nodiscard]] bool is_up() const { return health_.is_up(); }
    [[nodiscard]] bool welcomes(time_point now) const { return health_.welcomes(now); }
    void admit(time_point now);

    void finished(bytes body) override;
    void failed(error why) override;
    void checked(bool well);

    time_point last_used{};
    time_point last_well{};  // the last complete answer
    bool being_checked = false;

    class pin {
      public:
        explicit pin(data_backend& b) : held_(&b) { ++b.pins_; }
        pin(pin&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
        pin& operator=(pin&&) = delete;
        ~pin() {
            if (held_ != nullptr) --held_->pins_;
        }
        data_backend* operator->() const { return held_; }
        data_backend& operator*() const { return *held_; }

      private:
        data_backend* held_;
    };

  private:
    http::endpoint where_;
    std::string authority_;
    http::connection_pool pool_;
    origin_link link_;
    backend_health health_;
    std::uint32_t pins_ = 0;
};

}  // namespace lode::frontend::origin
