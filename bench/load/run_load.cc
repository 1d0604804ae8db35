#include "bench/load/run_load.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "bench/load/load_core.h"
#include "bench/load/reach.h"
#include "bench/load/server_cpu.h"
#include "engine/runtime/core.h"

namespace lode::bench {
namespace {

using engine::task;

constexpr duration tell_every = std::chrono::milliseconds(10);
constexpr duration second{std::chrono::seconds(1)};
constexpr duration longest = std::chrono::hours(24);
constexpr duration start_takes = std::chrono::milliseconds(10);
constexpr rlim_t other_descriptors = 256;

// One run, from the thread that asked for it.
class conductor {
  public:
    conductor(const load_options& o, const run_hooks& hooks)
        : options_(o), hooks_(hooks), data_(o.data) {}

    std::expected<run_result, std::string> run();

  private:
    std::expected<void, std::string> prepare();
    [[nodiscard]] std::expected<void, std::string> take_descriptors() const;
    std::expected<void, std::string> start();
    void conduct();
    void tell_progress(time_point when);
    void note_cpu(bool at_begin);
    [[nodiscard]] bool all_ended() const { return signals_.ended == options_.cores; }
    [[nodiscard]] std::expected<run_result, std::string> finish();

    static task<void> run_core(const run_plan& plan, const way_to_target& way, run_signals& signals,
                               recorder& seen, core_share share);

    const load_options& options_;
    const run_hooks& hooks_;
    data_set data_;
    system_clock clock_;
    way_to_target way_;
    std::optional<run_plan> plan_;
    run_signals signals_;
    std::vector<std::unique_ptr<recorder>> recorders_;
    std::optional<engine::core_group> cores_;

