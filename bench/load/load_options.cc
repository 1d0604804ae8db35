#include "bench/load/load_options.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "tools/lode/quantity.h"

namespace lode::bench {
namespace {

constexpr bytes object_most{std::uint64_t{5} << 40U};
constexpr bytes one_put_most{std::uint64_t{5} << 30U};
constexpr std::uint64_t parts_most = 10'000;

std::optional<std::string> problem_of_mix(const size_mix& mix, std::string_view what, bytes least) {
    if (mix.empty()) return fmt::format("No {} is given.", what);
    std::uint64_t weights = 0;
    for (const size_share& s : mix) {
        if (s.size < least || s.size > object_most) {
            return fmt::format("{}: {} must lie between {} and {}.", what,
                               tools::print_size(s.size), tools::print_size(least),
                               tools::print_size(object_most));
        }
        weights += s.weight;
    }
    if (weights == 0) return fmt::format("{}: every weight is 0.", what);
    return std::nullopt;
}

std::optional<std::string> problem_of_data(const data_options& d) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    };
    if (d.bucket.size() < 3 || d.bucket.size() > 63 || !std::ranges::all_of(d.bucket, plain)) {
        return "A bucket's name has 3 to 63 lower-case letters, digits, hyphens and dots.";
    }
    if (d.prefix.size() > 900 || d.prefix.contains('\0')) {
        return "A prefix has at most 900 bytes, none of them NUL.";
    }
    if (d.objects < 1 || d.objects > std::uint64_t{1} << 32U) {
        return "There must be 1 to 2^32 objects.";
    }
    if (auto problem = problem_of_mix(d.sizes, "Object size", bytes(0))) return problem;
    bytes largest;
    for (const size_share& s : d.sizes) largest = std::max(largest, s.size);
    if (d.part_size == bytes(0)) {
        if (largest > one_put_most) return "Objects above 5GiB need a part size.";
    } else if (ceil_div(largest, d.part_size) > parts_most) {
        return "An object may have 10,000 parts at most: choose larger parts.";
    }
    return std::nullopt;
}

std::optional<std::string> problem_of_requests(const load_options& o) {
    if (!(o.put_share >= 0 && o.put_share <= 1)) return "The share of PUTs lies between 0 and 1.";
    if (o.read == reading::ranges && o.what != action::put) {
        if (auto problem = problem_of_mix(o.ranges, "Range", bytes(1))) return problem;
    }
    if (o.popularity == popularity_law::zipf && !(o.zipf_exponent > 0 && o.zipf_exponent <= 10)) {
        return "Zipf's exponent lies above 0 and is at most 10.";
    }
    if (o.arrivals != arrival_law::closed && !(o.rate > 0 && o.rate <= 1e8)) {
        return "A schedule needs a rate above 0, and at most 100,000,000 requests a second.";
    }
    return std::nullopt;
}

// In the unit that it was meant in: what is no whole number of KiB may be one of kB or MB.
std::string describe_size(bytes size) {
    constexpr std::array decimal{std::pair{bytes(1'000'000'000), "GB"},
                                 std::pair{bytes(1'000'000), "MB"}, std::pair{bytes(1'000), "KB"}};
    if (size.count() % 1024 == 0) return tools::print_size(size);
    for (const auto& [unit, name] : decimal) {
        if (size % unit == bytes(0)) return fmt::format("{}{}", size / unit, name);
    }
    return tools::print_size(size);
}

std::string describe_sizes(const size_mix& mix) {
    constexpr std::size_t named_most = 3;
    if (mix.size() == 1) return describe_size(mix.front().size);
    if (mix.size() > named_most) {
        const auto [least, most] = std::ranges::minmax(mix, {}, &size_share::size);
        return fmt::format("{} to {}", describe_size(least.size), describe_size(most.size));
    }
    std::string text;
    for (const size_share& s : mix) {
        text += fmt::format("{}{}:{}", text.empty() ? "" : ",", describe_size(s.size), s.weight);
    }
    return text;
}

// "1,000,000"
std::string grouped(std::uint64_t count) {
    std::string text = fmt::format("{}", count);
    for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
    return text;
}

}  // namespace

std::optional<std::string> problem_of(const load_options& o) {
    if (auto problem = problem_of_data(o.data)) return problem;
    if (auto problem = problem_of_requests(o)) return problem;
    if (o.in_flight < 1 || o.in_flight > 16'384) return "1 to 16,384 requests can be in flight.";
    if (o.cores < 1 || o.cores > 256) return "The generator runs on 1 to 256 cores.";
    if (o.cores > o.in_flight)
        return "Each core needs a connection: more in flight, or fewer cores.";
    const auto within = [](duration time, duration least, duration most) {
        return time >= least && time <= most;
    };
    if (!within(o.warm_up, duration::zero(), std::chrono::hours(1))) {
        return "The warm-up takes an hour at most.";
    }
    if (!within(o.measured, std::chrono::milliseconds(1), std::chrono::hours(24))) {
        return "A run takes from 1ms to 24h.";
    }
    if (!within(o.deadline, std::chrono::milliseconds(1), std::chrono::seconds(400))) {
        return "The deadline of a request lies between 1ms and 400s.";
    }
    return std::nullopt;
}

std::string describe_workload(const load_options& o) {
    std::string text;
    switch (o.what == action::put ? reading::whole : o.read) {
        case reading::whole: text = fmt::format("{} objects", describe_sizes(o.data.sizes)); break;
        case reading::ranges:
            text = fmt::format("{} ranges of {} objects", describe_sizes(o.ranges),
                               describe_sizes(o.data.sizes));
            break;
        case reading::parts:
            text = fmt::format(
                "{} parts of {} objects",
                o.data.part_size == bytes(0) ? "whole" : describe_size(o.data.part_size),
                describe_sizes(o.data.sizes));
            break;
    }
    text += fmt::format(", {}", grouped(o.data.objects));
    if (o.what == action::mixed) text += fmt::format(", {:.0f} % PUT", o.put_share * 100);
    switch (o.popularity) {
        case popularity_law::uniform: text += ", uniform"; break;
        case popularity_law::zipf: text += fmt::format(", zipf {:g}", o.zipf_exponent); break;
        case popularity_law::epoch: text += ", epochs"; break;
    }
    return text;
}

}  // namespace lode::bench
