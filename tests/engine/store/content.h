// tests/engine/store/content.h
//
// Parts whose every byte follows from their number, and sources that deliver them, well or badly.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/hash.h"
#include "engine/runtime/scheduler.h"
#include "engine/store/part_key.h"
#include "engine/store/part_source.h"

namespace lode::engine {

inline part_key numbered_part(std::uint64_t number, bytes length) {
    return {.id = hash128_builder().add(number).add(length.count()).finish(), .length = length};
}

// The bytes of one chunk: words that differ from place to place and from chunk to chunk, in a
// sequence (Weyl's) that costs next to nothing.
inline void write_content(const part_key& key, std::uint32_t chunk, std::span<std::byte> into) {
    std::uint64_t word = key.id.low ^ (std::uint64_t{chunk} << 32U);
    for (std::size_t at = 0; at < into.size(); at += sizeof(std::uint64_t)) {
        word += 0x9e37'79b9'7f4a'7c15U;
        std::memcpy(into.data() + at, &word, std::min(sizeof word, into.size() - at));
    }
}

inline std::vector<std::byte> content_of(const part_key& key, std::uint32_t chunk) {
    std::vector<std::byte> content(chunk_length(key.length, chunk).count());
    write_content(key, chunk, content);
    return content;
}

inline bool same_bytes(std::span<const std::byte> a, std::span<const std::byte> b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

inline bool holds_content(const part_key& key, std::uint32_t chunk,
                          std::span<const std::byte> data) {
    return same_bytes(content_of(key, chunk), data);
}

// What a test may watch, and set, from outside of the source that the store owns.
struct source_facts {
    std::uint64_t fetches = 0;
    std::uint64_t delivered = 0;  // bytes
    std::uint64_t alive = 0;      // sources
    std::uint64_t aborted = 0;

    std::uint64_t fail_after = ~std::uint64_t{0};  // bytes, over all fetches
    errc failure = errc::closed;
    std::uint64_t too_short_by = 0;
    std::size_t piece = 256 * 1024;
    duration pause{0};  // before each piece

    // A connection that breaks, and a source that finds another one.
    std::uint64_t stall_after = ~std::uint64_t{0};  // bytes, over all fetches
    duration stall{0};                              // once

    std::uint64_t fetching = 0;  // now
    std::uint64_t fetching_most = 0;
    std::vector<std::pair<part_offset, bytes>> asked;
};

class content_source final : public part_source {
  public:
    content_source(const part_key& key, source_facts& facts) : key_(key), facts_(facts) {
        ++facts_.alive;
    }
    ~content_source() override { --facts_.alive; }

    task<result<>> fetch(part_offset first, bytes length, fill_sink& sink) override {
        ++facts_.fetches;
        facts_.asked.emplace_back(first, length);
        const presence_of_fetch here(facts_);
        if (length.count() > facts_.too_short_by) length -= bytes(facts_.too_short_by);
        std::vector<std::byte> content;  // of one chunk
        std::uint32_t content_chunk = 0;
        for (part_offset at = first; at < first + length;) {
            if (aborted_) co_return fail(errc::cancelled);
            if (facts_.delivered >= facts_.fail_after) co_return fail(facts_.failure);
            if (facts_.pause > duration::zero()) co_await sleep_for(facts_.pause);
            if (facts_.delivered >= facts_.stall_after && facts_.stall > duration::zero()) {
                co_await sleep_for(std::exchange(facts_.stall, duration::zero()));
            }
            auto room = co_await sink.room();
            if (!room) co_return std::unexpected(room.error());
            const std::uint64_t left = ((first + length) - at).count();
            const std::size_t n = std::min({room->size(), facts_.piece, left});
            const std::uint32_t chunk = chunk_of(at);
            if (content.empty() || chunk != content_chunk) {
                content = content_of(key_, chunk);
                content_chunk = chunk;
            }
            std::memcpy(room->data(), content.data() + (at - chunk_begin(chunk)).count(), n);
            sink.advance(n);
            facts_.delivered += n;
            at += bytes(n);
        }
        co_return result<>{};
    }

    void abort() override {
        aborted_ = true;
        ++facts_.aborted;
    }

  private:
    struct presence_of_fetch {
        explicit presence_of_fetch(source_facts& facts) : facts_(facts) {
            facts_.fetching_most = std::max(facts_.fetching_most, ++facts_.fetching);
        }
        ~presence_of_fetch() { --facts_.fetching; }
        presence_of_fetch(const presence_of_fetch&) = delete;
        presence_of_fetch& operator=(const presence_of_fetch&) = delete;
        source_facts& facts_;
    };

    part_key key_;
    source_facts& facts_;
    bool aborted_ = false;
};

inline std::unique_ptr<part_source> source_of(const part_key& key, source_facts& facts) {
    return std::make_unique<content_source>(key, facts);
}

inline chunk_range whole(const part_key& key) {
    return {.first = 0, .count = chunk_count(key.length)};
}

}  // namespace lode::engine
