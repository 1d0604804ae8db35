#include "tools/lode-origin/faults.h"

#include <charconv>
#include <string>
#include <string_view>

namespace lode::dev_origin {
namespace {

constexpr std::uint64_t latency_ms_max = 600'000;

template <class Number>
result<Number> parse_number(std::string_view text) {
    Number value{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return fail(errc::invalid);
    return value;
}

template <class Number, class Into>
result<> take_number(std::string_view text, Into& into) {
    const auto value = parse_number<Number>(text);
    if (!value) return std::unexpected(value.error());
    into = *value;
    return {};
}

result<> take_flag(std::string_view text, bool& into) {
    if (text != "0" && text != "1") return fail(errc::invalid);
    into = text == "1";
    return {};
}

result<> take_latency(std::string_view text, duration& into) {
    const auto ms = parse_number<std::uint64_t>(text);
    if (!ms || *ms > latency_ms_max) return fail(errc::invalid);
    into = std::chrono::milliseconds(*ms);
    return {};
}

result<> take_parameter(const parameter& p, fault_plan& plan) {
    fault& f = plan.happening;
    if (p.name == "latency_ms") return take_latency(p.value, f.latency);
    if (p.name == "slow_head") return take_latency(p.value, f.slow_head);
    if (p.name == "error_rate_503") return take_number<double>(p.value, plan.error_rate_503);
    if (p.name == "error_status") return take_number<unsigned>(p.value, f.error_status);
    if (p.name == "reset_before_answer") return take_flag(p.value, f.reset_before_answer);
    if (p.name == "reset_after_bytes") {
        return take_number<std::uint64_t>(p.value, f.reset_after_bytes);
    }
    if (p.name == "truncate_after_bytes") {
        return take_number<std::uint64_t>(p.value, f.truncate_after_bytes);
    }
    if (p.name == "reset_upload_after_bytes") {
        return take_number<std::uint64_t>(p.value, f.reset_upload_after_bytes);
    }
    if (p.name == "wrong_length") return take_number<std::int64_t>(p.value, f.wrong_length);
    if (p.name == "wrong_etag") return take_flag(p.value, f.wrong_etag);
    if (p.name == "garbage_bytes") return take_number<std::uint64_t>(p.value, f.garbage_bytes);
    if (p.name == "bytes_per_second") {
        return take_number<std::uint64_t>(p.value, f.bytes_per_second);
    }
    if (p.name == "count") return take_number<std::uint64_t>(p.value, plan.count);
    if (p.name == "operation") {
        plan.only = operation_named(p.value);
        return plan.only ? result<>{} : fail(errc::invalid);
    }
    return fail(errc::invalid);
}

}  // namespace

result<fault_plan> parse_fault_plan(std::span<const parameter> parameters) {
    fault_plan plan;
    for (const parameter& p : parameters) {
        if (auto taken = take_parameter(p, plan); !taken) return std::unexpected(taken.error());
    }
    const fault& f = plan.happening;
    const bool rate_is_one = plan.error_rate_503 >= 0 && plan.error_rate_503 <= 1;
    if (!rate_is_one) return fail(errc::invalid);
    if (f.error_status && (*f.error_status < 400 || *f.error_status > 599)) {
        return fail(errc::invalid);
    }
    if (f.bytes_per_second && *f.bytes_per_second == 0) return fail(errc::invalid);
    return plan;
}

std::optional<fault> fault_injector::take(operation op, random& chance) {
    if (!plan_ || (plan_->only && *plan_->only != op)) return std::nullopt;
    if (plan_->count) {
        if (*plan_->count == 0) return std::nullopt;
        --*plan_->count;
    }
    fault happening = plan_->happening;
    constexpr std::uint64_t million = 1'000'000;
    happening.slow_down = static_cast<double>(chance.below(million)) <
                          plan_->error_rate_503 * static_cast<double>(million);
    return happening;
}

}  // namespace lode::dev_origin
