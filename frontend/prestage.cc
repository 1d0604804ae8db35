#include "frontend/prestage.h"

#include <algorithm>
#include <memory>

#include "frontend/clustering.h"
#include "frontend/peer/part_reading.h"
#include "frontend/peer_round.h"
#include "frontend/serving.h"

namespace lode::frontend {
namespace {

// A part of 5 GiB from a slow origin; whoever waits for it meanwhile has a deadline of its own.
constexpr duration part_patience = std::chrono::hours(1);
// How long an end may wait for us to hear of it.
constexpr duration notices_end_within = std::chrono::milliseconds(250);

// How often a peer is asked how far it is, at first and later on.
constexpr duration first_look = std::chrono::milliseconds(5);
constexpr duration later_looks = std::chrono::milliseconds(500);
// A peer that says nothing for so long does not bring the part any more.
constexpr duration silence_max = std::chrono::seconds(5);
// So many nodes may have a try at a part.
constexpr int peers_tried_max = 3;

}  // namespace

bool prestaging::begin(const origin::object_name& name) {
    if (stopping_) return false;
    const auto known = objects_.find(name.text());
    if (known != objects_.end() && known->second.ended == 0) return true;
    if (under_way_ >= objects_max) {
        stats_.refused.add();
        return false;
    }
    entry& mine = objects_[name.text()];
    mine = {};
    ++under_way_;
    stats_.asked.add();
    background_.spawn(run(name, mine.told));
    return true;
}

std::optional<prestaging::progress> prestaging::progress_of(const origin::object_name& name) const {
    const auto found = objects_.find(name.text());
    if (found == objects_.end() || found->second.ended != 0) return std::nullopt;
    return progress{.parts = found->second.told.parts, .done = found->second.told.done};
}

engine::task<std::optional<prestaging::account>> prestaging::follow(origin::object_name name,
                                                                    time_point until) {
    const std::string text = name.text();
    for (;;) {
        const auto found = objects_.find(text);
        if (found == objects_.end()) co_return std::nullopt;
        const account& told = found->second.told;
        const bool waits = told.stands == standing::under_way && engine::now() < until;
        if (!waits || here_.stopping) co_return told;
        (void)co_await somebody_ended_.wait(std::min(until, engine::now() + notices_end_within));
    }
}

engine::task<void> prestaging::stop() {
    stopping_ = true;
    co_await background_.close();
}

engine::task<void> prestaging::run(origin::object_name name, account& mine) {
    co_await bring(name, mine);
    (mine.stands == standing::complete ? stats_.complete : stats_.failed).add();
    --under_way_;
    remember_end(name.text());
    somebody_ended_.notify_all();
}

void prestaging::remember_end(const std::string& name) {
    objects_[name].ended = ++ends_;
    ended_.emplace_back(name, ends_);
    if (ended_.size() <= remembered_max) return;
    const auto [oldest, number] = std::move(ended_.front());
    ended_.pop_front();
    // Unless it was asked for again.
    const auto found = objects_.find(oldest);
    if (found != objects_.end() && found->second.ended == number) objects_.erase(found);
}

engine::task<void> prestaging::bring(const origin::object_name& name, account& mine) {
    const origin::version_ptr version = co_await here_.gateway.describe(name);
    if (version == nullptr) {
        mine.stands = standing::no_such_object;
        co_return;
    }
    mine.size = version->size;
    if (version->size > bytes(0)) mine.parts = version->layout.parts();
    bool complete = true;
    for (std::uint32_t part = 0; part < mine.parts && !stopping_; ++part) {
        switch (co_await bring_part(name, version, part)) {
            case outcome::was_here: ++mine.were_here; break;
            case outcome::brought: mine.brought += version->layout.at(part).length; break;
            case outcome::absent: complete = false; break;
        }
        ++mine.done;
    }
    mine.stands = complete && !stopping_ ? standing::complete : standing::incomplete;
}

// Where it will be asked for.
engine::task<prestaging::outcome> prestaging::bring_part(const origin::object_name& name,
                                                         const origin::version_ptr& version,
                                                         std::uint32_t part) {
    if (is_shared(here_, name)) {
        const auto there = co_await bring_there(peer::question_about(name, *version, part));
        if (there) co_return *there;
    }
    co_return co_await bring_here(name, version, part);
}

engine::task<prestaging::outcome> prestaging::bring_here(const origin::object_name& name,
                                                         const origin::version_ptr& version,
                                                         std::uint32_t part) {
    const engine::part_key key = version->part(part);
    const engine::presence before = co_await here_.node.store.look(key);
    if (before.absent == 0 && before.filling == 0) co_return outcome::was_here;
    auto begun = co_await here_.node.store.fill(
        key, {},
        std::make_unique<origin::part_fetch>(here_.node.links, origin::own_request(name), version,
                                             part),
        engine::fill_extent::whole_part);
    if (begun) begun = co_await filled(key);
    const engine::presence now = co_await here_.node.store.look(key);
    co_return begun&& now.absent == 0 ? outcome::brought : outcome::absent;
}

// Nothing: it belongs here, or no peer could be had.
engine::task<std::optional<prestaging::outcome>> prestaging::bring_there(
    peer::part_question question) {
    peer::peers& all = here_.cluster->peers;
    for (int n = 0; n < peers_tried_max && !stopping_; ++n) {
        peer::peer_ptr peer = all.choose(question.id);
        if (peer == nullptr) co_return std::nullopt;
        question.want = peer::part_question::want_kind::fill;
        peer::part_reading asking(all, question, std::move(peer));
        const auto said = co_await asking.open();
        if (!said) co_return std::nullopt;
        const std::string name = asking.from();
        asking.end();
        if (said->word == cache_word::hit) co_return outcome::was_here;
        if (const auto came = co_await watch_there(question, name)) co_return *came;
    }
    co_return std::nullopt;
}

// Nothing: the peer that was to bring it is not there any more.
engine::task<std::optional<prestaging::outcome>> prestaging::watch_there(
    peer::part_question question, std::string peer) {
    peer::peers& all = here_.cluster->peers;
    question.want = peer::part_question::want_kind::held;
    time_point heard = engine::now();
    const time_point until = heard + part_patience;
    for (duration pause = first_look; engine::now() < until;
         pause = std::min(pause * 2, later_looks)) {
        co_await engine::sleep_for(pause);
        if (stopping_) co_return outcome::absent;
        const auto found = all.all().find(peer);
        if (found == all.all().end()) co_return std::nullopt;
        const auto said = co_await peer::ask_only(all, question, found->second);
        if (said && said->held) {
            heard = engine::now();
            if (said->held->filling > 0) continue;
            co_return said->held->absent == 0 ? outcome::brought : outcome::absent;
        }
        if (engine::now() - heard > silence_max) co_return std::nullopt;
    }
    co_return outcome::absent;
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