    time_point measured_end_{};
    double client_cpu_[2] = {};
    std::expected<std::optional<double>, std::string> server_cpu_[2];
    time_point told_{};
    progress told_sums_;
};

double own_cpu_seconds() {
    rusage used{};
    (void)::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

std::expected<run_result, std::string> run_load(const load_options& o, const run_hooks& hooks) {
    if (const auto problem = problem_of(o)) return std::unexpected(*problem);
    return conductor(o, hooks).run();
}

std::expected<run_result, std::string> read_once(const load_options& o, const run_hooks& hooks) {
    load_options once = o;
    once.what = action::get;
    once.read = reading::whole;
    once.popularity = popularity_law::epoch;
    once.arrivals = arrival_law::closed;
    once.warm_up = duration::zero();
    once.measured = longest;
    once.requests = o.data.objects;
    once.state = cache_state::any;
    return run_load(once, hooks);
}

std::optional<std::string> problem_with_state(cache_state expected, const cache_words& words) {
    std::vector<std::string_view> wanted;
    switch (expected) {
        case cache_state::any: return std::nullopt;
        case cache_state::cold: wanted = {"MISS", "FILLING"}; break;
        case cache_state::memory: wanted = {"HIT memory"}; break;
        case cache_state::disk: wanted = {"HIT disk"}; break;
        case cache_state::peer: wanted = {"HIT peer"}; break;
    }
    std::uint64_t good = 0;
    std::uint64_t all = 0;
    std::string seen;
    for (const auto& [word, count] : words) {
        all += count;
        if (std::ranges::find(wanted, word) != wanted.end()) good += count;
        seen += fmt::format("{}{} {}", seen.empty() ? "" : ", ", count, word);
    }
    if (all > 0 && static_cast<double>(good) >= expected_share * static_cast<double>(all)) {
        return std::nullopt;
    }
    if (all == 0) return "No answer says where its bytes came from, because there was none.";
    return fmt::format("The answers should have said {}, and said: {}.", fmt::join(wanted, " or "),
                       seen);
}

namespace {

std::expected<run_result, std::string> conductor::run() {
    if (auto ready = prepare(); !ready) return std::unexpected(ready.error());
    if (auto started = start(); !started) return std::unexpected(started.error());
    conduct();
    cores_->join();
    return finish();
}

std::expected<void, std::string> conductor::prepare() {
    auto found = reach(options_.target);
    if (!found) return std::unexpected(found.error());
    way_ = std::move(*found);
    if (auto taken = take_descriptors(); !taken) return taken;
    // Before anything is sent: who asks for a figure that is not there, wants to know at once.
    const auto cpu = server_cpu_seconds(options_.target);
    if (!cpu) return std::unexpected(cpu.error());
    return {};
}

// A connection is a descriptor, and many a shell gives 1,024.
std::expected<void, std::string> conductor::take_descriptors() const {
    rlimit limit{};
    const rlim_t needed = options_.in_flight + other_descriptors;
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return {};
    if (limit.rlim_max >= needed) {
        limit.rlim_cur = needed;
        if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
    }
    return std::unexpected(fmt::format(
        "{} connections need {} open files, and this process may have {}: raise ulimit -n.",
        options_.in_flight, needed, limit.rlim_max));
}

std::expected<void, std::string> conductor::start() {
    const time_point begin = clock_.now() + start_takes + options_.warm_up;
    plan_.emplace(run_plan{
        .options = options_, .data = data_, .begin = begin, .end = begin + options_.measured});
    for (unsigned i = 0; i < options_.cores; ++i) {
        recorders_.push_back(std::make_unique<recorder>(plan_->begin, plan_->end));
    }
    // The server runs beside it, in tests and quick looks: let the kernel find each a place.
    cores_.emplace(engine::core_group::options{.cores = options_.cores,
                                               .pin = engine::core_group::options::pinning::free});
    auto started = cores_->start([this](core_id self) {
        const unsigned index = self.value();
        return run_core(*plan_, way_, signals_, *recorders_[index],
                        {.index = index, .of = options_.cores});
    });
    if (!started) {
        return std::unexpected(
            fmt::format("The kernel gives no io_uring: {}.", describe(started.error())));
    }
    return {};
}

task<void> conductor::run_core(const run_plan& plan, const way_to_target& way, run_signals& signals,
                               recorder& seen, core_share share) {
    auto dialer = way.dialer(plan.options.target);
    const auto here = std::make_unique<load_core>(plan, dialer, signals, seen, share);
    co_await here->run();
}

// Sees the measured time begin and end, tells who wants to know, and passes on that it is enough.
void conductor::conduct() {
    bool begun = false;
    for (;;) {
        const time_point when = clock_.now();
        if (!begun && when >= plan_->begin) {
            begun = true;
            note_cpu(true);
        }
        if (when >= plan_->end || all_ended()) break;
        if (hooks_.interrupted != nullptr && *hooks_.interrupted) signals_.stop = true;
        if (signals_.unreachable) signals_.stop = true;
        if (hooks_.each_second && when >= told_ + second) tell_progress(when);
        std::this_thread::sleep_for(
            std::min({tell_every, plan_->end - when,
                      begun ? tell_every : std::max(plan_->begin - when, duration(1))}));
    }
    if (!begun) note_cpu(true);
    note_cpu(false);
    measured_end_ = std::clamp(clock_.now(), plan_->begin, plan_->end);
}

void conductor::tell_progress(time_point when) {
    progress sums;
    for (const auto& each : recorders_) {
        const live_counts& live = each->live();
        sums.requests += live.requests.load(std::memory_order_relaxed);
        sums.errors += live.errors.load(std::memory_order_relaxed);
        sums.received += bytes(live.received.load(std::memory_order_relaxed));
        sums.sent += bytes(live.sent.load(std::memory_order_relaxed));
    }
    if (told_ != time_point{}) {
        hooks_.each_second({.since_begin = when - (plan_->begin - options_.warm_up),
                            .warming_up = when < plan_->begin,
                            .requests = sums.requests - told_sums_.requests,
                            .errors = sums.errors - told_sums_.errors,
                            .received = sums.received - told_sums_.received,
                            .sent = sums.sent - told_sums_.sent});
    }
    told_ = when;
    told_sums_ = sums;
}

void conductor::note_cpu(bool at_begin) {
    client_cpu_[at_begin ? 0 : 1] = own_cpu_seconds();
    server_cpu_[at_begin ? 0 : 1] = server_cpu_seconds(options_.target);
}

std::expected<run_result, std::string> conductor::finish() {
    const auto& target = options_.target;
    if (signals_.unreachable) {
        return std::unexpected(fmt::format("{} cannot be reached.", target.at.url()));
    }
    run_result made{
        .label = target.label.empty() ? target.at.authority() : target.label,
        .endpoint = target.at.url(),
        .operation = options_.what == action::get   ? "get"
                     : options_.what == action::put ? "put"
                                                    : "mixed",
        .workload = describe_workload(options_),
        .in_flight = options_.in_flight,
        .offered_rate = options_.arrivals == arrival_law::closed
                            ? std::nullopt
                            : std::optional<double>(options_.rate),
        .measured = measured_end_ - plan_->begin,
        .verified = options_.verify,
        .client_cpu = client_cpu_[1] - client_cpu_[0],
    };
    for (const auto& each : server_cpu_) {
        if (!each) return std::unexpected(each.error());
    }
    if (server_cpu_[0]->has_value() && server_cpu_[1]->has_value()) {
        made.server_cpu = **server_cpu_[1] - **server_cpu_[0];
    }
    std::vector<const recorder*> seen;
    seen.reserve(recorders_.size());
    for (const auto& each : recorders_) seen.push_back(each.get());
    recorder::merge(seen, made.measured, made);
    return made;
}

}  // namespace
}  // namespace lode::bench
