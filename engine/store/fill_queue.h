// engine/store/fill_queue.h
//
// Which chunks a fill fetches next. What somebody demanded comes first, in the order in which it was
// demanded, the latest demand in front; then the rest of the part, from the last demand onwards and
// around. Pure.
//
//   Core        One.
//   Invariants  A chunk is queued at most once. Chunks that are taken are no longer queued.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "engine/store/part_key.h"

namespace lode::engine {

class fill_queue {
  public:
    // Queues chunks that nobody demands. They are not queued yet.
    void add(chunk_range chunks);

    // Those of `chunks` that are queued come to the front, in ascending order.
    void demand(chunk_range chunks);

    // A reader waits for this chunk now: it comes to the front, and with it the one behind it, which
    // readers ask for next. If it is there already, up to `in_front` chunks of its run are awaited.
    // False when it is not queued.
    bool await(std::uint32_t chunk, std::uint32_t in_front);

    [[nodiscard]] bool empty() const { return demanded_.empty() && rest_.empty(); }
    [[nodiscard]] bool has_demand() const { return !demanded_.empty(); }
    [[nodiscard]] bool has_rest() const { return !rest_.empty(); }

    // The run of demanded chunks in front; there is one.
    [[nodiscard]] chunk_range front() const { return demanded_.front().chunks; }
    [[nodiscard]] bool front_is_awaited() const { return demanded_.front().awaited; }

    // At most `most` consecutive chunks, which leave the queue; there are some.
    [[nodiscard]] chunk_range take_demanded(std::uint32_t most);
    [[nodiscard]] chunk_range take_rest(std::uint32_t most);

    // Nobody seems to want what was demanded any more.
    void demand_becomes_rest();

    // Everything leaves the queue.
    [[nodiscard]] std::vector<chunk_range> take_rest();
    [[nodiscard]] std::vector<chunk_range> take_all();

  private:
    struct run {
        chunk_range chunks;
        bool awaited = false;
    };

    [[nodiscard]] std::vector<chunk_range> extract(chunk_range chunks);
    void extract_demanded(chunk_range chunks, std::vector<chunk_range>& into);
    void extract_rest(chunk_range chunks, std::vector<chunk_range>& into);

    std::deque<run> demanded_;
    std::map<std::uint32_t, std::uint32_t> rest_;  // first chunk to one past the last; disjoint
    std::uint32_t rest_from_ = 0;                  // where the rest goes on
};

}  // namespace lode::engine
