#include "frontend/s3/conditionals.h"

#include "frontend/s3/etag.h"

namespace lode::frontend::s3 {
namespace {

enum class comparison : std::uint8_t { strong, weak };

// Whether any line of `name` lists the current tag, or is "*" while something exists. Nothing when
// there is no such line.
std::optional<bool> matches(std::span<const http::header> headers, std::string_view name,
                            const std::optional<validators>& current, comparison how);

std::optional<http_seconds> date_in(std::span<const http::header> headers, std::string_view name) {
    const auto value = http::find_header(headers, name);
    return value ? parse_http_date(http::trim(*value)) : std::nullopt;
}

}  // namespace

condition_verdict evaluate(std::span<const http::header> headers,
                           const std::optional<validators>& current, access how) {
    const auto last_modified = current ? current->last_modified : std::nullopt;

    if (const auto match = matches(headers, "if-match", current, comparison::strong)) {
        if (!*match) return condition_verdict::precondition_failed;
    } else if (const auto since = date_in(headers, "if-unmodified-since")) {
        if (last_modified && *last_modified > *since) return condition_verdict::precondition_failed;
    }

    if (const auto match = matches(headers, "if-none-match", current, comparison::weak)) {
        if (!*match) return condition_verdict::proceed;
        return how == access::read ? condition_verdict::not_modified
                                   : condition_verdict::precondition_failed;
    }
    if (how == access::read) {
        const auto since = date_in(headers, "if-modified-since");
        if (since && last_modified && *last_modified <= *since) {
            return condition_verdict::not_modified;
        }
    }
    return condition_verdict::proceed;
}

bool range_applies(std::span<const http::header> headers, const validators& current) {
    const auto value = http::find_header(headers, "if-range");
    if (!value) return true;
    const auto text = http::trim(*value);
    if (const auto date = parse_http_date(text)) return current.last_modified == date;

    const auto wanted = parse_entity_tag(text);
    const auto have = parse_entity_tag(current.etag);
    return wanted && have && equal_strong(*wanted, *have);
}

namespace {

bool lists(std::string_view value, const std::optional<validators>& current, comparison how) {
    if (!current) return false;
    if (http::trim(value) == "*") return true;
    const auto have = parse_entity_tag(current->etag);
    if (!have) return false;
    entity_tag_list list(value);
    while (const auto wanted = list.next()) {
        if (how == comparison::strong ? equal_strong(*wanted, *have) : equal_weak(*wanted, *have)) {
            return true;
        }
    }
    return false;
}

std::optional<bool> matches(std::span<const http::header> headers, std::string_view name,
                            const std::optional<validators>& current, comparison how) {
    std::optional<bool> found;
    for (const http::header& h : headers) {
        if (!http::equal_ignoring_case(h.name, name)) continue;
        found = found.value_or(false) || lists(h.value, current, how);
    }
    return found;
}

}  // namespace
}  // namespace lode::frontend::s3
