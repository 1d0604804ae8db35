#include "frontend/cached_answer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/runtime/started.h"
#include "frontend/cache_status.h"
#include "frontend/client_sink.h"
#include "frontend/fetch_rights.h"

namespace lode::frontend {

engine::task<sent_cached> cached_answer::run() {
    findings found;
    auto ready = co_await begin_away(found);
    if (!ready && ready.error().code != errc::changed) {
        const auto sent = co_await begin_with_first_bytes(found);
        if (!sent) co_return sent_cached::not_possible;
        if (*sent == begun::ended) co_return sent_cached::done;
        if (*sent == begun::some) {
            if (co_await take(co_await read(walk_, sent_to_))) co_await send_all();
            co_return sent_cached::done;
        }
        ready = co_await begin_here(found);
    }
    if (!ready) {
        co_return ready.error().code == errc::changed ? sent_cached::changed
                                                      : sent_cached::not_possible;
    }
    write_head(found);
    co_await send_all();
    co_return sent_cached::done;
}

void cached_answer::write_head(const findings& found) {
    out_.record().cache = found.word();
    out_.record().detail = found.detail();
    http::head_writer writer = cached_head(out_, request_, *version_, wanted_);
    if (is_sealed()) sealing::add_customer_key_answer(writer, request_.head.headers);
    add_cache_status(writer, here_.node.cache_name, found.word(), found.detail(), out_.scratch(),
                     away_ ? away_->from() : std::string_view());
    head_ = out_.finish_head(writer);
}

engine::task<void> cached_answer::send_all() {
    bool going = true;
    while (going) going = away_ ? co_await send_from_peer() : co_await send_from_store();
}

engine::task<result<>> cached_answer::begin_here(findings& found) {
    if (!lease_) {
        engine::started<result<>> dropping;
        if (first_ != nullptr) dropping.start(first_->drop());
        auto lease = co_await first_chunk(found);
        if (dropping.pending()) (void)co_await dropping;
        if (!lease) co_return std::unexpected(lease.error());
        lease_ = std::move(*lease);
    }
    if (!make_room()) co_return fail(errc::no_space);
    found.saw(detail_of(lease_.source()));
    const auto data = co_await open(lease_);
    if (!data) co_return std::unexpected(data.error());
    data_ = *data;
    co_return result<>{};
}

engine::task<result<engine::chunk_lease>> cached_answer::first_chunk(findings& found) {
    if (looked_at_ > 0) {
        // Done already.
    } else if (walk_.parts_left() == 1 && walk_.part().chunks.count == 1) {
        auto lease = co_await read(walk_, sent_to_);
        if (lease || lease.error().code != errc::not_found) co_return lease;
        if (!may_fill()) co_return lease;
        found.filled_for_us = true;
        incomplete_.set(looked_at_++);
    } else if (auto all = co_await look(found); !all) {
        co_return std::unexpected(all.error());
    }
    // Both go to the same core, one behind the other: the chunk is marked before it is read.
    engine::started<result<>> preparing;
    preparing.start(prepare());
    auto lease = co_await read(walk_, sent_to_);
    auto ready = co_await preparing;
    if (!ready && !lease) co_return std::unexpected(ready.error());
    // What was here a moment ago may be gone, and not have been filled by us.
    if (!lease && lease.error().code == errc::not_found) lease = co_await read(walk_, sent_to_);
    co_return lease;
}

bool cached_answer::make_room() {
    if (!is_sealed()) return true;
    const bytes longest = walk_.parts_left() > 1 ? sealing::slice_size : walk_.chunk_length();
    if (auto taken = here_.plaintext.take(longest)) {
        plain_.emplace(std::move(*taken));
        return true;
    }
    here_.sealed.no_memory.add();
    return false;
}

engine::task<result<std::span<const std::byte>>> cached_answer::open(chunk_lease& lease) {
    if (!is_sealed()) co_return lease.data();
    const part_slice& part = walk_.part();
    if (!view_ || view_->stored() != part.stored) {
        view_.emplace(part.plain, request_.customer_key);
    }
    auto data = view_->open(walk_.chunk(), lease.data(), plain_->memory());
    (data ? here_.sealed.opened : here_.sealed.damaged).add();
    lease.give_back();
    if (!data) co_await here_.node.store.purge(part.stored);
    co_return data;
}

engine::task<bool> cached_answer::send_from_store() {
    engine::started<result<chunk_lease>> next;
    for (;;) {
        // A chunk that still arrives is sent as far as it has.
        const std::size_t here = std::min(data_.size(), walk_.end_in_chunk());
        const chunk_walk present = walk_;
        const std::size_t from = sent_to_;
        sent_to_ = here;
        if (here == walk_.end_in_chunk()) {
            walk_.next_chunk();
            sent_to_ = walk_.at_end() ? 0 : walk_.first_in_chunk();
        }
        const bool new_part = !walk_.at_end() && walk_.part().index != present.part().index;
        const bool leaves = new_part && go_away();
        if (!walk_.at_end() && !leaves) next.start(read(walk_, sent_to_));
        auto sent = co_await send(data_.subspan(from, here - from));
        lease_.give_back();
        result<chunk_lease> got = fail(errc::not_found);
        if (next.pending()) got = co_await next;
        if (!sent) out_.break_off();
        if (!sent || walk_.at_end()) co_return false;
        if (new_part || next_is_due()) (void)co_await prepare();
        if (leaves) co_return true;
        if (!co_await take(std::move(got))) co_return false;
        if (away_) co_return true;
    }
}

engine::task<bool> cached_answer::take(result<chunk_lease> got) {
    for (bool asked_again = false;; asked_again = true) {
        if (got) {
            lease_ = std::move(*got);
            if (const auto data = co_await open(lease_)) {
                data_ = *data;
                co_return true;
            }
        }
        // It was evicted a moment ago, or nobody had fetched it yet.
        if (!asked_again && co_await fill(walk_.part())) {
            got = co_await read(walk_, sent_to_);
            continue;
        }
        if (!co_await send_rest_of_part()) {
            out_.break_off();
            co_return false;
        }
        if (walk_.at_end()) co_return false;
        (void)co_await prepare();
        if (go_away()) co_return true;
        got = co_await read(walk_, sent_to_);
    }
}

engine::task<result<>> cached_answer::send(std::span<const std::byte> data) {
    std::array<iovec, 2> pieces = {http::piece_of(head_), http::piece_of(data)};
    const bool first = !head_.empty();
    head_ = {};
    co_return co_await out_.send(std::span(pieces).subspan(first ? 0 : 1), bytes(data.size()));
}

engine::task<bool> cached_answer::send_rest_of_part() {
    auto request = fetch_request_for(here_, request_);
    if (!request) co_return false;
    const part_slice slice = walk_.part();
    const part_offset from = walk_.chunk_begin() + bytes(sent_to_);
    origin::part_fetch rest(here_.node.links, std::move(*request), version_, slice.index);
    const http::relay_buffers::buffer buffer = here_.buffers.take();
    client_sink sink(out_, buffer.memory());
    auto done = co_await rest.fetch(from, slice.end - from, sink);
    if (done) done = co_await sink.flush();
    if (!done && done.error().code == errc::changed) {
        co_await here_.gateway.forget(request_.name);
    }
    if (!done) co_return false;
    walk_.next_part();
    sent_to_ = walk_.at_end() ? 0 : walk_.first_in_chunk();
    co_return true;
}

engine::task<result<engine::chunk_lease>> cached_answer::read(const chunk_walk& at,
                                                              std::size_t beyond) {
    const time_point until = engine::now() + here_.node.settings.origin.answer_timeout;
    return here_.node.store.read(at.part().stored, at.chunk(), until,
                                 is_sealed() ? engine::whole_chunk : bytes(beyond));
}

}  // namespace lode::frontend
