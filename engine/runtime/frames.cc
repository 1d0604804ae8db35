#include "engine/runtime/frames.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "engine/base/assert.h"

namespace lode::engine {
namespace {

constexpr std::size_t words_per_block = frame_pool::frames_per_block_max / 64;

std::uint32_t frames_in_block(size_class c) {
    return static_cast<std::uint32_t>(frame_pool::block_size / c.size());
}

}  // namespace

result<frame_pool> frame_pool::open(bytes capacity) {
    const std::size_t blocks = std::max<std::uint64_t>(1, capacity / block_size);
    auto arena = huge_memory::map(block_size * blocks, block_size);
    if (!arena) return std::unexpected(arena.error());
    return frame_pool(std::move(*arena), blocks);
}

frame_pool::frame_pool(huge_memory arena, std::size_t blocks)
    : arena_(std::move(arena)), blocks_(blocks), bitmaps_(blocks * words_per_block) {
    free_blocks_.reserve(blocks_.size());
    for (std::size_t b = blocks_.size(); b-- > 0;) {
        blocks_[b].free = &bitmaps_[b * words_per_block];
        free_blocks_.push_back(static_cast<std::uint32_t>(b));
    }
    for (auto& list : open_) list.reserve(blocks_.size());
}

std::optional<frame> frame_pool::try_take(size_class c) {
    auto& open = open_[c.index()];
    if (open.empty()) {
        if (free_blocks_.empty()) return std::nullopt;
        const std::uint32_t taken = free_blocks_.back();
        free_blocks_.pop_back();
        block& b = blocks_[taken];
        LODE_ASSERT(!b.split && b.used == 0);
        b.size = c;
        b.split = true;
        const std::uint32_t frames = frames_in_block(c);
        for (std::uint32_t word = 0; word < words_per_block; ++word) {
            const std::uint32_t bits = frames > word * 64 ? std::min(64U, frames - word * 64) : 0;
            b.free[word] = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
        }
        list_open(taken);
    }
    const std::uint32_t number = open.back();
    block& b = blocks_[number];
    std::uint32_t word = 0;
    while (b.free[word] == 0) ++word;
    LODE_ASSERT(word < words_per_block);
    const std::uint32_t index =
        word * 64 + static_cast<std::uint32_t>(std::countr_zero(b.free[word]));
    b.free[word] &= b.free[word] - 1;
    ++b.used;
    if (b.used == frames_in_block(c)) unlist_open(number);
    used_ += c.size();
    return at(frame_id(number * frames_per_block_max + index));
}

void frame_pool::give_back(frame_id id) {
    const std::uint32_t number = block_of(id);
    const std::uint32_t index = id.value() % frames_per_block_max;
    block& b = blocks_[number];
    const std::uint64_t bit = std::uint64_t{1} << (index % 64);
    LODE_ASSERT(b.split && b.used > 0);
    LODE_ASSERT(index < frames_in_block(b.size) && (b.free[index / 64] & bit) == 0);
    if (b.used == frames_in_block(b.size)) list_open(number);
    b.free[index / 64] |= bit;
    --b.used;
    used_ -= b.size.size();
    if (b.used > 0) return;
    unlist_open(number);
    b.split = false;
    free_blocks_.push_back(number);
}

frame frame_pool::at(frame_id id) const {
    const block& b = blocks_[block_of(id)];
    const std::uint64_t offset = block_of(id) * block_size.count() +
                                 (id.value() % frames_per_block_max) * b.size.size().count();
    return {.number = id, .size = b.size, .data = arena_.data() + offset};
}

void frame_pool::list_open(std::uint32_t number) {
    auto& open = open_[blocks_[number].size.index()];
    blocks_[number].open_index = static_cast<std::uint32_t>(open.size());
    open.push_back(number);
}

void frame_pool::unlist_open(std::uint32_t number) {
    auto& open = open_[blocks_[number].size.index()];
    const std::uint32_t place = blocks_[number].open_index;
    LODE_ASSERT(open[place] == number);
    open[place] = open.back();
    blocks_[open[place]].open_index = place;
    open.pop_back();
}

}  // namespace lode::engine
