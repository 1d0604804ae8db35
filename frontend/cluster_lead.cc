#include "frontend/cluster_lead.h"

#include <algorithm>
#include <utility>

#include "cluster/slot_claim.h"
#include "engine/base/log.h"
#include "engine/runtime/aside.h"
#include "engine/runtime/remote.h"
#include "frontend/http/dialer.h"
#include "frontend/slot_file.h"

namespace lode::frontend {
namespace {

// Nodes that start together see each other within this time, and claim different slots at once.
constexpr duration claim_patience = std::chrono::seconds(3);

// How long a node that nobody knows yet may take to say who it is.
constexpr duration greet_patience = std::chrono::seconds(2);

// Nobody waits longer to be served because of nodes that are not there.
constexpr duration acquaintance_patience = std::chrono::seconds(3);

// A disk that hangs holds up nobody.
constexpr duration save_patience = std::chrono::seconds(10);

// Before it is called again: one that is not there is no reason to fill the log.
constexpr duration greet_pause = std::chrono::seconds(1);

}  // namespace

cluster_lead::cluster_lead(node_context& node, cluster::membership& source, options o)
    : node_(node), source_(source), options_(std::move(o)), roster_(options_.self) {
    if (!options_.claims) return;
    options_.self.slots = load_slots(options_.state_file, options_.self.name);
    saved_ = options_.self.slots;
    roster_.set_self(options_.self);
}

engine::task<void> cluster_lead::run() {
    began_ = engine::now();
    source_.announce(options_.self);
    source_.start([this](std::vector<cluster::discovered> all) {
        const std::scoped_lock held(inbox_.lock);
        inbox_.listed = std::move(all);
    });
    while (!stopping_) {
        co_await look();
        (void)co_await wake_.wait(engine::now() + look_every);
    }
}

engine::task<void> cluster_lead::stop() {
    stopping_ = true;
    wake_.notify_all();
    // It may have a farewell to say.
    const auto stopped = co_await engine::aside([this] { source_.stop(); }, never);
    if (!stopped) source_.stop();
    co_await background_.close();
}

engine::task<void> cluster_lead::look() {
    const time_point now = engine::now();
    take_listed(now);
    roster_.expire(now);
    for (const std::string& address : roster_.unknown()) {
        if (greeting_.insert(address).second) background_.spawn(greet(address));
    }
    if (options_.claims) claim(now);
    complain();
    if (view_ == nullptr || published_ != roster_.changes()) co_await publish();
    if (!is_acquainted()) co_await get_acquainted();
}

// What one core finds out, the others hear before the next look.
engine::task<void> cluster_lead::get_acquainted() {
    if (acquaintance_ == acquaintance::as_good_as_made ||
        engine::now() - began_ > acquaintance_patience) {
        acquaintance_ = acquaintance::made;
        co_return;
    }
    bool all = listed_ && has_tried_all();
    for (std::size_t core = 0; core < node_.servings.size() && all; ++core) {
        const peer::peers& there = node_.servings[core]->cluster->peers;
        all = co_await engine::on_core(core_id(static_cast<std::uint16_t>(core)),
                                       [&there] { return there.are_acquainted(); });
    }
    if (all) acquaintance_ = acquaintance::as_good_as_made;
}

bool cluster_lead::has_tried_all() const {
    return std::ranges::all_of(roster_.unknown(), [this](const std::string& address) {
        return silent_.contains(address);
    });
}

void cluster_lead::take_listed(time_point now) {
    std::optional<std::vector<cluster::discovered>> listed;
    {
        const std::scoped_lock held(inbox_.lock);
        listed.swap(inbox_.listed);
    }
    if (!listed) return;
    listed_ = true;
    if (!options_.claims) learn_claim(*listed);
    roster_.discover(*listed, now);
}

// Where a list gives out the slots, this node's are there too.
void cluster_lead::learn_claim(const std::vector<cluster::discovered>& listed) {
    const auto own = std::ranges::find(listed, options_.self.name, &cluster::discovered::name);
    if (own == listed.end()) return;
    cluster::member self = options_.self;
    self.address = own->address;
    self.zone = own->zone;
    self.capacity = own->capacity;
    self.slots = own->slots;
    if (self == options_.self) return;
    options_.self = self;
    roster_.set_self(std::move(self));
}

// Not before everybody who is there has been heard, or had time to be.
void cluster_lead::claim(time_point now) {
    const bool complete = listed_ && roster_.unknown().empty();
    if (options_.self.slots.empty() && !complete && now - began_ < claim_patience) return;
    // What claims follow from has not changed.
    if (claimed_ == roster_.changes()) return;
    claimed_ = roster_.changes();
    std::vector<cluster::member> others;
    for (const cluster::member& m : roster_.members()) {
        if (m.name != options_.self.name && m.zone == options_.self.zone) others.push_back(m);
    }
    auto slots = cluster::claim_slots(options_.self, others, options_.slot_unit);
    if (slots == options_.self.slots) return;
    options_.self.slots = std::move(slots);
    roster_.set_self(options_.self);
    source_.announce(options_.self);
    if (!saving_) background_.spawn(keep_saving());
}

// One after the other: the last one is what stays.
engine::task<void> cluster_lead::keep_saving() {
    saving_ = true;
    while (saved_ != options_.self.slots) {
        saved_ = options_.self.slots;
        const auto outcome = std::make_shared<result<>>(fail(errc::unavailable));
        const auto ended =
            co_await engine::aside([outcome, path = options_.state_file, name = options_.self.name,
                                    slots = saved_] { *outcome = save_slots(path, name, slots); },
                                   engine::now() + save_patience);
        const result<> saved = ended ? *outcome : ended;
        if (!saved && !state_problem_) {
            log::warning(
                "cluster.state_file: {} cannot be written ({}): after a restart this node may have "
                "other parts",
                options_.state_file, describe(saved.error()));
        }
        state_problem_ = !saved;
    }
    saving_ = false;
}

void cluster_lead::heard(const std::string& address, const cluster::member& about) {
    (void)roster_.heard(address, about, engine::now());
}

void cluster_lead::drain(bool leaves) {
    if (stopping_) return;
    options_.self.draining = leaves;
    roster_.set_self(options_.self);
    source_.announce(options_.self);
    wake_.notify_all();
}

void cluster_lead::complain() {
    std::set<std::string> now;
    for (const cluster::roster_conflict& c : roster_.conflicts()) {
        if (!complaints_.contains(c.sentence)) log::failure("cluster: {}", c.sentence);
        now.insert(c.sentence);
    }
    complaints_ = std::move(now);
}

engine::task<void> cluster_lead::publish() {
    published_ = roster_.changes();
    view_ = std::make_shared<const cluster::view>(roster_.members(), options_.self.name);
    // What other cores read may not change under them: drain() does not wait for us.
    const cluster::member self = options_.self;
    for (std::size_t core = 0; core < node_.servings.size(); ++core) {
        clustering& there = *node_.servings[core]->cluster;
        co_await engine::on_core(core_id(static_cast<std::uint16_t>(core)), [&] {
            there.self = self;
            there.peers.use(view_);
        });
    }
    log::info("cluster: {} members, view {:016x}", view_->members().size(), view_->digest());
}

engine::task<void> cluster_lead::greet(std::string address) {
    clustering& here = *node_.servings.front()->cluster;
    const bool is_known = silent_.contains(address);
    const bool answered = co_await here.peers.greet(
        address, engine::now() + greet_patience,
        is_known ? peer::peers::mention::known : peer::peers::mention::news);
    if (answered) {
        silent_.erase(address);
    } else if (silent_.size() < cluster::members_max) {
        silent_.insert(address);
    }
    const time_point again = engine::now() + greet_pause;
    while (!stopping_ && engine::now() < again) (void)co_await wake_.wait(again);
    greeting_.erase(address);
}

}  // namespace lode::frontend
