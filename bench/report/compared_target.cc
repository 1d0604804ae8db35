#include "bench/report/compared_target.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

#include <fmt/format.h>

namespace lode::bench {
namespace {

constexpr std::string_view scheme_end = "://";

// Up to the sign, which is taken away too.
std::string_view take_until(std::string_view& rest, char sign) {
    const auto at = rest.find(sign);
    const std::string_view taken = rest.substr(0, at);
    rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
    return taken;
}

std::optional<std::vector<pid_t>> parse_pids(std::string_view text) {
    std::vector<pid_t> out;
    if (text.ends_with('+')) return {};
    while (!text.empty()) {
        const std::string_view one = take_until(text, '+');
        pid_t pid = 0;
        const auto [end, problem] = std::from_chars(one.data(), one.data() + one.size(), pid);
        if (problem != std::errc() || end != one.data() + one.size() || pid <= 0) return {};
        if (out.size() == target_pids_max) return {};
        out.push_back(pid);
    }
    return out.empty() ? std::nullopt : std::optional(std::move(out));
}

void take_identity(std::string_view value, compared_target& into) {
    using enum compared_target::identity;
    into.who = value == "anonymous" ? anonymous : value == "environment" ? environment : file;
    if (into.who == file) into.credentials = value;
}

// False for what is no detail.
bool take_detail(std::string_view detail, compared_target& into) {
    const std::string_view key = take_until(detail, '=');
    if (detail.empty()) return false;
    if (key == "pid") {
        auto pids = parse_pids(detail);
        if (pids) into.pids = std::move(*pids);
        return pids.has_value();
    }
    if (key == "metrics") return into.metrics = detail, true;
    if (key == "region") return into.region = detail, true;
    if (key == "auth") return take_identity(detail, into), true;
    return false;
}

}  // namespace

std::expected<compared_target, std::string> parse_target(std::string_view text) {
    std::string_view rest = text;
    compared_target out;
    const auto sign = rest.find('=');
    if (sign < rest.find(scheme_end)) out.label = take_until(rest, '=');
    out.url = take_until(rest, ',');

    const auto scheme = out.url.find(scheme_end);
    if (scheme == std::string::npos || scheme + scheme_end.size() == out.url.size()) {
        return std::unexpected(
            fmt::format("{}: expected NAME=URL, such as lode=http://127.0.0.1:9000.", text));
    }
    // Reports show the URL.
    if (out.url.contains('@')) {
        return std::unexpected(
            fmt::format("{}: a URL here has no credentials; auth= names them.", out.label));
    }
    if (out.label.empty()) out.label = out.url.substr(scheme + scheme_end.size());
    while (!rest.empty()) {
        const std::string_view detail = take_until(rest, ',');
        if (!take_detail(detail, out)) {
            return std::unexpected(fmt::format(
                "{}: {}: expected pid=N+N, metrics=URL, region=NAME, or auth=anonymous, "
                "auth=environment, auth=FILE.",
                out.label, detail));
        }
    }
    return out;
}

std::vector<std::size_t> turns_of_round(std::size_t endpoints, std::uint32_t round) {
    std::vector<std::size_t> turns(endpoints);
    std::iota(turns.begin(), turns.end(), std::size_t{0});
    if (round % 2 == 0) std::ranges::reverse(turns);
    return turns;
}

}  // namespace lode::bench
