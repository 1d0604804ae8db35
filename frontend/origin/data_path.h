// frontend/origin/data_path.h
//
// Where the bytes of an object are read from, once the gateway has said that they may be read. By default
// the gateway itself; else, in this order,
//
//   1  the server that the gateway named beside its word (x-lode-direct-path),
//   2  the configured backends, the one with the fewest requests in flight first,
//   3  the gateway, which is always right.
//
// A place that refuses, breaks off or takes too long is left out for a while (backend_health.h) and the
// next one is asked. A place that says something else about the object than the gateway did (another
// ETag, 403, 404, 412) is not argued with: the gateway is asked. Any of them, the gateway included, may
// answer with 307 or 302: lode follows, its clients do not.
//
//   whose word     at a backend or the direct path       where a redirect points
//   -------------  ------------------------------------  -------------------------------------------
//   lode's own     signed for the place that is asked    the same, unless the Location is signed
//   the client's   as the client sent it, Host included  never: only what the Location itself carries
//
// A customer's key (SSE-C) that may have come to the gateway under TLS goes in clear text only to backends,
// which the operator chose: neither to a direct path nor where a redirect points.
//
//   Core        One per core; a fetch uses the one of the core that it runs on.
//   Memory      A connection pool per place that was ever asked, at most options.hosts_max of those that
//               the gateway pointed at: the idle one that was used longest ago goes first.
//   Lifetime    Outlives its exchanges; close() must have been awaited.
//   Errors      As exchange.h; overloaded when no further place can be remembered.
//   Limits      3 places before the gateway; 2 redirects; one check at a time and backend.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "frontend/origin/data_backend.h"
#include "frontend/origin/exchange.h"
#include "frontend/origin/own_request.h"
#include "frontend/origin/redirect.h"
#include "frontend/s3/sigv4.h"

namespace lode::frontend::origin {

// How fetches went (part_fetch.h).
struct fetch_counters {
    counter requests;
    counter retries;  // of these, those that repeat one that failed
    counter resumes;  // of these, those that go on in the middle
    counter given_up;
};

// Null where such a place cannot be dialled at all (https without certificates).
using dialer_maker = std::function<std::unique_ptr<http::dialer>(const http::endpoint&)>;

class data_path {
  public:
    struct options {
        http::scheme gateway_scheme = http::scheme::http;
        std::vector<http::endpoint> backends;
        http::connection_pool::options pool;  // of each place
        duration answer_timeout = std::chrono::seconds(5);
        duration check_every = std::chrono::seconds(5);  // 0: never
        std::size_t hosts_max = 64;
    };

    // Every core's, by core number. Made at start, then only read.
    using by_core = std::vector<data_path*>;

    // `gateway` and `who`, lode's own identity or null, outlive this.
    data_path(origin_link& gateway, options o, dialer_maker dial, s3::signer* who);
    ~data_path();
    data_path(const data_path&) = delete;
    data_path& operator=(const data_path&) = delete;

    // The answer to `request` with `added` (Range, If-Match) beside it. `direct` is the server that the
    // gateway named for this version; empty: none. Whoever reads the body blames the exchange when it
    // breaks off. The answer of a backend is about the version of If-Match; all else is for the caller
    // to check.
    engine::task<result<exchange>> open(const fetch_request& request,
                                        std::span<const http::header> added,
                                        std::string_view direct, exchange_abort* stop = nullptr);

    // What `answer`, the gateway's to a client's own request, stands for: where it is a redirect to the
    // object's bytes, the answer from there, else itself. An unsigned redirect proves nothing about the
    // client's rights, so the gateway is then asked for its word before lode goes anywhere with its own
    // identity.
    engine::task<result<exchange>> follow(exchange answer, const forwarded_head& asked);

    // Looks after the configured backends from now on; this core checks each cores-th of them, and tells
    // the others.
    void start(const by_core& everyone, std::size_t self);
    // Fails what waits for a backend.
    void abort();
    engine::task<void> close();

    // Of the configured backend of this number; may be read from any core, as the others.
    [[nodiscard]] const backend_counters& backend(std::size_t number) const {
        return backends_.at(number)->counts;
    }
    // For those who fetch over this path.
    [[nodiscard]] fetch_counters& fetches() { return fetches_; }
    [[nodiscard]] const fetch_counters& fetches() const { return fetches_; }

    // Of all places that the gateway pointed at, and of the data that the gateway gave itself.
    [[nodiscard]] const backend_counters& pointed() const { return pointed_; }
    [[nodiscard]] const backend_counters& gateway() const { return from_gateway_.counts; }
    [[nodiscard]] const counter& hosts() const { return hosts_now_; }

  private:
    // An answer to be used, or where to turn instead.
    struct attempt {
        enum class next : std::uint8_t { use_it, another_place, the_gateway, nobody };
        next then = next::another_place;
        std::optional<exchange> answer;
        error why{errc::unavailable};
    };
    class gateway_observer final : public counting_observer {};

    std::optional<data_backend::pin> choose(std::string_view direct,
                                            std::span<const data_backend* const> tried);
    engine::task<attempt> read_from(data_backend& place, const fetch_request& request,
                                    std::span<const http::header> added, exchange_abort* stop);
    engine::task<result<exchange>> read_from_gateway(const fetch_request& request,
                                                     std::span<const http::header> added,
                                                     exchange_abort* stop);
    engine::task<result<exchange>> go(redirect to, std::string_view method,
                                      std::vector<http::header> fields,
                                      exchange_abort* stop = nullptr);
    engine::task<bool> is_authorised(const forwarded_head& asked);
    [[nodiscard]] bool in_clear_text(const http::endpoint& where) const {
        return options_.gateway_scheme == http::scheme::https && where.scheme == http::scheme::http;
    }

    std::optional<data_backend::pin> host_at(const http::endpoint& where);
    bool make_room();
    engine::task<void> retire(std::unique_ptr<data_backend> host);

    engine::task<void> check_regularly(const by_core& everyone, std::size_t self);
    engine::task<void> check(const by_core& everyone, std::size_t index);

    origin_link& gateway_;
    origin_link gateway_data_;  // the same connections, counted apart
    gateway_observer from_gateway_;
    options options_;
    dialer_maker dial_;
    s3::signer* who_;
    std::vector<std::unique_ptr<data_backend>> backends_;
    std::vector<std::unique_ptr<data_backend>> hosts_;  // that the gateway pointed at
    backend_counters pointed_;
    fetch_counters fetches_;
    counter hosts_now_;
    std::size_t next_ = 0;
    bool closing_ = false;
    engine::wait_list stop_asked_;
    engine::scope background_;
};

}  // namespace lode::frontend::origin
