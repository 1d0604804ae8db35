// json.h: a report as JSON.

#include <optional>

#include "bench/report/comparison.h"
#include "bench/report/json.h"
#include "cluster/json.h"

namespace lode::bench {
namespace {

using ordered = nlohmann::ordered_json;

ordered nullable(const std::optional<double>& value) {
    return value ? ordered(*value) : ordered(nullptr);
}

ordered counts_json(const std::map<std::string, std::uint64_t>& of) {
    ordered out = ordered::object();
    for (const auto& [word, count] : of) out[word] = count;
    return out;
}

ordered latency_json(const latency_summary& of) {
    return {{"count", of.count},
            {"mean_ns", of.mean.count()},
            {"least_ns", of.least.count()},
            {"p50_ns", of.p50.count()},
            {"p90_ns", of.p90.count()},
            {"p99_ns", of.p99.count()},
            {"p99_9_ns", of.p99_9.count()},
            {"p99_99_ns", of.p99_99.count()},
            {"most_ns", of.most.count()}};
}

ordered timeline_json(const timeline_row& of) {
    return {{"begin_ns", of.begin.count()},
            {"length_ns", of.length.count()},
            {"requests", of.requests},
            {"errors", of.errors},
            {"received_bytes", of.received.count()},
            {"sent_bytes", of.sent.count()},
            {"p50_ns", of.p50.count()},
            {"p99_ns", of.p99.count()}};
}

ordered run_json(const measured_run& of) {
    const run_result& run = of.seen;
    ordered timeline = ordered::array();
    for (const timeline_row& row : run.timeline) timeline.push_back(timeline_json(row));
    return {{"round", of.round},
            {"label", run.label},
            {"endpoint", run.endpoint},
            {"operation", run.operation},
            {"workload", run.workload},
            {"in_flight", run.in_flight},
            {"offered_per_second", nullable(run.offered_rate)},
            {"measured_ns", run.measured.count()},
            {"requests", run.requests},
            {"received_bytes", run.received.count()},
            {"sent_bytes", run.sent.count()},
            {"requests_per_second", run.requests_per_second()},
            {"bytes_per_second", run.bytes_per_second()},
            {"errors", counts_json(run.errors)},
            {"mismatches", run.mismatches},
            {"verified", run.verified},
            {"first_byte", latency_json(run.first_byte)},
            {"whole", latency_json(run.whole)},
            {"client_cpu_s", run.client_cpu},
            {"server_cpu_s", nullable(run.server_cpu)},
            {"words", counts_json(run.words)},
            {"timeline", std::move(timeline)}};
}

ordered spread_or_null(const std::optional<spread>& of) {
    if (!of) return nullptr;
    return {{"count", of->count}, {"median", of->median},        {"least", of->least},
            {"most", of->most},   {"lower_quartile", of->lower}, {"upper_quartile", of->upper}};
}

ordered comparison_of(const report& of) {
    ordered out = ordered::array();
    for (const compared_endpoint& endpoint : compare_runs(of.runs, of.baseline).endpoints) {
        ordered metrics = ordered::object();
        for (const compared_metric& each : endpoint.metrics) {
            if (!each.value) continue;
            ordered& here = metrics[std::string(each.what->key)];
            here = {{"value", spread_or_null(each.value)}, {"ratio", spread_or_null(each.ratio)}};
            if (each.ratio) here["verdict"] = word_of(judge(*each.ratio, each.what->better));
        }
        out.push_back({{"label", endpoint.label}, {"metrics", std::move(metrics)}});
    }
    return out;
}

}  // namespace

std::string print_json(const report& of) {
    ordered runs = ordered::array();
    for (const measured_run& run : of.runs) runs.push_back(run_json(run));
    ordered out = {{"schema", report_schema},
                   {"title", of.title},
                   {"written_by", of.written_by},
                   {"time", of.time},
                   {"command", of.command},
                   {"host",
                    {{"name", of.host.name},
                     {"kernel", of.host.kernel},
                     {"cpu", of.host.cpu},
                     {"cpus", of.host.cpus},
                     {"memory_bytes", of.host.memory.count()}}},
                   {"baseline", of.baseline},
                   {"remarks", of.remarks},
                   {"runs", std::move(runs)}};
    if (!of.baseline.empty()) out["comparison"] = comparison_of(of);
    return out.dump(1, ' ', false, ordered::error_handler_t::replace) + "\n";
}

}  // namespace lode::bench
