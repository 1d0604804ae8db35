// What of an answer is here, and what is filled ahead of its client.
#include <limits>
#include <utility>

#include "frontend/cached_answer.h"
#include "frontend/clustering.h"
#include "frontend/fetch_rights.h"

namespace lode::frontend {

bool cached_answer::may_fill() const {
    return may_fetch(here_, request_) && !request_.what.no_cache;
}

engine::task<result<>> cached_answer::look(findings& found) {
    const bool fillable = may_fill();
    std::uint32_t left = fillable ? parts_looked_at : std::numeric_limits<std::uint32_t>::max();
    for (chunk_walk w = walk_; !w.at_end() && left > 0; w.next_part(), --left) {
        if (peer_for(w.part()) != nullptr) {
            if (looked_at_ < parts_looked_at) ++looked_at_;
            continue;
        }
        const engine::presence seen =
            co_await here_.node.store.look(w.part().stored, w.part().chunks);
        found.saw(seen);
        if (seen.absent > 0 && !fillable) co_return fail(errc::not_found);
        if (seen.absent > 0) incomplete_.set(looked_at_);
        if (looked_at_ < parts_looked_at) ++looked_at_;
    }
    co_return result<>{};
}

engine::task<result<>> cached_answer::prepare() {
    const bytes window = here_.node.settings.cache.read_ahead;
    // A part that could not be filled is behind us by now: it came from the origin.
    while (!ahead_.at_end() && ahead_.part().index < walk_.part().index) next_ahead();
    while (!ahead_.at_end()) {
        const part_slice& next = ahead_.part();
        const bool is_next = next.index == walk_.part().index;
        const object_offset begin = next.begins + bytes(next.first.value());
        if (!is_next && begin - position() >= window) break;
        if (peer::peer_ptr peer = peer_for(next)) {
            if (!is_next) here_.cluster->peers.ask_to_fill(question_about(next), peer);
        } else if (co_await is_incomplete(next)) {
            auto begun = co_await fill(next);
            ahead_refused_ = !begun;
            if (!begun && is_next) co_return begun;
            if (!begun) break;
        }
        next_ahead();
    }
    co_return result<>{};
}

bool cached_answer::next_is_due() const {
    if (ahead_refused_ || ahead_.at_end()) return false;
    const object_offset begin = ahead_.part().begins;
    return begin <= position() || begin - position() < here_.node.settings.cache.read_ahead;
}

void cached_answer::next_ahead() {
    ++prepared_;
    ahead_.next_part();
}

engine::task<bool> cached_answer::is_incomplete(const part_slice& slice) {
    if (prepared_ < looked_at_) co_return incomplete_.test(prepared_);
    const engine::presence seen = co_await here_.node.store.look(slice.stored, slice.chunks);
    co_return seen.absent > 0;
}

engine::task<result<>> cached_answer::fill(const part_slice& slice) {
    if (request_.what.no_cache) co_return fail(errc::not_found);
    auto request = fetch_request_for(here_, request_);
    if (!request) co_return std::unexpected(request.error());
    const sealing::part_view view(slice.plain, request_.customer_key);
    co_return co_await here_.node.store.fill(slice.stored, still_wanted(slice),
                                             view.source(source_for(slice, std::move(*request))),
                                             engine::fill_extent::whole_part);
}

std::unique_ptr<engine::part_source> cached_answer::source_for(const part_slice& slice,
                                                               origin::fetch_request request) {
    auto origin = std::make_unique<origin::part_fetch>(here_.node.links, std::move(request),
                                                       version_, slice.index);
    if (!is_shared(here_, request_.name)) return origin;
    const unsigned spread = here_.cluster->peers.spread_of(slice.stored.id);
    return source_of(here_, question_about(slice), spread, std::move(origin));
}

engine::chunk_range cached_answer::still_wanted(const part_slice& slice) const {
    const object_offset first = slice.begins + bytes(slice.first.value());
    const object_offset end = slice.begins + bytes(slice.end.value());
    if (given_ <= first || end <= given_) return slice.chunks;
    const std::uint32_t from = engine::chunk_of(part_offset((given_ - slice.begins).count()));
    return {.first = from, .count = slice.chunks.first + slice.chunks.count - from};
}

}  // namespace lode::frontend
