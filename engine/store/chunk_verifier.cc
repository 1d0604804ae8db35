#include "engine/store/chunk_verifier.h"

#include "engine/store/part_key.h"

namespace lode::engine {
namespace {

bytes length_of(const described_chunk& c) { return chunk_length(c.is.part_length, c.is.chunk); }

// How far behind the begin of `first` the bytes of `c` end.
bytes reach(const described_chunk& first, const described_chunk& c) {
    return c.slab.size.size() * (c.slot - first.slot) + round_up(length_of(c), format::block);
}

}  // namespace

void chunk_verifier::verify(std::span<const described_chunk> chunks, const report& each) {
    while (!chunks.empty()) {
        std::size_t count = 1;
        while (count < chunks.size() && reach(chunks.front(), chunks[count]) <= chunk_size) ++count;
        verify_run(chunks.first(count), each);
        chunks = chunks.subspan(count);
    }
}

chunk_state chunk_verifier::verify(const described_chunk& chunk) {
    chunk_state seen = chunk_state::unread;
    verify_run(std::span(&chunk, 1), [&](const described_chunk&, chunk_state s) { seen = s; });
    return seen;
}

void chunk_verifier::verify_run(std::span<const described_chunk> run, const report& each) {
    const described_chunk& first = run.front();
    const auto data = memory_.span().first(reach(first, run.back()).count());
    if (!device_.read(begin_of(first), data)) {
        // One bad sector must not hide its neighbours.
        if (run.size() == 1) return each(first, chunk_state::unread);
        for (const described_chunk& c : run) verify_run(std::span(&c, 1), each);
        return;
    }
    for (const described_chunk& c : run) {
        const auto at = (c.slab.size.size() * (c.slot - first.slot)).count();
        const bool same = xxh3_64(data.subspan(at, length_of(c).count())) == c.is.checksum;
        each(c, same ? chunk_state::whole : chunk_state::damaged);
    }
}

device_offset chunk_verifier::begin_of(const described_chunk& chunk) const {
    return format::slot_begin(cut_, chunk.slab.slab, chunk.slab.size, chunk.slot);
}

}  // namespace lode::engine
