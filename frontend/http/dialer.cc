#include "frontend/http/dialer.h"

#include <utility>

#include "engine/base/assert.h"
#include "engine/base/log.h"
#include "engine/runtime/scheduler.h"
#include "engine/runtime/socket.h"
#include "frontend/http/address_news.h"

namespace lode::frontend::http {
namespace {

address_news& told_by_all_cores() {
    static address_news told;
    return told;
}

}  // namespace

result<std::unique_ptr<network_dialer>> network_dialer::make(const endpoint& to,
                                                             const engine::tls_context* tls) {
    auto addresses = engine::socket_address::resolve(to.host, to.port);
    if (!addresses) return std::unexpected(addresses.error());
    return std::make_unique<network_dialer>(to, *addresses, tls);
}

network_dialer::network_dialer(endpoint to, const std::vector<engine::socket_address>& addresses,
                               const engine::tls_context* tls, news n)
    : to_(std::move(to)), tls_(tls), news_(n) {
    LODE_ASSERT(!addresses.empty());
    LODE_ASSERT(to_.scheme == scheme::http || tls_ != nullptr);
    for (const auto& address : addresses) places_.push_back({.address = address});
}

engine::task<result<dialed>> network_dialer::dial(time_point until) {
    const std::size_t first = next_++ % places_.size();
    const time_point started = engine::now();
    // Those that lately failed come last; whoever fails now is not asked twice.
    for (const bool lately_failed : {false, true}) {
        std::size_t left = places_.size();
        for (std::size_t i = 0; i < places_.size(); ++i, --left) {
            place& p = places_[(first + i) % places_.size()];
            const bool avoided = p.failing && p.failed_at + avoid_for > started;
            if (avoided != lately_failed || (p.failing && p.failed_at >= started)) continue;
            // A silent address must not use up the time of those after it.
            const time_point start = engine::now();
            if (start >= until) break;
            const time_point share =
                until == never ? never : start + (until - start) / static_cast<int>(left);
            auto made = co_await dial_one(p.address, share);
            note(p, made);
            if (made) co_return made;
        }
    }
    co_return fail(errc::unavailable);
}

engine::task<result<dialed>> network_dialer::dial_one(const engine::socket_address& to,
                                                      time_point until) {
    auto connected = co_await engine::tcp_socket::connect(to, until);
    if (!connected) co_return std::unexpected(connected.error());
    const int fd = (*connected)->fd();
    if (to_.scheme == scheme::http) co_return dialed{.stream = std::move(*connected), .fd = fd};
    auto secured =
        co_await engine::tls_stream::connect(std::move(*connected), *tls_, to_.host, until);
    if (!secured) co_return std::unexpected(secured.error());
    co_return dialed{.stream = std::move(*secured), .fd = fd};
}

void network_dialer::note(place& p, const result<dialed>& outcome) {
    const bool failed = !outcome.has_value();
    if (failed) p.failed_at = engine::now();
    if (std::exchange(p.failing, failed) == failed || news_ == news::silent) return;
    if (!told_by_all_cores().is_new(to_.url() + " " + p.address.text(), failed)) return;
    if (!failed) {
        log::info("{} answers again at {}", to_.url(), p.address.text());
    } else if (outcome.error().code == errc::denied) {
        log::warning("{} at {}: its certificate does not verify", to_.url(), p.address.text());
    } else {
        log::warning("{} at {} cannot be reached: {}", to_.url(), p.address.text(),
                     describe(outcome.error()));
    }
}

}  // namespace lode::frontend::http
