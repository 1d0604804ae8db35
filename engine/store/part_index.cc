#include "engine/store/part_index.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

namespace lode::engine {
namespace {

constexpr std::uint32_t tag_of(hash128 id) { return static_cast<std::uint32_t>(id.low); }

constexpr std::uint64_t entry_of(std::uint32_t tag, part_ref ref) {
    return (std::uint64_t{tag} << 32U) | (ref.value() + 1);
}
constexpr std::uint32_t tag_in(std::uint64_t entry) {
    return static_cast<std::uint32_t>(entry >> 32U);
}
constexpr part_ref ref_in(std::uint64_t entry) {
    return part_ref(static_cast<std::uint32_t>(entry) - 1);
}

// Three quarters full at most.
std::size_t table_size(std::uint32_t parts_max) {
    return std::bit_ceil(std::max<std::size_t>(16, parts_max + parts_max / 3 + 1));
}

}  // namespace

void part::open(const part_key& key) {
    LODE_ASSERT(held == 0 && on_device == 0 && busy == 0);
    LODE_ASSERT(key.length > bytes(0) && key.length <= part_length_max);
    id = key.id;
    length = key.length;
    colder = warmer = no_part;
    if (chunks() == 1) {
        records_.one = chunk_record();
    } else {
        records_.many = new chunk_record[chunks()];
    }
}

void part::clear() {
    if (length > chunk_size) delete[] records_.many;
    length = bytes(0);
}

part_index::part_index(std::uint32_t parts_max, std::uint64_t chunks_max)
    : mask_(table_size(parts_max) - 1), parts_max_(parts_max), chunks_max_(chunks_max) {
    LODE_ASSERT(parts_max > 0 && parts_max < no_part.value());
    // calloc, because the kernel's zero pages cost nothing until they are used.
    table_.reset(static_cast<std::uint64_t*>(std::calloc(mask_ + 1, sizeof(std::uint64_t))));
    if (table_ == nullptr) throw std::bad_alloc();
    pages_.reserve(parts_max / page_parts + 1);
}

void part_index::freer::operator()(std::uint64_t* memory) const { std::free(memory); }

part_ref part_index::find(hash128 id) const {
    const std::uint64_t entry = table_[place_of(id)];
    return entry == 0 ? no_part : ref_in(entry);
}

part_ref part_index::insert(const part_key& key) {
    const std::uint64_t further = chunk_count(key.length) - 1;
    if (size_ == parts_max_ || further_chunks_ + further > chunks_max_) return no_part;
    const std::size_t place = place_of(key.id);
    LODE_ASSERT(table_[place] == 0);
    if (free_.empty()) {
        const auto begin = static_cast<std::uint32_t>(pages_.size()) * page_parts;
        pages_.push_back(std::make_unique<part[]>(page_parts));
        free_.reserve(pages_.size() * page_parts);
        for (std::uint32_t i = page_parts; i-- > 0;) free_.push_back(part_ref(begin + i));
    }
    const part_ref ref = free_.back();
    free_.pop_back();
    at(ref).open(key);
    table_[place] = entry_of(tag_of(key.id), ref);
    ++size_;
    further_chunks_ += further;
    return ref;
}

bool part_index::erase_if_empty(part_ref ref) {
    part& p = at(ref);
    if (p.held > 0 || p.busy > 0) return false;
    LODE_ASSERT(p.on_device == 0 && p.colder == no_part && p.warmer == no_part);
    const std::size_t place = place_of(p.id);
    LODE_ASSERT(table_[place] != 0 && ref_in(table_[place]) == ref);
    remove_entry(place);
    further_chunks_ -= p.chunks() - 1;
    p.clear();
    free_.push_back(ref);
    --size_;
    return true;
}

std::size_t part_index::place_of(hash128 id) const {
    const std::uint32_t tag = tag_of(id);
    for (std::size_t place = first_place(tag);; place = (place + 1) & mask_) {
        const std::uint64_t entry = table_[place];
        if (entry == 0) return place;
        if (tag_in(entry) != tag) continue;
        const std::uint32_t ref = ref_in(entry).value();
        if (pages_[ref / page_parts][ref % page_parts].id == id) return place;
    }
}

// Knuth's algorithm R (TAOCP 6.4): closes the gap, so that no tombstones pile up.
void part_index::remove_entry(std::size_t gap) {
    for (std::size_t next = (gap + 1) & mask_; table_[next] != 0; next = (next + 1) & mask_) {
        const std::size_t wanted = first_place(tag_in(table_[next]));
        // An entry may move back to the gap unless that is before the place where its search
        // begins.
        if (((next - wanted) & mask_) < ((next - gap) & mask_)) continue;
        table_[gap] = table_[next];
        gap = next;
    }
    table_[gap] = 0;
}

bytes part_index::memory() const {
    return bytes((mask_ + 1) * sizeof(std::uint64_t) +
                 pages_.size() * page_parts * (sizeof(part) + sizeof(part_ref)) +
                 further_chunks_ * sizeof(chunk_record));
}

}  // namespace lode::engine
