#include "frontend/chunk_walk.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace lode::frontend {

chunk_walk::chunk_walk(const origin::object_version& version, object_offset first,
                       object_offset end)
    : version_(&version), first_(first), end_(end) {
    LODE_ASSERT(first < end && end.value() <= version.size.count());
    enter(version.layout.part_with(first));
}

std::size_t chunk_walk::first_in_chunk() const {
    const part_offset begin = engine::chunk_begin(chunk_);
    return (std::max(begin, part_.first) - begin).count();
}

std::size_t chunk_walk::end_in_chunk() const {
    const part_offset begin = engine::chunk_begin(chunk_);
    return (std::min(begin + engine::chunk_length(part_.key.length, chunk_), part_.end) - begin)
        .count();
}

void chunk_walk::next_chunk() {
    LODE_ASSERT(!at_end_);
    const engine::chunk_range chunks = part_.chunks();
    if (++chunk_ == chunks.first + chunks.count) next_part();
}

void chunk_walk::next_part() {
    LODE_ASSERT(!at_end_);
    const object_offset part_end = part_.begins + part_.key.length;
    if (part_end >= end_) {
        at_end_ = true;
        return;
    }
    enter(part_.index + 1);
}

std::uint32_t chunk_walk::parts_left() const {
    if (at_end_) return 0;
    return version_->layout.part_with(object_offset(end_.value() - 1)) - part_.index + 1;
}

void chunk_walk::enter(std::uint32_t index) {
    const origin::part_extent extent = version_->layout.at(index);
    const object_offset first = std::max(first_, extent.first);
    const object_offset end = std::min(end_, extent.end());
    part_ = {.index = index,
             .key = version_->part(index),
             .begins = extent.first,
             .first = part_offset((first - extent.first).count()),
             .end = part_offset((end - extent.first).count())};
    chunk_ = part_.chunks().first;
}

}  // namespace lode::frontend
