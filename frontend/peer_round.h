// frontend/peer_round.h
//
// The same kind of question to several peers, each asked for itself: nobody answers for another. Several
// are asked at the same time, and none after a deadline.
//
//   Core     One, that of the peers.
//   Memory   One question for each errand; `at_once` connections.
//   Errors   None: an errand without an answer has none.
//   Limits   run() ends at most a peer's deadline (1 s) after `until`.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/runtime/scope.h"
#include "engine/runtime/task.h"
#include "frontend/peer/part_reading.h"

namespace lode::frontend {

class peer_round {
  public:
    static constexpr std::size_t at_once = 16;

    struct errand {
        peer::part_question question;
        peer::peer_ptr whom;
        std::optional<peer::part_answer> answer{};
    };

    // `all` outlives this.
    explicit peer_round(peer::peers& all) : all_(all) {}

    void add(peer::part_question question, peer::peer_ptr whom) {
        errands_.push_back({.question = std::move(question), .whom = std::move(whom)});
    }

    // Once.
    [[nodiscard]] engine::task<void> run(time_point until);

    // In the order of add().
    [[nodiscard]] const std::vector<errand>& errands() const { return errands_; }

  private:
    engine::task<void> work(time_point until);

    peer::peers& all_;
    std::vector<errand> errands_;
    std::size_t next_ = 0;
};

}  // namespace lode::frontend
