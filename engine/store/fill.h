// engine/store/fill.h
//
// The single production of the absent chunks of a part, however many readers want them. It asks the
// source for pieces, several at the same time, and publishes each chunk as soon as its last byte is
// there; readers see the bytes of a chunk while it arrives. It belongs to the home, not to any reader.
//
//   order     What was demanded, the latest demand in front; a chunk that a reader waits for comes
//             before all (fill_queue.h). The rest of the part, in the background, while nothing that
//             was demanded is missing.
//   demand    Up to `fetch_parallel` pieces of `fetch_size`, as far as they do not run ahead of their
//             readers by more than a share of the memory: chunks that are neither read nor on a device
//             count, as do those under way. They are held in memory until they are read. If no reader
//             comes for `demand_patience`, they are let go, and what is left is no demand any more.
//   rest      Pieces of 4 MiB at most, in turns that the home gives out to all fills of its core. If a
//             reader comes to wait for a chunk of such a piece, the piece becomes demand, and gives its
//             turn back.
//
//   Core        The part's home.
//   Memory      One frame per piece under way.
//   Invariants  Every chunk in the queue or in a piece is marked as being filled. The part is busy, and
//               so remains the same, while its fill exists.
//   Errors      The source's error, protocol when it delivers too little, no_space when no frame
//               comes free: the chunks that are missing are absent again and whoever waits for them
//               gets the error. not_found: given up because no reader came.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "engine/base/list.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "engine/store/fill_queue.h"
#include "engine/store/memory_tier.h"
#include "engine/store/part_key.h"
#include "engine/store/part_ref.h"
#include "engine/store/part_source.h"

namespace lode::engine {

class home;

struct joinable;         // tags of the lists that a fill is in
struct background_line;  // waits for its turn

class fill final : public list_hook<>,
                   public list_hook<joinable>,
                   public list_hook<background_line> {
  public:
    fill(home& owner, part_ref ref, bytes part_length, std::unique_ptr<part_source> source);
    ~fill();

    [[nodiscard]] part_ref part() const { return ref_; }

    // Everything was fetched, so that the source is gone: whoever wants more brings another one.
    [[nodiscard]] bool needs_source() const { return source_ == nullptr; }
    void take_source(std::unique_ptr<part_source> source) { source_ = std::move(source); }

    // Chunks that have just been marked. They are fetched after those that were demanded.
    void add(chunk_range chunks) { queue_.add(chunks); }
    // Those of `chunks` that are not being fetched yet are next.
    void demand(chunk_range chunks);
    // A reader waits for this chunk.
    void await(std::uint32_t chunk);

    // Ends when every chunk is published or given up, and read or not held any more.
    task<void> run();
    [[nodiscard]] std::optional<error> failure() const { return failure_; }

    // A chunk that had arrived ahead of its reader was read, is on a device, or is gone.
    void caught_up();
    void heard_of_reader() { last_wanted_ = now(); }
    // The home's background turn is ours.
    void granted();
    // The device takes no more chunks of this part, nor can memory hold them all.
    void give_up_rest();
    // run() ends soon. Does not wait.
    void abort(error why);

  private:
    enum class haste : std::uint8_t { demanded, background };
    class piece;

    void start_pieces();
    void start_demanded();
    void start_background();
    void start(chunk_range chunks, haste how);
    task<void> run_piece(std::unique_ptr<piece> p);
    void end_piece(piece& p, result<> outcome);
    void make_demanded(piece& p);
    void lose_patience();
    void let_go();
    void note_lingering();
    void unmark(chunk_range chunks, error why);
    void return_turn();
    void poke();

    [[nodiscard]] bytes weight() const { return std::min(part_length_, chunk_size); }
    [[nodiscard]] std::uint32_t ahead() const { return ahead_ + under_way_; }
    void count(std::uint32_t& chunks, std::int64_t change);
    [[nodiscard]] std::uint32_t piece_max() const;
    [[nodiscard]] bool may_start(std::uint32_t chunks) const;

    home& owner_;
    part_ref ref_;
    bytes part_length_;
    std::unique_ptr<part_source> source_;  // none when everything was fetched
    fill_queue queue_;
    list<piece> pieces_;
    scope fetches_;
    wait_list changed_;
    bool poked_ = false;
    std::uint32_t demanded_pieces_ = 0;
    std::uint32_t background_pieces_ = 0;
    std::uint32_t under_way_ = 0;  // chunks of demanded pieces that have not arrived
    std::uint32_t ahead_ = 0;      // chunks that arrived before their readers
    bool has_turn_ = false;        // to start a background piece
    bool lingering_ = false;       // nothing more to fetch
    time_point look_again_ = never;
    time_point last_wanted_;  // when a reader was heard of last
    std::optional<error> failure_;
};

}  // namespace lode::engine
