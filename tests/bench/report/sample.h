// tests/bench/report/sample.h
//
// Runs as they might have been seen, for tests of what is written about them.
#pragma once

#include <chrono>
#include <string>

#include "bench/report/report.h"

namespace lode::bench::testing {

inline latency_summary latencies(std::uint64_t count, std::chrono::microseconds p50) {
    return {.count = count,
            .mean = p50,
            .least = p50 / 2,
            .p50 = p50,
            .p90 = p50 * 2,
            .p99 = p50 * 5,
            .p99_9 = p50 * 9,
            .p99_99 = p50 * 20,
            .most = p50 * 30};
}

// Ten seconds, so many requests of 64 KiB each second.
inline run_result run(const std::string& label, std::uint64_t per_second) {
    using namespace std::chrono_literals;
    run_result out;
    out.label = label;
    out.endpoint = "http://127.0.0.1:9000";
    out.operation = "get";
    out.workload = "64 KiB objects, 10,000, zipf 0.99";
    out.in_flight = 16;
    out.measured = 10s;
    out.requests = 10 * per_second;
    out.received = bytes(out.requests << 16U);
    out.first_byte = latencies(out.requests, 300us);
    out.whole = latencies(out.requests, 800us);
    for (int second = 0; second < 10; ++second) {
        out.timeline.push_back({.begin = second * 1s,
                                .length = 1s,
                                .requests = per_second,
                                .received = bytes(per_second << 16U),
                                .p50 = 800us,
                                .p99 = 4ms});
    }
    out.client_cpu = 1.5;
    out.words = {{"HIT memory", out.requests - 10}, {"MISS", 10}};
    return out;
}

}  // namespace lode::bench::testing
