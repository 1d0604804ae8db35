#include "tools/lode/warm_report.h"

#include <algorithm>

#include <fmt/format.h>

#include "tools/lode/quantity.h"

namespace lode::tools {
namespace {

constexpr std::uint64_t bar_letters = 20;

double rate(const warm_tally& t, double seconds) {
    return seconds > 0 ? static_cast<double>(t.brought_bytes.count()) / 1e9 / seconds : 0.0;
}

// By bytes; by objects where they are all empty.
double share(const warm_tally& t) {
    const double whole = t.listed_bytes > bytes(0) ? static_cast<double>(t.listed_bytes.count())
                                                   : static_cast<double>(t.listed);
    const double done = t.listed_bytes > bytes(0) ? static_cast<double>(t.ended_bytes.count())
                                                  : static_cast<double>(t.ended);
    return whole > 0 ? std::min(done / whole, 1.0) : 1.0;
}

}  // namespace

std::string print_warm_progress(const warm_tally& t, double seconds) {
    std::string line;
    if (t.all_listed) {
        const double done = share(t);
        const auto full = static_cast<std::uint64_t>(done * static_cast<double>(bar_letters));
        line += fmt::format("[{}{}] {:3.0f}%  ", std::string(full, '#'),
                            std::string(bar_letters - full, '.'), done * 100);
    }
    line += fmt::format("{} of {}{} objects, {}, {:.2f} GB/s", t.ended, t.listed,
                        t.all_listed ? "" : "+", approximate_size(t.ended_bytes), rate(t, seconds));
    if (t.failed > 0) line += fmt::format(", {} failed", t.failed);
    return line;
}

std::string print_warm_summary(const warm_tally& t, double seconds, std::string_view subject) {
    std::string out =
        fmt::format("{}: {} objects, {}\n", subject, t.listed, approximate_size(t.listed_bytes));
    const auto say = [&](std::uint64_t objects, std::string_view what) {
        if (objects > 0) out += fmt::format("  {:>10} {}\n", objects, what);
    };
    say(t.brought, fmt::format("brought in, {}", approximate_size(t.brought_bytes)));
    say(t.were_there, "were there already");
    say(t.asked_for, "are being brought in");
    say(t.done_before, "were done before");
    say(t.failed, "failed");
    return out + fmt::format("  {:>10.1f} seconds, {:.2f} GB/s\n", seconds, rate(t, seconds));
}

}  // namespace lode::tools
