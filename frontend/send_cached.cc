#include "frontend/send_cached.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <limits>
#include <optional>
#include <utility>

#include "engine/runtime/started.h"
#include "frontend/cache_status.h"
#include "frontend/chunk_walk.h"
#include "frontend/client_sink.h"
#include "frontend/clustering.h"
#include "frontend/fetch_rights.h"
#include "frontend/findings.h"
#include "frontend/origin/part_fetch.h"
#include "frontend/peer/part_reading.h"
#include "frontend/sealing/part_view.h"
#include "frontend/wanted_bytes.h"

namespace lode::frontend {
namespace {

using engine::chunk_lease;

// The cache word is what is true of so many parts at the beginning of what the client wants.
constexpr std::uint32_t parts_looked_at = 64;

class cached_answer {
  public:
    cached_answer(serving& here, client& out, const request& r, origin::version_ptr version,
                  wanted_bytes wanted, origin::first_bytes* first)
        : here_(here),
          out_(out),
          request_(r),
          version_(std::move(version)),
          wanted_(wanted),
          walk_(*version_, wanted.first, wanted.end, r.customer_key ? kept::sealed : kept::plain),
          ahead_(walk_),
          sent_to_(walk_.first_in_chunk()),
          first_(first),
          given_(wanted.first) {
        LODE_ASSERT(first_ == nullptr || (first_->first() == wanted.first && !is_sealed()));
    }

