#include "bench/load/load_core.h"

#include <algorithm>

#include <fmt/format.h>
#include <sys/prctl.h>

#include "cluster/backoff.h"
#include "engine/base/assert.h"
#include "engine/runtime/scheduler.h"

namespace lode::bench {
namespace {

using engine::task;

constexpr std::size_t bin_length = std::size_t{64} << 10U;
constexpr duration look_every = std::chrono::milliseconds(20);
constexpr duration pause_least = std::chrono::milliseconds(10);
constexpr duration pause_most = std::chrono::seconds(1);

// `total` cut into as many shares as there are cores, the first ones larger by one.
std::uint64_t share_of(std::uint64_t total, core_share share) {
    return total / share.of + (share.index < total % share.of ? 1 : 0);
}

}  // namespace

load_core::load_core(const run_plan& plan, frontend::http::dialer& dialer, run_signals& signals,
                     recorder& seen, core_share share)
    : plan_(plan),
      signals_(signals),
      seen_(seen),
      share_(share),
      dialer_(dialer),
      heads_(plan.options.target, plan.data,
             plan.options.sign_ranges ? request_heads::ranges::signed_
                                      : request_heads::ranges::unsigned_),
      source_(plan.options, plan.data, share),
      arrivals_(plan.options.arrivals, plan.options.rate, plan.begin - plan.options.warm_up, share,
                random(mixed(plan.options.data.seed + 2) + share.index)),
      bin_(std::make_unique<std::byte[]>(bin_length)),
      requests_left_(share_of(plan.options.requests, share)) {}

task<void> load_core::run() {
    // Without this the kernel lets a timer be late by 50 us, which a schedule's latencies would show.
    (void)::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    const auto count = share_of(plan_.options.in_flight, share_);
    for (std::uint64_t i = 0; i < count; ++i) {
        connections_.push_back(std::make_unique<connection>(
            dialer_, plan_.options.target.at.scheme, std::span(bin_.get(), bin_length), seen_));
    }
    working_ = connections_.size();
    // All cores begin together.
    co_await engine::sleep_until(plan_.begin - plan_.options.warm_up);
    for (const auto& each : connections_) workers_.spawn(work(*each));
    co_await watch();
    co_await workers_.close();
    if (arrivals_.scheduled() && plan_.options.requests == 0 && !signals_.stop) {
        seen_.never_begun(arrivals_.missed(plan_.end));
    }
    ++signals_.ended;
}

// Ends the run for those who wait: when its time is over, or somebody said stop.
task<void> load_core::watch() {
    while (working_ > 0 && !over()) {
        co_await engine::sleep_for(std::min(look_every, plan_.end - engine::now()));
    }
    if (seen_.full()) signals_.stop = true;  // of one core, so that the run means the same on all
    pauses_.notify_all();
    const time_point patience = engine::now() + grace;
    while (working_ > 0 && engine::now() < patience) co_await engine::sleep_for(look_every);
    for (const auto& each : connections_) each->give_up();
}

task<void> load_core::work(connection& by) {
    std::string head;
    cluster::backoff pauses(pause_least, pause_most);
    while (!over() && take_request()) {
        const time_point due = arrivals_.scheduled() ? arrivals_.take() : engine::now();
        if (due > engine::now()) co_await pause_until(std::min(due, plan_.end));
        if (over()) break;
        const planned_request next = source_.next();
        if (co_await ask(by, next, head, arrivals_.scheduled() ? due : engine::now())) {
            pauses.reset();
        } else {
            const duration pause = pauses.next(engine::scheduler::current().chance());
            co_await pause_until(engine::now() + pause);
        }
    }
    co_await by.close();
    --working_;
}

// Whether the answer was what it should be.
task<bool> load_core::ask(connection& by, const planned_request& r, std::string& head,
                          time_point due) {
    const bool is_get = r.what == planned_request::kind::get;
    const auto wall = engine::scheduler::current().time().wall();
    const known_bytes piece{.of = plan_.data.content_of(r.object),
                            .from = r.range ? r.range->begin : 0,
                            .length = r.length};
    connection::question q{.method = is_get ? "GET" : "PUT",
                           .upload = {},
                           .compare = {},
                           .until = engine::now() + plan_.options.deadline};
    if (is_get) {
        heads_.get(r.object, r.range, wall, head);
        if (plan_.options.verify) q.compare = piece;
    } else {
        heads_.put(r.object, r.length, wall, head);
        q.upload = piece;
    }
    q.head = head;
    const bool counted = plan_.options.requests == 0 || engine::now() >= plan_.begin;
    auto asked = co_await by.ask(q);
    const time_point end = engine::now();
    if (!asked) {
        if (by.failure() != "given up") seen_.failed(end, by.failure());
        note_reach(by.failure() == "no connection" ? reach::none : reach::some);
        co_return false;
    }
    note_reach(reach::some);
    co_return judge(by, r, {.due = due, .first_byte = by.answered().first_byte, .end = end},
                    counted);
}

// A server that refuses some connections is busy; one that has refused each of a core's is not there.
void load_core::note_reach(reach r) {
    if (r == reach::some) reached_ = true;
    if (reached_ || ++refused_ < connections_.size()) return;
    signals_.unreachable = true;
}

bool load_core::judge(const connection& by, const planned_request& r, const request_times& times,
                      bool counted) {
    const auto& got = by.answered();
    const bool is_get = r.what == planned_request::kind::get;
    if (got.status < 200 || got.status > 299) {
        seen_.failed(times.end, kind_of_answer(got.status, got.text));
        return false;
    }
    if (got.differs) {
        seen_.mismatched();
        seen_.failed(times.end, "other bytes");
        return false;
    }
    if (is_get && got.status != (r.range ? 206U : 200U)) {
        seen_.failed(times.end, r.range ? "the range was ignored" : "a part for the whole");
        return false;
    }
    if (is_get && got.body != r.length) {
        seen_.failed(times.end, "another length");
        return false;
    }
    if (counted) {
        seen_.ended_well(times, is_get ? std::optional(got.word) : std::nullopt);
    }
    return true;
}

bool load_core::over() const {
    return signals_.stop.load(std::memory_order_relaxed) || engine::now() >= plan_.end ||
           seen_.full();
}

// Those of the warm-up are not of the number that a run ends after.
bool load_core::take_request() {
    if (plan_.options.requests == 0 || engine::now() < plan_.begin) return true;
    if (requests_left_ == 0) return false;
    --requests_left_;
    return true;
}

task<void> load_core::pause_until(time_point when) {
    if (!over()) (void)co_await pauses_.wait(when);
}

std::string kind_of_answer(unsigned status, std::string_view body) {
    constexpr std::size_t code_most = 40;
    constexpr std::string_view opening = "<Code>";
    const auto at = body.find(opening);
    if (at == std::string_view::npos) return fmt::format("{}", status);
    body.remove_prefix(at + opening.size());
    const std::string_view code = body.substr(0, body.find('<'));
    const bool plain = std::ranges::all_of(code, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
    if (!plain || code.empty() || code.size() > code_most) return fmt::format("{}", status);
    return fmt::format("{} {}", status, code);
}

}  // namespace lode::bench
