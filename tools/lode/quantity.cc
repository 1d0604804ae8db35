#include "tools/lode/quantity.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "engine/base/assert.h"
#include "tools/lode/number.h"

namespace lode::tools {
namespace {

struct unit {
    std::string_view name;
    std::uint64_t worth;
};

// Largest first: printing takes the first that divides.
constexpr std::array binary_units{
    unit{"PiB", std::uint64_t{1} << 50U}, unit{"TiB", std::uint64_t{1} << 40U},
    unit{"GiB", std::uint64_t{1} << 30U}, unit{"MiB", std::uint64_t{1} << 20U},
    unit{"KiB", std::uint64_t{1} << 10U}, unit{"B", 1},
};
constexpr std::array decimal_units{
    unit{"PB", 1'000'000'000'000'000},
    unit{"TB", 1'000'000'000'000},
    unit{"GB", 1'000'000'000},
    unit{"MB", 1'000'000},
    unit{"KB", 1'000},
    unit{"kB", 1'000},
};
constexpr std::array time_units{
    unit{"h", 3'600'000'000'000},
    unit{"m", 60'000'000'000},
    unit{"s", 1'000'000'000},
    unit{"ms", 1'000'000},
};

// A number of at most `most` when multiplied by the unit that follows it.
std::optional<std::uint64_t> parse(std::string_view text, std::span<const unit> units,
                                   std::uint64_t most) {
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto count = parse_number<std::uint64_t>(text.substr(0, digits));
    if (!count) return std::nullopt;
    const std::string_view name = text.substr(digits);
    for (const unit& u : units) {
        if (u.name != name) continue;
        if (*count > most / u.worth) return std::nullopt;
        return *count * u.worth;
    }
    return std::nullopt;
}

std::string print(std::uint64_t count, std::span<const unit> units) {
    for (const unit& u : units) {
        if (count != 0 && count % u.worth == 0) return fmt::format("{}{}", count / u.worth, u.name);
    }
    LODE_ASSERT(count == 0);
    return {};
}

}  // namespace

std::optional<bytes> parse_size(std::string_view text) {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    auto count = parse(text, binary_units, most);
    if (!count) count = parse(text, decimal_units, most);
    return count.transform([](std::uint64_t n) { return bytes(n); });
}

std::string print_size(bytes size) {
    return size == bytes(0) ? "0B" : print(size.count(), binary_units);
}

std::string approximate_size(bytes size) {
    for (const unit& u : binary_units) {
        if (size.count() < u.worth) continue;
        if (size.count() % u.worth == 0) return fmt::format("{}{}", size.count() / u.worth, u.name);
        return fmt::format(
            "{:.1f}{}", static_cast<double>(size.count()) / static_cast<double>(u.worth), u.name);
    }
    return "0B";
}

std::optional<duration> parse_duration(std::string_view text) {
    constexpr auto most = static_cast<std::uint64_t>(duration::max().count());
    return parse(text, time_units, most).transform([](std::uint64_t n) {
        return duration(static_cast<duration::rep>(n));
    });
}

std::string print_duration(duration time) {
    LODE_ASSERT(time >= duration::zero());
    return time == duration::zero() ? "0s"
                                    : print(static_cast<std::uint64_t>(time.count()), time_units);
}

}  // namespace lode::tools