    engine::task<sent_cached> run() {
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

  private:
    // What has been sent of the first bytes. ended: everything, or nobody receives it.
    enum class begun : std::uint8_t { nothing, some, ended };

    void write_head(const findings& found) {
        out_.record().cache = found.word();
        out_.record().detail = found.detail();
        http::head_writer writer = cached_head(out_, request_, *version_, wanted_);
        if (is_sealed()) sealing::add_customer_key_answer(writer, request_.head.headers);
        add_cache_status(writer, here_.node.cache_name, found.word(), found.detail(),
                         out_.scratch(), away_ ? away_->from() : std::string_view());
        head_ = out_.finish_head(writer);
    }

    engine::task<void> send_all() {
        bool going = true;
        while (going) going = away_ ? co_await send_from_peer() : co_await send_from_store();
    }

    // The first bytes from the store.
    engine::task<result<>> begin_here(findings& found) {
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

    // The first bytes from a peer, if one has them. Its word on them is the whole answer's.
    engine::task<result<>> begin_away(findings& found) {
        if (!go_away()) co_return fail(errc::not_found);
        const auto answer = co_await away_->open();
        result<std::size_t> got = fail(errc::unavailable);
        if (answer) got = co_await away_->read(half(0));
        if (!answer || !got) {
            const error why = answer ? got.error() : answer.error();
            away_.reset();
            relay_.reset();
            stays_ = walk_.part().index;
            co_return std::unexpected(why);
        }
        arrived_ = *got;
        found.saw(answer->word, answer->detail);
        (void)co_await prepare();
        co_return result<>{};
    }

    // The first bytes as they came with the gateway's word, if they did. nothing: they go into the store as
    // a part, and lease_ has them; or nobody needs them.
    engine::task<result<begun>> begin_with_first_bytes(findings& found) {
        if (first_ == nullptr) co_return begun::nothing;
        if (is_all_of_a_part()) {
            if (auto lease = co_await take_in(found)) {
                lease_ = std::move(*lease);
                co_return begun::nothing;
            }
        }
        if (auto seen = co_await look(found); !seen) co_return std::unexpected(seen.error());
        if (found.word() == cache_word::hit) co_return begun::nothing;
        co_return co_await send_first_bytes(found);
    }

    // Whether nothing more than the first bytes has to be fetched for what is wanted and for its part.
    [[nodiscard]] bool is_all_of_a_part() const {
        const bytes length = walk_.part().plain.length;
        return walk_.parts_left() == 1 && engine::chunk_count(length) == 1 &&
               bytes(walk_.end_in_chunk() - walk_.first_in_chunk()) == length &&
               first_->length() == length;
    }

    // An error: it was here already, or somebody else brings it, or not all bytes came.
    engine::task<result<chunk_lease>> take_in(findings& found) {
        auto claim = co_await here_.node.store.claim(walk_.part().stored, walk_.chunk());
        if (!claim) co_return std::unexpected(claim.error());
        for (auto room = claim->memory(); !room.empty();) {
            const std::size_t came = co_await first_->read(room);
            if (came == 0) co_return fail(errc::closed);
            room = room.subspan(came);
        }
        found.filled_for_us = true;
        co_return claim->publish();
    }

    // Sends head and first bytes as they come, while what is absent is being filled. What cannot be
    // filled will be fetched past the store.
    engine::task<begun> send_first_bytes(const findings& found) {
        given_ = wanted_.first + first_->length();
        engine::started<result<>> preparing;
        preparing.start(prepare());
        const object_offset until = co_await pass_on_first_bytes(found);
        (void)co_await preparing;
        given_ = until;
        if (until == wanted_.first) co_return begun::nothing;
        if (!out_.record().complete) co_return begun::ended;
        while (!walk_.at_end() && end_of_chunk() <= given_) walk_.next_chunk();
        if (walk_.at_end()) co_return begun::ended;
        sent_to_ = (given_ - begin_of_chunk()).count();
        co_return begun::some;
    }

    // Returns up to where they came.
    engine::task<object_offset> pass_on_first_bytes(const findings& found) {
        const relay_buffers::buffer buffer = here_.buffers.take();
        object_offset at = wanted_.first;
        while (const std::size_t came = co_await first_->read(buffer.memory())) {
            if (at == wanted_.first) write_head(found);
            at = at + bytes(came);
            auto sent = co_await send(buffer.memory().first(came));
            if (!sent) {
                out_.break_off();
                break;
            }
        }
        co_return at;
    }

    // Decides whether there will be an answer from here at all. One chunk that is here, the common case
    // of a small object, costs one look at its home.
    engine::task<result<chunk_lease>> first_chunk(findings& found) {
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

    [[nodiscard]] bool may_fill() const {
        return may_fetch(here_, request_) && !request_.what.no_cache;
    }

    // not_found: something is absent that we may not fetch, or not keep.
    engine::task<result<>> look(findings& found) {
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

    // Has the next parts filled where they are not here, until enough is on its way ahead of the client.
    // An error is of the part that is sent next; one further ahead is met again when its turn comes.
    engine::task<result<>> prepare() {
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

    // In the middle of a part: the next one has come within reach. One that was refused is not asked for
    // with every chunk.
    [[nodiscard]] bool next_is_due() const {
        if (ahead_refused_ || ahead_.at_end()) return false;
        const object_offset begin = ahead_.part().begins;
        return begin <= position() || begin - position() < here_.node.settings.cache.read_ahead;
    }

    void next_ahead() {
        ++prepared_;
        ahead_.next_part();
    }

    engine::task<bool> is_incomplete(const part_slice& slice) {
        if (prepared_ < looked_at_) co_return incomplete_.test(prepared_);
        const engine::presence seen = co_await here_.node.store.look(slice.stored, slice.chunks);
        co_return seen.absent > 0;
    }

    engine::task<result<>> fill(const part_slice& slice) {
        if (request_.what.no_cache) co_return fail(errc::not_found);
        auto request = fetch_request_for(here_, request_);
        if (!request) co_return std::unexpected(request.error());
        const sealing::part_view view(slice.plain, request_.customer_key);
        co_return co_await here_.node.store.fill(
            slice.stored, still_wanted(slice), view.source(source_for(slice, std::move(*request))),
            engine::fill_extent::whole_part);
    }

    std::unique_ptr<engine::part_source> source_for(const part_slice& slice,
                                                    origin::fetch_request request) {
        auto origin = std::make_unique<origin::part_fetch>(here_.node.links, std::move(request),
                                                           version_, slice.index);
        if (here_.cluster == nullptr || is_sealed() || !request_.name.scope.empty()) return origin;
        const unsigned spread = here_.cluster->peers.spread_of(slice.stored.id);
        return source_of(here_, question_about(slice), spread, std::move(origin));
    }

    // For what the first bytes bring nobody waits; where they bring everything, all of it is wanted next
    // time.
    [[nodiscard]] engine::chunk_range still_wanted(const part_slice& slice) const {
        const object_offset first = slice.begins + bytes(slice.first.value());
        const object_offset end = slice.begins + bytes(slice.end.value());
        if (given_ <= first || end <= given_) return slice.chunks;
        const std::uint32_t from = engine::chunk_of(part_offset((given_ - slice.begins).count()));
        return {.first = from, .count = slice.chunks.first + slice.chunks.count - from};
    }

    // As soon as more than `beyond` bytes of the chunk are there; all of it, where it is sealed.
    engine::task<result<chunk_lease>> read(const chunk_walk& at, std::size_t beyond) {
        const time_point until = engine::now() + here_.node.settings.origin.answer_timeout;
        return here_.node.store.read(at.part().stored, at.chunk(), until,
                                     is_sealed() ? engine::whole_chunk : bytes(beyond));
    }

    [[nodiscard]] bool is_sealed() const { return request_.customer_key.has_value(); }

    // Where every sealed chunk will be opened, the longest too: a part may end with a short one and
    // another follow. False: not now.
    bool make_room() {
        if (!is_sealed()) return true;
        const bytes longest = walk_.parts_left() > 1 ? sealing::slice_size : walk_.chunk_length();
        if (auto taken = here_.plaintext.take(longest)) {
            plain_.emplace(std::move(*taken));
            return true;
        }
        here_.sealed.no_memory.add();
        return false;
    }

    // What has arrived of the content of the chunk at walk_: in its frame or, once opened, in our own
    // memory until the next one. Nothing that does not open is relied on, nor anything else of its part.
    engine::task<result<std::span<const std::byte>>> open(chunk_lease& lease) {
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

    // Of the chunk at walk_, in the object: its first byte, and the end of what is wanted of it.
    [[nodiscard]] object_offset begin_of_chunk() const {
        return walk_.part().begins + bytes(walk_.chunk_begin().value());
    }
    [[nodiscard]] object_offset end_of_chunk() const {
        return begin_of_chunk() + bytes(walk_.end_in_chunk());
    }

    // The object's byte that is sent next.
    [[nodiscard]] object_offset position() const { return begin_of_chunk() + bytes(sent_to_); }

    // Until the end, or to a part that is read from a peer. False: the answer is over.
    engine::task<bool> send_from_store() {
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

    // One part. What no peer gives is read here. False: the answer is over.
    engine::task<bool> send_from_peer() {
        engine::started<result<std::size_t>> next;
        result<std::size_t> got = std::exchange(arrived_, 0);
        if (*got == 0) got = co_await away_->read(half(0));
        result<> sent;
        for (unsigned turn = 0; sent && got && *got > 0; ++turn) {
            next.start(away_->read(half(turn + 1)));
            sent = co_await send(half(turn).first(*got));
            got = co_await next;
            if (sent && next_is_due()) (void)co_await prepare();
        }
        const object_offset reached = walk_.part().begins + bytes(away_->position().value());
        away_.reset();
        relay_.reset();
        if (!got && got.error().code == errc::changed) {
            co_await here_.gateway.forget(request_.name);
            sent = fail(errc::changed);
        }
        if (!sent) out_.break_off();
        if (!sent || reached == wanted_.end) co_return false;
        walk_ = chunk_walk(*version_, reached, wanted_.end);
        sent_to_ = walk_.first_in_chunk();
        if (got) {
            (void)co_await prepare();
            if (go_away()) co_return true;
        } else {
            stays_ = walk_.part().index;
        }
        co_return co_await take(co_await read(walk_, sent_to_));
    }

    // Memory for what comes from a peer: one half is sent while the other is being filled.
    [[nodiscard]] std::span<std::byte> half(unsigned turn) const {
        const auto all = relay_->memory();
        const std::size_t size = all.size() / 2;
        return turn % 2 == 0 ? all.first(size) : all.subspan(size, size);
    }

    [[nodiscard]] peer::peer_ptr peer_for(const part_slice& slice) const {
        if (slice.index == stays_) return nullptr;
        return frontend::peer_for(here_, request_, slice.stored.id);
    }

    [[nodiscard]] peer::part_question question_about(const part_slice& slice) const {
        peer::part_question q = peer::question_about(request_.name, *version_, slice.index);
        q.first = slice.first;
        q.end = slice.end;
        return q;
    }

    // Whether what is at walk_ is read from a peer; then away_ is ready to be read.
    bool go_away() {
        peer::peer_ptr peer = peer_for(walk_.part());
        if (peer == nullptr) return false;
        peer::part_question q = question_about(walk_.part());
        q.first = walk_.chunk_begin() + bytes(sent_to_);
        away_.emplace(here_.cluster->peers, std::move(q), std::move(peer));
        relay_.emplace(here_.buffers.take());
        return true;
    }

    // Has what comes at walk_ ready to be sent, whatever became of the read that was begun for it, or to be
    // read from a peer. False: the answer is over.
    engine::task<bool> take(result<chunk_lease> got) {
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

    engine::task<result<>> send(std::span<const std::byte> data) {
        std::array<iovec, 2> pieces = {http::piece_of(head_), http::piece_of(data)};
        const bool first = !head_.empty();
        head_ = {};
        co_return co_await out_.send(std::span(pieces).subspan(first ? 0 : 1), bytes(data.size()));
    }

    // The store lost its chunk, or has no memory for it: what is left of this part comes from the origin
    // directly. False: it does not.
    engine::task<bool> send_rest_of_part() {
        auto request = fetch_request_for(here_, request_);
        if (!request) co_return false;
        const part_slice slice = walk_.part();
        const part_offset from = walk_.chunk_begin() + bytes(sent_to_);
        origin::part_fetch rest(here_.node.links, std::move(*request), version_, slice.index);
        const relay_buffers::buffer buffer = here_.buffers.take();
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

    serving& here_;
    client& out_;
    const request& request_;
    origin::version_ptr version_;
    wanted_bytes wanted_;
    chunk_walk walk_;             // what is sent next
    chunk_walk ahead_;            // the part that is prepared next
    std::size_t sent_to_;         // of the chunk at walk_
    origin::first_bytes* first_;  // null: none came
    object_offset given_;         // what lies before comes from the first bytes
    // Of the first parts: how many were looked at, which of them lack chunks, how many are prepared.
    std::uint32_t looked_at_ = 0;
    std::bitset<parts_looked_at> incomplete_;
    std::uint32_t prepared_ = 0;
    bool ahead_refused_ = false;  // the part at ahead_ could not be filled when it was tried last
    chunk_lease lease_;
    std::span<const std::byte> data_;  // of the chunk at walk_, as far as it has arrived
    std::optional<sealing::part_view> view_;
    std::optional<sealing::plaintext_buffers::buffer> plain_;
    // Where what is at walk_ comes from a peer: who reads it, into what, and how much of it is there.
    std::optional<peer::part_reading> away_;
    std::optional<relay_buffers::buffer> relay_;
    std::size_t arrived_ = 0;
    std::optional<std::uint32_t> stays_;  // the part that no peer gave
    std::string_view head_;               // not sent yet; goes out with the first bytes
};

engine::task<void> send_empty(serving& here, client& out, const request& r,
                              const origin::object_version& version, const wanted_bytes& wanted) {
    out.record().cache = cache_word::hit;
    http::head_writer writer = cached_head(out, r, version, wanted);
    add_cache_status(writer, here.node.cache_name, cache_word::hit, cache_detail::memory,
                     out.scratch());
    auto sent = co_await out.send_head(out.finish_head(writer));
    if (!sent) out.break_off();
}

}  // namespace

engine::task<sent_cached> send_cached(serving& here, client& out, const request& r,
                                      origin::version_ptr version,
                                      std::optional<origin::part_extent> part,
                                      origin::first_bytes* first) {
    const auto wanted = wanted_of(r, *version, part);
    if (!wanted) {
        co_await refuse_range(out, r, version->size);
        co_return sent_cached::done;
    }
    if (wanted->length() == bytes(0)) {
        co_await send_empty(here, out, r, *version, *wanted);
        co_return sent_cached::done;
    }
    cached_answer answer(here, out, r, std::move(version), *wanted, first);
    co_return co_await answer.run();
}

}  // namespace lode::frontend
