#include "frontend/prestage.h"

#include <algorithm>
#include <memory>

#include "frontend/serving.h"

namespace lode::frontend {
namespace {

// A part of 5 GiB from a slow origin; whoever waits for it meanwhile has a deadline of its own.
constexpr duration part_patience = std::chrono::hours(1);
// How long an end may wait for us to hear of it.
constexpr duration notices_end_within = std::chrono::milliseconds(250);

}  // namespace

void prestaging::begin(const origin::object_name& name) {
    if (stopping_) return;
    if (under_way_.size() >= objects_max) return stats_.refused.add();
    const auto [place, is_new] = under_way_.try_emplace(name.text());
    if (!is_new) return;
    stats_.asked.add();
    background_.spawn(run(name, place->second));
}

std::optional<prestaging::progress> prestaging::progress_of(const origin::object_name& name) const {
    const auto found = under_way_.find(name.text());
    if (found == under_way_.end()) return std::nullopt;
    return found->second;
}

engine::task<void> prestaging::stop() {
    stopping_ = true;
    co_await background_.close();
}

engine::task<void> prestaging::run(origin::object_name name, progress& mine) {
    const bool complete = co_await bring(name, mine);
    (complete ? stats_.complete : stats_.failed).add();
    under_way_.erase(name.text());
}

engine::task<bool> prestaging::bring(const origin::object_name& name, progress& mine) {
    const origin::version_ptr version = co_await here_.gateway.describe(name);
    if (version == nullptr) co_return false;
    if (version->size == bytes(0)) co_return true;
    mine.parts = version->layout.parts();
    bool complete = true;
    for (std::uint32_t part = 0; part < version->layout.parts() && !stopping_; ++part) {
        const engine::part_key key = version->part(part);
        auto begun = co_await here_.node.store.fill(
            key, {},
            std::make_unique<origin::part_fetch>(here_.node.links, origin::own_request(name),
                                                 version, part),
            engine::fill_extent::whole_part);
        if (begun) begun = co_await filled(key);
        const engine::presence now = co_await here_.node.store.look(key);
        complete = complete && begun && now.absent == 0;
        ++mine.done;
    }
    co_return complete && !stopping_;
}

// Not if the end comes first: that the fill ends is then the business of those who close its connections.
engine::task<result<>> prestaging::filled(engine::part_key part) {
    const time_point until = engine::now() + part_patience;
    for (;;) {
        const time_point look = std::min(until, engine::now() + notices_end_within);
        auto ended = co_await here_.node.store.wait(part, look);
        const bool waits = !ended && ended.error().code == errc::timed_out && look < until;
        if (!waits || stopping_) co_return ended;
    }
}

}  // namespace lode::frontend
