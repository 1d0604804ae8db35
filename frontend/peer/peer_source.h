// frontend/peer/peer_source.h
//
// A part's bytes from the node that it belongs to, for one that keeps a copy because the part is hot: the
// origin gives them once, however many copies there are. What the owner does not give comes from the origin.
// The owner brings what it lacks from the origin only, so that two nodes that disagree about who it is never
// wait for each other.
//
//   Core        Made anywhere, used and destroyed on the part's home core, with that core's peers.
//   Memory      One connection per fetch under way.
//   Errors      The origin's.
#pragma once

#include <memory>
#include <utility>

#include "engine/base/list.h"
#include "engine/store/part_source.h"
#include "frontend/peer/part_reading.h"

namespace lode::frontend::peer {

class peer_source final : public engine::part_source {
  public:
    // `all`: every core's peers. `about` needs no range.
    peer_source(const peers::by_core& all, part_question about,
                std::unique_ptr<engine::part_source> origin)
        : all_(all), question_(std::move(about)), origin_(std::move(origin)) {
        question_.want = part_question::want_kind::copy;
    }

    engine::task<result<>> fetch(part_offset first, bytes length, engine::fill_sink& sink) override;
    void abort() override;

  private:
    // A reading from the owner that is under way.
    struct job : list_hook<> {
        explicit job(part_reading& r) : reading(r) {}
        part_reading& reading;
    };

    engine::task<result<>> copy(part_reading& from, engine::fill_sink& sink, part_offset end);

    const peers::by_core& all_;
    part_question question_;
    std::unique_ptr<engine::part_source> origin_;
    list<job> jobs_;
    bool aborted_ = false;
};

}  // namespace lode::frontend::peer
