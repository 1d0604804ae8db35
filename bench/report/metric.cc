#include "bench/report/metric.h"

#include <algorithm>
#include <array>

#include "bench/report/number_text.h"

namespace lode::bench {
namespace {

double as_seconds(duration time) { return std::chrono::duration<double>(time).count(); }

std::optional<double> per(std::optional<double> amount, double of) {
    return amount && of > 0 ? std::optional<double>(*amount / of) : std::nullopt;
}

template <latency_summary run_result::* Which, duration latency_summary::* Rank>
std::optional<double> latency(const run_result& run) {
    const latency_summary& summary = run.*Which;
    return summary.count > 0 ? std::optional<double>(as_seconds(summary.*Rank)) : std::nullopt;
}

std::optional<double> rate_of_requests(const run_result& run) {
    return run.seconds() > 0 ? std::optional<double>(run.requests_per_second()) : std::nullopt;
}

std::optional<double> rate_of_gigabytes(const run_result& run) {
    return run.seconds() > 0 ? std::optional<double>(run.bytes_per_second() / 1e9) : std::nullopt;
}

constexpr auto in_first_byte = &run_result::first_byte;
constexpr auto in_whole = &run_result::whole;

constexpr std::array every_metric{
    metric{"requests_per_second", "requests/s", preferred::more, written::figure, rate_of_requests},
    metric{"gb_per_second", "GB/s", preferred::more, written::figure, rate_of_gigabytes},
    metric{"p50", "p50", preferred::less, written::time, latency<in_whole, &latency_summary::p50>},
    metric{"p99", "p99", preferred::less, written::time, latency<in_whole, &latency_summary::p99>},
    metric{"p99_9", "p99.9", preferred::less, written::time,
           latency<in_whole, &latency_summary::p99_9>},
    metric{"first_byte_p50", "first byte p50", preferred::less, written::time,
           latency<in_first_byte, &latency_summary::p50>},
    metric{"first_byte_p99", "first byte p99", preferred::less, written::time,
           latency<in_first_byte, &latency_summary::p99>},
    metric{"server_cpu_per_gb", "server CPU s/GB", preferred::less, written::figure,
           server_cpu_per_gb},
    metric{"server_cpu_per_request", "server CPU/request", preferred::less, written::time,
           server_cpu_per_request},
    metric{"client_cpu_per_request", "client CPU/request", preferred::less, written::time,
           client_cpu_per_request},
};

}  // namespace

std::span<const metric> all_metrics() { return every_metric; }

const metric* find_metric(std::string_view key) {
    const auto found = std::ranges::find(every_metric, key, &metric::key);
    return found == every_metric.end() ? nullptr : &*found;
}

std::string metric::text(double value, const char* micro) const {
    if (as == written::figure) return figure_text(value);
    return time_text(std::chrono::duration_cast<duration>(std::chrono::duration<double>(value)),
                     micro);
}

std::optional<double> server_cpu_per_gb(const run_result& run) {
    return per(run.server_cpu, static_cast<double>((run.received + run.sent).count()) / 1e9);
}

std::optional<double> server_cpu_per_request(const run_result& run) {
    return per(run.server_cpu, static_cast<double>(run.requests));
}

std::optional<double> client_cpu_per_request(const run_result& run) {
    return per(run.client_cpu, static_cast<double>(run.requests));
}

std::uint64_t errors_of(const run_result& run) {
    std::uint64_t all = 0;
    for (const auto& [kind, count] : run.errors) all += count;
    return all;
}

}  // namespace lode::bench
