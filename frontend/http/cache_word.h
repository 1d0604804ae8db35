// frontend/http/cache_word.h
//
// How a request was answered, in the same words everywhere: X-Cache, Cache-Status (RFC 9211), the
// access log, the metrics, and what nodes of a cluster tell each other.
#pragma once

#include <cstdint>
#include <string_view>

namespace lode::frontend {

enum class cache_word : std::uint8_t {
    hit,      // every byte from this node's memory or disk
    filling,  // some bytes were being fetched for somebody else already
    miss,     // some bytes were fetched for this request
    bypass,   // not a matter for the cache: passed through
};
inline constexpr std::size_t cache_words = 4;

// The slowest tier that contributed bytes.
enum class cache_detail : std::uint8_t { none, memory, disk, filling };

[[nodiscard]] constexpr std::string_view name_of(cache_word w) {
    switch (w) {
        case cache_word::hit: return "HIT";
        case cache_word::filling: return "FILLING";
        case cache_word::miss: return "MISS";
        case cache_word::bypass: return "BYPASS";
    }
    return "BYPASS";
}

[[nodiscard]] constexpr std::string_view name_of(cache_detail d) {
    switch (d) {
        case cache_detail::none: return "";
        case cache_detail::memory: return "memory";
        case cache_detail::disk: return "disk";
        case cache_detail::filling: return "filling";
    }
    return "";
}

}  // namespace lode::frontend
