// json.h: a report from JSON, field by field.

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "bench/report/json.h"
#include "cluster/json.h"

namespace lode::bench {
namespace {

using cluster::json;

// Reads members one after the other and remembers the first that is missing or of another type, so that
// whoever reads need not look after each.
class members {
  public:
    members(const json& of, std::string where, std::string& problem)
        : of_(of), where_(std::move(where)), problem_(problem) {}

    void read(const char* name, std::string& into) {
        if (const std::string* text = cluster::find_text(of_, name)) return void(into = *text);
        lacks(name, "a text");
    }

    void read(const char* name, bool& into) {
        const json* there = cluster::find(of_, name);
        if (there == nullptr || !there->is_boolean()) return lacks(name, "true or false");
        into = there->get<bool>();
    }

    void read(const char* name, std::uint64_t& into) {
        const json* there = cluster::find(of_, name);
        const auto count = there == nullptr ? std::nullopt : cluster::as_count(*there);
        if (!count) return lacks(name, "a count");
        into = *count;
    }

    void read(const char* name, std::uint32_t& into) {
        std::uint64_t wide = 0;
        read(name, wide);
        if (wide > std::numeric_limits<std::uint32_t>::max()) return lacks(name, "a smaller count");
        into = static_cast<std::uint32_t>(wide);
    }

    void read(const char* name, bytes& into) {
        std::uint64_t count = 0;
        read(name, count);
        into = bytes(count);
    }

    void read(const char* name, duration& into) {
        const json* there = cluster::find(of_, name);
        if (there == nullptr || !there->is_number_integer()) return lacks(name, "nanoseconds");
        into = duration(there->get<std::int64_t>());
    }

    void read(const char* name, double& into) {
        const json* there = cluster::find(of_, name);
        if (there == nullptr || !there->is_number()) return lacks(name, "a number");
        into = there->get<double>();
    }

    void read(const char* name, std::optional<double>& into) {
        const json* there = cluster::find(of_, name);
        if (there != nullptr && there->is_null()) return into.reset();
        double value = 0;
        read(name, value);
        into = value;
    }

    void read(const char* name, std::vector<std::string>& into) {
        each(name, [&](const json& element, const std::string&) {
            const auto* text = element.get_ptr<const std::string*>();
            if (text == nullptr) return lacks(name, "a list of texts");
            into.push_back(*text);
        });
    }

    void read(const char* name, std::map<std::string, std::uint64_t>& into) {
        const json* there = cluster::find(of_, name);
        if (there == nullptr || !there->is_object()) return lacks(name, "counts by name");
        for (const auto& [word, value] : there->items()) {
            const auto count = cluster::as_count(value);
            if (!count) return lacks(name, "counts by name");
            into[word] = *count;
        }
    }

    [[nodiscard]] members inside(const char* name) {
        const json* there = cluster::find(of_, name);
        if (there == nullptr || !there->is_object()) lacks(name, "an object");
        return {there == nullptr ? of_ : *there, where_ + name + ".", problem_};
    }

    template <class Visitor>
    void each(const char* name, Visitor visit) {
        const json* there = cluster::find(of_, name);
        if (there == nullptr || !there->is_array()) return lacks(name, "a list");
        std::size_t index = 0;
        for (const json& element : *there) {
            visit(element, fmt::format("{}{}[{}].", where_, name, index++));
        }
    }

  private:
    void lacks(const char* name, const char* expected) {
        if (problem_.empty()) problem_ = fmt::format("{}{}: expected {}", where_, name, expected);
    }

    const json& of_;
    std::string where_;
    std::string& problem_;
};

void read_latency(members in, latency_summary& into) {
    in.read("count", into.count);
    in.read("mean_ns", into.mean);
    in.read("least_ns", into.least);
    in.read("p50_ns", into.p50);
    in.read("p90_ns", into.p90);
    in.read("p99_ns", into.p99);
    in.read("p99_9_ns", into.p99_9);
    in.read("p99_99_ns", into.p99_99);
    in.read("most_ns", into.most);
}

void read_row(members in, timeline_row& into) {
    in.read("begin_ns", into.begin);
    in.read("length_ns", into.length);
    in.read("requests", into.requests);
    in.read("errors", into.errors);
    in.read("received_bytes", into.received);
    in.read("sent_bytes", into.sent);
    in.read("p50_ns", into.p50);
    in.read("p99_ns", into.p99);
}

void read_run(members in, std::string& problem, measured_run& into) {
    run_result& run = into.seen;
    in.read("round", into.round);
    in.read("label", run.label);
    in.read("endpoint", run.endpoint);
    in.read("operation", run.operation);
    in.read("workload", run.workload);
    in.read("in_flight", run.in_flight);
    in.read("offered_per_second", run.offered_rate);
    in.read("measured_ns", run.measured);
    in.read("requests", run.requests);
    in.read("received_bytes", run.received);
    in.read("sent_bytes", run.sent);
    in.read("errors", run.errors);
    in.read("mismatches", run.mismatches);
    in.read("verified", run.verified);
    read_latency(in.inside("first_byte"), run.first_byte);
    read_latency(in.inside("whole"), run.whole);
    in.read("client_cpu_s", run.client_cpu);
    in.read("server_cpu_s", run.server_cpu);
    in.read("words", run.words);
    in.each("timeline", [&](const json& row, const std::string& where) {
        read_row({row, where, problem}, run.timeline.emplace_back());
    });
}

void read_report(members in, std::string& problem, report& into) {
    in.read("title", into.title);
    in.read("written_by", into.written_by);
    in.read("time", into.time);
    in.read("command", into.command);
    members host = in.inside("host");
    host.read("name", into.host.name);
    host.read("kernel", into.host.kernel);
    host.read("cpu", into.host.cpu);
    host.read("cpus", into.host.cpus);
    host.read("memory_bytes", into.host.memory);
    in.read("baseline", into.baseline);
    in.read("remarks", into.remarks);
    in.each("runs", [&](const json& run, const std::string& where) {
        if (into.runs.size() == report_runs_max) {
            problem = fmt::format("runs: more than {}", report_runs_max);
        } else {
            read_run({run, where, problem}, problem, into.runs.emplace_back());
        }
    });
}

}  // namespace

std::expected<report, std::string> read_json(std::string_view text) {
    if (text.size() > report_file_max.count()) return std::unexpected("longer than 1 GiB");
    const json parsed = cluster::parse_json(text);
    if (!parsed.is_object()) return std::unexpected("no JSON object");
    const json* schema = cluster::find(parsed, "schema");
    if (schema == nullptr || *schema != report_schema) {
        return std::unexpected(fmt::format(
            "schema: expected {}: no report of lode-bench, or a later one's", report_schema));
    }
    report out;
    std::string problem;
    read_report({parsed, "", problem}, problem, out);
    if (!problem.empty()) return std::unexpected(problem);
    return out;
}

}  // namespace lode::bench
