// frontend/cached_answer.h
//
// One answer to a GET out of the cache, from what is here when it begins to the last byte. Its bytes come, in this
// order and part by part, from
//
//   cached_answer_first.cc   those that came with the gateway's word
//   cached_answer_peer.cc    the node that the part belongs to
//   cached_answer.cc         this node's store, or the origin directly where the store cannot
//
// and cached_answer_ahead.cc has the parts filled that are not here, ahead of the client.
//
//   Core      One; chunks are borrowed from their part's home core.
//   Memory    See send_cached.h.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "frontend/chunk_walk.h"
#include "frontend/client.h"
#include "frontend/findings.h"
#include "frontend/origin/first_bytes.h"
#include "frontend/origin/part_fetch.h"
#include "frontend/peer/part_reading.h"
#include "frontend/sealing/part_view.h"
#include "frontend/send_cached.h"
#include "frontend/wanted_bytes.h"

namespace lode::frontend {

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

    engine::task<sent_cached> run();

  private:
    using chunk_lease = engine::chunk_lease;

    // The cache word is what is true of so many parts at the beginning of what the client wants.
    static constexpr std::uint32_t parts_looked_at = 64;

    // What has been sent of the first bytes. ended: everything, or nobody receives it.
    enum class begun : std::uint8_t { nothing, some, ended };

    // -- The answer, and what comes from the store.

    void write_head(const findings& found);

    engine::task<void> send_all();

    // The first bytes from the store.
    engine::task<result<>> begin_here(findings& found);

    // Decides whether there will be an answer from here at all. One chunk that is here, the common case
    // of a small object, costs one look at its home.
    engine::task<result<chunk_lease>> first_chunk(findings& found);

    // Where every sealed chunk will be opened, the longest too: a part may end with a short one and
    // another follow. False: not now.
    bool make_room();

    // What has arrived of the content of the chunk at walk_: in its frame or, once opened, in our own
    // memory until the next one. Nothing that does not open is relied on, nor anything else of its part.
    engine::task<result<std::span<const std::byte>>> open(chunk_lease& lease);

    // Until the end, or to a part that is read from a peer. False: the answer is over.
    engine::task<bool> send_from_store();

    // Has what comes at walk_ ready to be sent, whatever became of the read that was begun for it, or to be
    // read from a peer. False: the answer is over.
    engine::task<bool> take(result<chunk_lease> got);

    engine::task<result<>> send(std::span<const std::byte> data);

    // The store lost its chunk, or has no memory for it: what is left of this part comes from the origin
    // directly. False: it does not.
    engine::task<bool> send_rest_of_part();

    // As soon as more than `beyond` bytes of the chunk are there; all of it, where it is sealed.
    engine::task<result<chunk_lease>> read(const chunk_walk& at, std::size_t beyond);

    [[nodiscard]] bool is_sealed() const { return request_.customer_key.has_value(); }

    // Of the chunk at walk_, in the object: its first byte, and the end of what is wanted of it.
    [[nodiscard]] object_offset begin_of_chunk() const {
        return walk_.part().begins + bytes(walk_.chunk_begin().value());
    }
    [[nodiscard]] object_offset end_of_chunk() const {
        return begin_of_chunk() + bytes(walk_.end_in_chunk());
    }

    // The object's byte that is sent next.
    [[nodiscard]] object_offset position() const {
        if (away_) return walk_.part().begins + bytes(away_->position().value());
        return begin_of_chunk() + bytes(sent_to_);
    }

    // -- What is here, and what is fetched ahead.

    [[nodiscard]] bool may_fill() const;

    // not_found: something is absent that we may not fetch, or not keep.
    engine::task<result<>> look(findings& found);

    // Has the next parts filled where they are not here, until enough is on its way ahead of the client.
    // An error is of the part that is sent next; one further ahead is met again when its turn comes.
    engine::task<result<>> prepare();

    // In the middle of a part: the next one has come within reach. One that was refused is not asked for
    // with every chunk.
    [[nodiscard]] bool next_is_due() const;

    void next_ahead();

    engine::task<bool> is_incomplete(const part_slice& slice);

    engine::task<result<>> fill(const part_slice& slice);

    std::unique_ptr<engine::part_source> source_for(const part_slice& slice,
                                                    origin::fetch_request request);

    // For what the first bytes bring nobody waits; where they bring everything, all of it is wanted next
    // time.
    [[nodiscard]] engine::chunk_range still_wanted(const part_slice& slice) const;

    // -- What came with the gateway's word.

    // The first bytes as they came with the gateway's word, if they did. nothing: they go into the store as
    // a part, and lease_ has them; or nobody needs them.
    engine::task<result<begun>> begin_with_first_bytes(findings& found);

    // Whether nothing more than the first bytes has to be fetched for what is wanted and for its part.
    [[nodiscard]] bool is_all_of_a_part() const;

    // An error: it was here already, or somebody else brings it, or not all bytes came.
    engine::task<result<chunk_lease>> take_in(findings& found);

    // Sends head and first bytes as they come, while what is absent is being filled. What cannot be
    // filled will be fetched past the store.
    engine::task<begun> send_first_bytes(const findings& found);

    // Returns up to where they came.
    engine::task<object_offset> pass_on_first_bytes(const findings& found);

    // -- What another node has.

    // The first bytes from a peer, if one has them. Its word on them is the whole answer's.
    engine::task<result<>> begin_away(findings& found);

    // One part. What no peer gives is read here. False: the answer is over.
    engine::task<bool> send_from_peer();

    // A pipe, where it serves: both ends are plain sockets, and enough is to come.
    [[nodiscard]] std::optional<engine::pipe> pipe_for_peer() const;

    // Sends `data`, which has been got, and all that follows of the part.
    engine::task<void> pass_from_peer(engine::pipe& past, std::span<const std::byte> data,
                                      result<std::size_t>& got, result<>& sent);

    // Memory for what comes from a peer: one half is sent while the other is being filled.
    [[nodiscard]] std::span<std::byte> half(unsigned turn);

    [[nodiscard]] peer::peer_ptr peer_for(const part_slice& slice) const;

    [[nodiscard]] peer::part_question question_about(const part_slice& slice) const;

    // Whether what is at walk_ is read from a peer; then away_ is ready to be read.
    bool go_away();

    // Few bytes come into memory together with their head, and leave it together. An error: not all came.
    engine::task<result<>> gather_from_peer(cache_word word);

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
    // Where what is at walk_ comes from a peer: who reads it, into what, and what of it is there.
    std::optional<peer::part_reading> away_;
    std::optional<http::relay_buffers::buffer> relay_;
    std::span<std::byte> arrived_;
    std::optional<std::uint32_t> stays_;  // the part that no peer gave
    std::string_view head_;               // not sent yet; goes out with the first bytes
};

}  // namespace lode::frontend
