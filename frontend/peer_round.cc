#include "frontend/peer_round.h"

#include <algorithm>
#include <utility>

namespace lode::frontend {

engine::task<void> peer_round::run(time_point until) {
    engine::scope workers;
    for (std::size_t n = std::min(at_once, errands_.size()); n > 0; --n) {
        workers.spawn(work(until));
    }
    co_await workers.close();
}

engine::task<void> peer_round::work(time_point until) {
    while (next_ < errands_.size() && engine::now() < until) {
        errand& mine = errands_[next_++];
        auto answer = co_await peer::ask_only(all_, mine.question, mine.whom);
        if (answer) mine.answer = *answer;
    }
}

}  // namespace lode::frontend
