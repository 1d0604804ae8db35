// frontend/peer/part_reading.h
//
// The bytes of a part from whichever of its candidates has them. A candidate that does not answer, breaks
// off or falls silent is left, and the next one goes on at the byte that was reached: who reads notices a
// delay at most. One that is slower to answer than it nearly always is gets a rival, and whoever of the two
// answers first is read.
//
//   part_reading reading(peers, question, peer);
//   auto answer = co_await reading.open();
//   while (auto n = co_await reading.read(buffer)) { ... }
//
//   Core        One, that of its peers.
//   Memory      One connection; two while rivals are awaited.
//   Errors      changed: the origin has another version by now. not_found: what was asked for is not there.
//               too_large: the question fits into no request. unavailable: no candidate is left; the rest has
//               to come from somewhere else, from position(). cancelled: the node stops.
//   Limits      Each candidate is asked once. Rivals are a few in a hundred (cluster/hedge_budget.h).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "cluster/candidates.h"
#include "frontend/peer/part_call.h"

namespace lode::frontend::peer {

class part_reading final {
  public:
    // Who else may be asked when the first one does not answer.
    enum class others : std::uint8_t { may_be_asked, do_not_count };

    // `first_asked`: as peers::choose() gave it, or the one whose word is wanted. `buffers`, for a short
    // answer: memory in which its bytes come together with its head.
    part_reading(peers& all, part_question q, peer_ptr first_asked, others o = others::may_be_asked,
                 http::relay_buffers* buffers = nullptr);
    part_reading(const part_reading&) = delete;
    part_reading& operator=(const part_reading&) = delete;

    // Asks one candidate after the other until one answers.
    engine::task<result<part_answer>> open();

    // At least one of the wanted bytes; 0: all have been read. They are in `past`, if it holds any then
    // (part_call.h), else in `into`.
    engine::task<result<std::size_t>> read(std::span<std::byte> into, engine::pipe* past = nullptr);

    // After open(), at most once: the bytes that came with the answer's head, which count as read, and the
    // memory behind them. Both are there as long as this.
    struct ahead {
        std::span<std::byte> came;
        std::span<std::byte> room;
    };
    [[nodiscard]] ahead take_ahead();

    // What is left comes over a plain socket, as far as one can know.
    [[nodiscard]] bool is_plain() const { return call_ != nullptr && call_->is_plain(); }

    [[nodiscard]] bytes left() const { return question_.end - question_.first; }

    // Nothing more is wanted.
    void end();

    // Up to here everything has been read, from the part's beginning.
    [[nodiscard]] part_offset position() const { return question_.first; }

    // The one who answered last.
    [[nodiscard]] const std::string& from() const { return call_->peer()->name; }

    // Ends what waits; nobody else is asked. Does not wait itself.
    void abort();

  private:
    // A call that may outlive us, when a rival was faster.
    struct attempt;

    engine::task<result<part_answer>> ask(peer_ptr peer);
    engine::task<result<part_answer>> race(peer_ptr first, duration head_start);
    static engine::task<void> run(std::shared_ptr<attempt> a);
    void choose_next();
    void note_tried(const peer_ptr& peer);

    peers& all_;
    part_question question_;  // `first` moves on with what has been read
    others others_;
    peer_ptr next_;  // asked next
    std::array<const peer_node*, cluster::candidates_max> tried_{};
    std::size_t tried_count_ = 0;
    http::relay_buffers* buffers_;
    std::shared_ptr<part_call> call_;
    std::shared_ptr<part_call> kept_;  // whose memory was given away
    bool aborted_ = false;
};

// What this one peer says to a question whose answer has no bytes. unavailable: nothing, or it may not be
// asked.
[[nodiscard]] engine::task<result<part_answer>> ask_only(peers& all, part_question question,
                                                         peer_ptr whom);

}  // namespace lode::frontend::peer
