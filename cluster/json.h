// cluster/json.h
//
// nlohmann's JSON as lode uses it: nothing throws, neither for what cannot be parsed nor for a member that
// is not there or of another type.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace lode::cluster {

using nlohmann::json;

// Discarded where it is no JSON.
[[nodiscard]] inline json parse_json(std::string_view text) {
    return json::parse(text, nullptr, /*allow_exceptions=*/false);
}

// What is no UTF-8 is replaced.
[[nodiscard]] inline std::string print_json(const json& of) {
    return of.dump(-1, ' ', false, json::error_handler_t::replace);
}

// The member, or null.
[[nodiscard]] inline const json* find(const json& in, std::string_view name) {
    if (!in.is_object()) return nullptr;
    const auto there = in.find(name);
    return there == in.end() ? nullptr : &*there;
}

[[nodiscard]] inline const std::string* find_text(const json& in, std::string_view name) {
    const json* there = find(in, name);
    return there == nullptr ? nullptr : there->get_ptr<const std::string*>();
}

[[nodiscard]] inline std::optional<std::uint64_t> as_count(const json& of) {
    const auto* number = of.get_ptr<const json::number_unsigned_t*>();
    return number == nullptr ? std::nullopt : std::optional<std::uint64_t>(*number);
}

// A number, or one in quotes, as protocol buffers write those of 64 bits.
[[nodiscard]] inline std::optional<std::uint64_t> find_count(const json& in,
                                                             std::string_view name) {
    const json* there = find(in, name);
    if (there == nullptr) return std::nullopt;
    const auto* text = there->get_ptr<const std::string*>();
    if (text == nullptr) return as_count(*there);
    std::uint64_t value = 0;
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (problem != std::errc() || end != text->data() + text->size()) return std::nullopt;
    return value;
}

}  // namespace lode::cluster
