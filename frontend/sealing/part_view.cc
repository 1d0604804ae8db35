#include "frontend/sealing/part_view.h"

#include "engine/base/assert.h"
#include "frontend/sealing/sealing_source.h"

namespace lode::frontend::sealing {

part_view::part_view(const engine::part_key& part, const std::optional<customer_key>& key)
    : plain_(part), stored_(part) {
    if (!key) return;
    stored_.length = sealed_length(part.length);
    content_key content = key->content_key_for(part.id);
    chunk_opener opener(content);
    seal_.emplace(std::move(content), std::move(opener));
}

engine::chunk_range part_view::chunks(part_offset first, part_offset end) const {
    if (first == end) return {};
    const part_offset last(end.value() - 1);
    const std::uint32_t begins = sealed() ? slice_of(first) : engine::chunk_of(first);
    const std::uint32_t ends = sealed() ? slice_of(last) : engine::chunk_of(last);
    return {.first = begins, .count = ends - begins + 1};
}

part_offset part_view::begin(std::uint32_t chunk) const {
    return sealed() ? slice_begin(chunk) : engine::chunk_begin(chunk);
}

bytes part_view::length(std::uint32_t chunk) const {
    return sealed() ? slice_length(plain_.length, chunk)
                    : engine::chunk_length(plain_.length, chunk);
}

std::unique_ptr<engine::part_source> part_view::source(
    std::unique_ptr<engine::part_source> plain) const {
    if (!sealed()) return plain;
    return std::make_unique<sealing_source>(std::move(plain), seal_->key, plain_.length);
}

result<std::span<const std::byte>> part_view::open(std::uint32_t chunk,
                                                   std::span<const std::byte> stored,
                                                   std::span<std::byte> memory) {
    if (!sealed()) return stored;
    const bytes wanted = length(chunk);
    LODE_ASSERT(memory.size() >= wanted.count());
    const auto plain = memory.first(wanted.count());
    if (auto opened = seal_->opener.open(chunk, stored, plain); !opened) {
        return std::unexpected(opened.error());
    }
    return plain;
}

}  // namespace lode::frontend::sealing
