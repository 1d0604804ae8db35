#include "frontend/origin/resolving_dialer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "engine/base/log.h"
#include "engine/runtime/scheduler.h"

namespace lode::frontend::origin {
namespace {

constexpr int lookups_max = 8;
std::atomic<int> lookups_now{0};

using address_list = std::vector<engine::socket_address>;

// Owned by the thread and by whoever waits for it, so that either may leave first.
struct lookup {
    std::string host;
    std::uint16_t port;
    result<address_list> found = fail(errc::not_found);
    std::atomic<bool> done{false};
};

void run_lookup(const std::shared_ptr<lookup>& job) {
    job->found = engine::socket_address::resolve(job->host, job->port);
    job->done.store(true, std::memory_order_release);
    lookups_now.fetch_sub(1);
}

bool begin_lookup(const std::shared_ptr<lookup>& job) {
    if (lookups_now.fetch_add(1) < lookups_max) {
        try {
            std::thread(run_lookup, job).detach();
            return true;
        } catch (const std::system_error&) {
            log::warning("no thread could be started to look {} up", job->host);
        }
    }
    lookups_now.fetch_sub(1);
    return false;
}

// Names are looked up once per host and outage: looking whether the thread is done, at growing
// intervals, costs less than a way for foreign threads to wake a core.
engine::task<result<address_list>> look_up(const http::endpoint& to, time_point until) {
    const auto job = std::make_shared<lookup>(to.host, to.port);
    if (!begin_lookup(job)) co_return fail(errc::overloaded);
    constexpr duration look_every_max = std::chrono::milliseconds(20);
    for (duration pause = std::chrono::milliseconds(1); !job->done.load(std::memory_order_acquire);
         pause = std::min(2 * pause, look_every_max)) {
        if (engine::now() >= until) co_return fail(errc::timed_out);
        co_await engine::sleep_for(pause);
    }
    if (!job->found || job->found->empty()) co_return fail(errc::unavailable);
    co_return std::move(job->found);
}

}  // namespace

resolving_dialer::resolving_dialer(http::endpoint to, const engine::tls_context* tls)
    : to_(std::move(to)), tls_(tls) {
    const std::string host = to_.host.contains(':') ? "[" + to_.host + "]" : to_.host;
    const auto address = engine::socket_address::parse(host + ":" + std::to_string(to_.port));
    if (!address) return;
    is_address_ = true;
    known_ = std::make_shared<http::network_dialer>(to_, address_list{*address}, tls_);
}

engine::task<result<http::dialed>> resolving_dialer::dial(time_point until) {
    if (to_.scheme == http::scheme::https && tls_ == nullptr) co_return fail(errc::unavailable);
    if (auto found = co_await find_addresses(until); !found) {
        co_return std::unexpected(found.error());
    }
    const auto through = known_;
    auto made = co_await through->dial(until);
    const bool old = engine::now() - known_since_ > look_again_after;
    if (!made && !is_address_ && old && known_ == through) known_ = nullptr;
    co_return made;
}

engine::task<result<>> resolving_dialer::find_addresses(time_point until) {
    while (known_ == nullptr) {
        if (looking_) {
            if (auto waited = co_await looked_.wait(until); !waited) co_return waited;
            continue;
        }
        looking_ = true;
        auto found = co_await look_up(to_, until);
        looking_ = false;
        if (found) {
            known_ = std::make_shared<http::network_dialer>(to_, *found, tls_);
            known_since_ = engine::now();
        }
        // Those who waited for a failure have waited enough.
        looked_.notify_all(found ? result<>{} : std::unexpected(found.error()));
        if (!found) co_return std::unexpected(found.error());
    }
    co_return result<>{};
}

}  // namespace lode::frontend::origin
