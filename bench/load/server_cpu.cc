#include "bench/load/server_cpu.h"

#include <charconv>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "tools/lode/admin_client.h"
#include "tools/lode/small_file.h"

namespace lode::bench {
namespace {

constexpr std::string_view metric = "process_cpu_seconds_total";
constexpr bytes stat_most{4096};

template <class Number>
std::optional<Number> number_in(std::string_view text) {
    Number value{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::expected<double, std::string> of_process(pid_t pid) {
    const auto text = tools::read_small_file(fmt::format("/proc/{}/stat", pid), stat_most);
    const auto ticks = text ? ticks_of_stat(*text) : std::nullopt;
    if (!ticks) {
        return std::unexpected(fmt::format("There is no process {} whose CPU time to read.", pid));
    }
    return *ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::expected<double, std::string> of_metrics(const std::string& url) {
    const auto answer = tools::ask_admin(url, "GET", "/metrics");
    if (!answer) return std::unexpected(answer.error());
    const auto value = metric_value(answer->body, metric);
    if (answer->status != 200 || !value) {
        return std::unexpected(
            fmt::format("{}/metrics answers {} without {}.", url, answer->status, metric));
    }
    return *value;
}

}  // namespace

std::expected<std::optional<double>, std::string> server_cpu_seconds(const target_options& target) {
    if (target.server_pids.empty() && target.server_metrics.empty()) return std::nullopt;
    double sum = 0;
    for (const pid_t pid : target.server_pids) {
        const auto seconds = of_process(pid);
        if (!seconds) return std::unexpected(seconds.error());
        sum += *seconds;
    }
    if (!target.server_metrics.empty()) {
        const auto seconds = of_metrics(target.server_metrics);
        if (!seconds) return std::unexpected(seconds.error());
        sum += *seconds;
    }
    return sum;
}

std::optional<double> metric_value(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ' ') {
            return number_in<double>(line.substr(name.size() + 1));
        }
    }
    return std::nullopt;
}

std::optional<double> ticks_of_stat(std::string_view text) {
    // The second field is the program's name in brackets, and may have blanks and brackets itself.
    const auto name_end = text.rfind(')');
    if (name_end == std::string_view::npos) return std::nullopt;
    text.remove_prefix(name_end + 1);
    std::vector<std::string_view> fields;
    while (!text.empty()) {
        const auto end = text.find(' ');
        if (end != 0) fields.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    // utime and stime are the 14th and 15th field of the line (proc(5)).
    constexpr std::size_t user = 14 - 3;
    if (fields.size() <= user + 1) return std::nullopt;
    const auto of_user = number_in<double>(fields[user]);
    const auto of_system = number_in<double>(fields[user + 1]);
    if (!of_user || !of_system) return std::nullopt;
    return *of_user + *of_system;
}

}  // namespace lode::bench
