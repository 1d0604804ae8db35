// bench/load/answer_word.h
//
// Where an answer's bytes came from, as its head says: X-Cache, and Cache-Status (RFC 9211), whose last
// member is the cache that the client spoke to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "bench/load/run_result.h"
#include "frontend/http/header.h"

namespace lode::bench {

enum class answer_word : std::uint8_t {
    hit,  // without a word on from where
    hit_memory,
    hit_disk,
    hit_peer,
    filling,
    miss,
    bypass,
    unsaid,
};
inline constexpr std::size_t answer_words = 8;
using word_counts = std::array<std::uint64_t, answer_words>;

// As run_result's words name them: "HIT memory".
[[nodiscard]] std::string_view name_of(answer_word w);

[[nodiscard]] answer_word word_of(std::span<const frontend::http::header> headers);

[[nodiscard]] cache_words named(const word_counts& counts);

}  // namespace lode::bench
