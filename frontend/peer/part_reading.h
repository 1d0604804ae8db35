// frontend/peer/part_reading.h
//
// The bytes of a part from whichever of its candidates has them. A candidate that does not answer, breaks
// off or falls silent is left, and the next one goes on at the byte that was reached: who reads notices a
// delay at most.
//
//   part_reading reading(peers, question);
//   auto answer = co_await reading.open();
//   while (auto n = co_await reading.read(buffer)) { ... }
//
//   Core        One, that of its peers.
//   Memory      One connection.
//   Errors      changed: the origin has another version by now. not_found: a question about what is held
//               was answered with no. unavailable: no candidate is left; the rest has to come from
//               somewhere else, from position(). cancelled: the node stops.
//   Limits      Each candidate is asked once, and once more where an old connection turned out to be dead.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "cluster/candidates.h"
#include "engine/base/list.h"
#include "frontend/http/connection_pool.h"
#include "frontend/peer/part_answer.h"
#include "frontend/peer/part_question.h"
#include "frontend/peer/peer_node.h"
#include "frontend/peer/peers.h"

namespace lode::frontend::peer {

class part_reading final : public list_hook<> {
  public:
    // Who else may be asked when the first one does not answer.
    enum class others : std::uint8_t { may_be_asked, do_not_count };

    // `first_asked`: as peers::choose() gave it, or the one whose word is wanted.
    part_reading(peers& all, part_question q, peer_ptr first_asked,
                 others o = others::may_be_asked);
    ~part_reading();
    part_reading(const part_reading&) = delete;
    part_reading& operator=(const part_reading&) = delete;

    // Asks one candidate after the other until one answers.
    engine::task<result<part_answer>> open();

    // At least one of the wanted bytes; 0: all have been read. open() has succeeded.
    engine::task<result<std::size_t>> read(std::span<std::byte> into);

    // Nothing more is wanted of an answer without bytes.
    void end();

    // Up to here everything has been read, from the part's beginning.
    [[nodiscard]] part_offset position() const { return question_.first; }

    // When something came last.
    [[nodiscard]] time_point heard() const { return heard_; }

    // The one who answers now.
    [[nodiscard]] const std::string& from() const { return at_->name; }

    // The peer is not worth waiting for. Does not wait itself.
    void abandon();

  private:
    engine::task<result<part_answer>> ask();
    engine::task<result<part_answer>> converse(time_point until);
    result<part_answer> understand(const http::response_head& head);
    void leave(error why);
    void let_go(bool whole);
    [[nodiscard]] duration patience() const;

    peers& all_;
    part_question question_;  // `first` moves on with what has been read
    others others_;
    peer_ptr next_;  // asked next
    peer_ptr at_;    // asked last
    std::array<const peer_node*, cluster::candidates_max> tried_{};
    std::size_t tried_count_ = 0;
    std::optional<http::connection_pool::lease> lease_;
    cluster::peer_health::question asked_;
    cache_word word_ = cache_word::bypass;
    time_point heard_{};
    bool abandoned_ = false;  // by us, for its silence
    bool answered_ = false;   // with a no
};

}  // namespace lode::frontend::peer
