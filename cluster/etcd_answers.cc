#include "cluster/etcd_answers.h"

#include <algorithm>
#include <array>

#include "cluster/json.h"
#include "engine/base/assert.h"

namespace lode::cluster {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t complaint_most = 200;

std::uint64_t revision_of(const json& answer) {
    const json* header = find(answer, "header");
    return header == nullptr ? 0 : find_count(*header, "revision").value_or(0);
}

// A member that has its default is left out.
std::optional<etcd_entry> read_entry(const json& kv) {
    const std::string* key = find_text(kv, "key");
    auto name = key == nullptr ? std::nullopt : from_base64(*key);
    if (!name) return std::nullopt;
    etcd_entry made{.key = std::move(*name), .value = {}};
    if (const std::string* value = find_text(kv, "value")) {
        auto bytes = from_base64(*value);
        if (!bytes) return std::nullopt;
        made.value = std::move(*bytes);
    }
    made.revision = find_count(kv, "mod_revision").value_or(0);
    made.lease = find_count(kv, "lease").value_or(0);
    return made;
}

std::optional<etcd_event> read_event(const json& event) {
    const json* kv = find(event, "kv");
    auto entry = kv == nullptr ? std::nullopt : read_entry(*kv);
    if (!entry) return std::nullopt;
    const std::string* type = find_text(event, "type");
    if (type != nullptr && *type != "PUT" && *type != "DELETE") return std::nullopt;
    return etcd_event{.what = type != nullptr && *type == "DELETE" ? etcd_event::kind::removed
                                                                   : etcd_event::kind::put,
                      .entry = std::move(*entry)};
}

bool is_true(const json& in, std::string_view name) {
    const json* there = find(in, name);
    return there != nullptr && there->is_boolean() && *there == true;
}

std::string as_one_line(std::string_view text) {
    std::string out(text.substr(0, complaint_most));
    std::ranges::replace_if(
        out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return out;
}

result<etcd_lease> read_lease(const json& answer) {
    const auto id = find_count(answer, "ID");
    if (!id || *id == 0) return fail(errc::protocol);
    return etcd_lease{.id = *id, .seconds = find_count(answer, "TTL").value_or(0)};
}

}  // namespace

result<etcd_range> parse_etcd_range(std::string_view body) {
    const json answer = parse_json(body);
    etcd_range found{.revision = revision_of(answer), .entries = {}};
    if (found.revision == 0) return fail(errc::protocol);
    const json* kvs = find(answer, "kvs");
    if (kvs == nullptr) return found;
    if (!kvs->is_array()) return fail(errc::protocol);
    for (const json& kv : *kvs) {
        if (auto entry = read_entry(kv)) {
            found.entries.push_back(std::move(*entry));
        } else {
            ++found.broken;
        }
    }
    return found;
}

result<etcd_news> parse_etcd_news(std::string_view line) {
    const json answer = parse_json(line);
    etcd_news news;
    if (const json* error = find(answer, "error")) {
        news.is_over = true;
        if (const std::string* message = find_text(*error, "message")) {
            news.reason = as_one_line(*message);
        }
        return news;
    }
    const json* found = find(answer, "result");
    if (found == nullptr) return fail(errc::protocol);
    news.revision = revision_of(*found);
    news.is_over = is_true(*found, "canceled");
    news.compacted = find_count(*found, "compact_revision").value_or(0) > 0;
    if (const std::string* reason = find_text(*found, "cancel_reason")) {
        news.reason = as_one_line(*reason);
    }
    const json* events = find(*found, "events");
    if (events == nullptr) return news;
    if (!events->is_array()) return fail(errc::protocol);
    for (const json& each : *events) {
        if (auto event = read_event(each)) {
            news.events.push_back(std::move(*event));
        } else {
            ++news.broken;
        }
    }
    return news;
}

result<etcd_lease> parse_etcd_grant(std::string_view body) { return read_lease(parse_json(body)); }

// A stream of one answer.
result<etcd_lease> parse_etcd_keepalive(std::string_view body) {
    const json answer = parse_json(body.substr(0, body.find('\n')));
    const json* found = find(answer, "result");
    if (found == nullptr) return fail(errc::protocol);
    return read_lease(*found);
}

result<std::string> parse_etcd_token(std::string_view body) {
    const json answer = parse_json(body);
    const std::string* token = find_text(answer, "token");
    // It travels in a header.
    const auto is_plain = [](char c) { return c > ' ' && c < 0x7f; };
    if (token == nullptr || token->empty() || !std::ranges::all_of(*token, is_plain)) {
        return fail(errc::protocol);
    }
    return *token;
}

result<bool> parse_etcd_transaction(std::string_view body) {
    const json answer = parse_json(body);
    if (revision_of(answer) == 0) return fail(errc::protocol);
    return is_true(answer, "succeeded");
}

std::string parse_etcd_complaint(std::string_view body) {
    const json answer = parse_json(body);
    for (const auto* name : {"message", "error"}) {
        if (const std::string* text = find_text(answer, name)) return as_one_line(*text);
    }
    const json* error = find(answer, "error");
    const std::string* text = error == nullptr ? nullptr : find_text(*error, "message");
    return text == nullptr ? std::string() : as_one_line(*text);
}

std::string to_base64(std::string_view bytes) {
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t there = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t three = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            three = three << 8U |
                    (i < there ? static_cast<unsigned char>(bytes[at + i]) : std::uint32_t{0});
        }
        for (std::size_t i = 0; i < 4; ++i) {
            out += i <= there ? alphabet[three >> (18 - 6 * i) & 63U] : '=';
        }
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    text.remove_suffix(padding);
    std::string out;
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const auto digit = alphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        held = (held << 6U | static_cast<std::uint32_t>(digit)) & 0xffffU;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>(held >> bits & 0xffU);
    }
    return out;
}

std::string end_of_prefix(std::string prefix) {
    LODE_ASSERT(!prefix.empty());
    while (prefix.size() > 1 && static_cast<unsigned char>(prefix.back()) == 0xff) {
        prefix.pop_back();
    }
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

}  // namespace lode::cluster
