// tests/engine/store/reading.h
//
// What tests of the store do again and again: fill parts, read them, and remember what became of it.
#pragma once

#include <map>

#include "engine/store/part_store.h"
#include "tests/engine/store/content.h"
#include "tests/engine/store/store_world.h"

namespace lode::engine {

inline store_options small_store(bytes memory = bytes(16 << 20)) {
    store_options o;
    o.memory = memory;
    o.slab_size = chunk_size;
    o.shards = 1;
    o.frame_wait = std::chrono::milliseconds(200);
    o.stop_timeout = std::chrono::seconds(2);
    return o;
}

inline time_point soon() { return now() + std::chrono::seconds(10); }

// What became of reading a whole part.
struct reading {
    std::uint32_t right = 0;
    std::uint32_t wrong = 0;
    std::map<chunk_source, std::uint32_t> from;
    std::map<errc, std::uint32_t> failed;
};

inline task<void> read_chunk(part_store& store, part_key key, std::uint32_t chunk, reading& into) {
    auto got = co_await store.read(key, chunk, soon(), whole_chunk);
    if (!got) {
        ++into.failed[got.error().code];
        co_return;
    }
    ++(holds_content(key, chunk, got->data()) ? into.right : into.wrong);
    ++into.from[got->source()];
}

inline task<reading> read_all(part_store& store, part_key key) {
    reading all;
    for (std::uint32_t n = 0; n < chunk_count(key.length); ++n) {
        co_await read_chunk(store, key, n, all);
    }
    co_return all;
}

// Fills a part and waits until it is there and on the device.
inline task<reading> bring(part_store& store, part_key key, source_facts& facts) {
    const auto begun = co_await store.fill(key, whole(key), source_of(key, facts));
    LODE_ASSERT(begun.has_value());
    reading all = co_await read_all(store, key);
    const auto settled = co_await store.settle(soon());
    LODE_ASSERT(settled.has_value());
    co_return all;
}

inline std::vector<part_key> numbered_parts(std::uint64_t first, std::uint64_t count,
                                            bytes length) {
    std::vector<part_key> parts;
    for (std::uint64_t i = 0; i < count; ++i) parts.push_back(numbered_part(first + i, length));
    return parts;
}

inline task<void> bring_all(part_store& store, std::vector<part_key> parts) {
    for (const part_key& key : parts) {
        source_facts facts;
        (void)co_await bring(store, key, facts);
    }
}

}  // namespace lode::engine
