#include "engine/store/fill_queue.h"

#include <algorithm>
#include <utility>

#include "engine/base/assert.h"

namespace lode::engine {
namespace {

std::uint32_t end_of(chunk_range r) { return r.first + r.count; }

chunk_range range_of(std::uint32_t first, std::uint32_t end) {
    return {.first = first, .count = end - first};
}

chunk_range common(chunk_range a, chunk_range b) {
    const std::uint32_t first = std::max(a.first, b.first);
    const std::uint32_t end = std::min(end_of(a), end_of(b));
    return range_of(first, std::max(first, end));
}

}  // namespace

void fill_queue::add(chunk_range chunks) {
    if (chunks.count == 0) return;
    std::uint32_t first = chunks.first;
    std::uint32_t end = end_of(chunks);
    auto next = rest_.lower_bound(first);
    LODE_ASSERT(next == rest_.end() || next->first >= end);
    if (next != rest_.end() && next->first == end) {
        end = next->second;
        next = rest_.erase(next);
    }
    if (next != rest_.begin()) {
        const auto before = std::prev(next);
        LODE_ASSERT(before->second <= first);
        if (before->second == first) {
            before->second = end;
            return;
        }
    }
    rest_.emplace(first, end);
}

void fill_queue::demand(chunk_range chunks) {
    const std::vector<chunk_range> found = extract(chunks);
    for (auto r = found.rbegin(); r != found.rend(); ++r) demanded_.push_front({.chunks = *r});
    if (!found.empty()) rest_from_ = end_of(chunks);
}

bool fill_queue::await(std::uint32_t chunk, std::uint32_t in_front) {
    if (!demanded_.empty() && demanded_.front().chunks.first == chunk) {
        run& there = demanded_.front();
        if (there.awaited) return true;
        const std::uint32_t n = std::clamp<std::uint32_t>(in_front, 1, there.chunks.count);
        const chunk_range behind = range_of(chunk + n, end_of(there.chunks));
        there = {.chunks = range_of(chunk, chunk + n), .awaited = true};
        if (behind.count > 0) demanded_.insert(demanded_.begin() + 1, {.chunks = behind});
        return true;
    }
    if (extract({.first = chunk, .count = 1}).empty()) return false;
    const bool both = !extract({.first = chunk + 1, .count = 1}).empty();
    const chunk_range found{.first = chunk, .count = both ? 2U : 1U};
    demanded_.push_front({.chunks = found, .awaited = true});
    rest_from_ = end_of(found);
    return true;
}

chunk_range fill_queue::take_demanded(std::uint32_t most) {
    LODE_ASSERT(!demanded_.empty() && most > 0);
    run& there = demanded_.front();
    const chunk_range taken{.first = there.chunks.first,
                            .count = std::min(most, there.chunks.count)};
    there.chunks = range_of(end_of(taken), end_of(there.chunks));
    if (there.chunks.count == 0) demanded_.pop_front();
    return taken;
}

chunk_range fill_queue::take_rest(std::uint32_t most) {
    LODE_ASSERT(!rest_.empty() && most > 0);
    auto at = rest_.upper_bound(rest_from_);
    if (at != rest_.begin() && std::prev(at)->second > rest_from_) --at;
    if (at == rest_.end()) at = rest_.begin();
    const std::uint32_t first =
        at->first <= rest_from_ && rest_from_ < at->second ? rest_from_ : at->first;
    const std::uint32_t end = std::min(at->second - first, most) + first;
    std::vector<chunk_range> taken;
    extract_rest(range_of(first, end), taken);
    rest_from_ = end;
    return taken.front();
}

void fill_queue::demand_becomes_rest() {
    for (const run& r : std::exchange(demanded_, {})) add(r.chunks);
}

std::vector<chunk_range> fill_queue::take_rest() {
    std::vector<chunk_range> all;
    for (const auto& [first, end] : std::exchange(rest_, {})) all.push_back(range_of(first, end));
    return all;
}

std::vector<chunk_range> fill_queue::take_all() {
    std::vector<chunk_range> all = take_rest();
    for (const run& r : std::exchange(demanded_, {})) all.push_back(r.chunks);
    return all;
}

// Ascending.
std::vector<chunk_range> fill_queue::extract(chunk_range chunks) {
    std::vector<chunk_range> found;
    extract_demanded(chunks, found);
    extract_rest(chunks, found);
    std::ranges::sort(found, {}, &chunk_range::first);
    std::vector<chunk_range> joined;
    for (const chunk_range& r : found) {
        if (!joined.empty() && end_of(joined.back()) == r.first) {
            joined.back().count += r.count;
        } else {
            joined.push_back(r);
        }
    }
    return joined;
}

void fill_queue::extract_demanded(chunk_range chunks, std::vector<chunk_range>& into) {
    for (std::size_t i = 0; i < demanded_.size();) {
        const run there = demanded_[i];
        const chunk_range mine = common(there.chunks, chunks);
        if (mine.count == 0) {
            ++i;
            continue;
        }
        into.push_back(mine);
        const chunk_range before = range_of(there.chunks.first, mine.first);
        const chunk_range behind = range_of(end_of(mine), end_of(there.chunks));
        auto at = demanded_.erase(demanded_.begin() + static_cast<std::ptrdiff_t>(i));
        for (const chunk_range left : {behind, before}) {
            if (left.count == 0) continue;
            at = demanded_.insert(at, {.chunks = left, .awaited = there.awaited});
            ++i;
        }
    }
}

void fill_queue::extract_rest(chunk_range chunks, std::vector<chunk_range>& into) {
    auto at = rest_.upper_bound(chunks.first);
    if (at != rest_.begin()) --at;
    while (at != rest_.end() && at->first < end_of(chunks)) {
        const chunk_range there = range_of(at->first, at->second);
        const chunk_range mine = common(there, chunks);
        if (mine.count == 0) {
            ++at;
            continue;
        }
        into.push_back(mine);
        at = rest_.erase(at);
        if (mine.first > there.first) rest_.emplace(there.first, mine.first);
        if (end_of(mine) < end_of(there)) at = rest_.emplace(end_of(mine), end_of(there)).first;
    }
}

}  // namespace lode::engine
