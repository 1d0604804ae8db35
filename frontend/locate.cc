#include "frontend/locate.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "engine/runtime/remote.h"
#include "frontend/clustering.h"
#include "frontend/json_text.h"
#include "frontend/peer_round.h"
#include "frontend/serving.h"

namespace lode::frontend {
namespace {

constexpr duration between_looks = std::chrono::milliseconds(50);
// Where a look is a question to other nodes.
constexpr duration between_looks_around = std::chrono::milliseconds(250);
constexpr duration look_around_max = std::chrono::seconds(2);

std::string_view words_for(origin::part_layout::certainty known) {
    using enum origin::part_layout::certainty;
    switch (known) {
        case computed: return "computed";
        case ends: return "first and last part as uploaded";
        case exact: return "as uploaded";
    }
    return "";
}

// Any core may be at it: the one whose client asked.
engine::task<std::optional<prestaging::progress>> progress_anywhere(
    const node_context& node, const origin::object_name& name) {
    for (std::size_t core = 0; core < node.servings.size(); ++core) {
        serving* there = node.servings[core];
        if (there == nullptr) continue;
        auto found = co_await engine::on_core(core_id(static_cast<std::uint16_t>(core)),
                                              [&] { return there->prestages.progress_of(name); });
        if (found) co_return found;
    }
    co_return std::nullopt;
}

engine::task<void> look_here(serving& here, located_object& o) {
    o.prestaging = co_await progress_anywhere(here.node, o.name);
    o.parts.clear();
    for (std::uint32_t i = 0; o.version->size > bytes(0) && i < o.version->layout.parts(); ++i) {
        const engine::part_key key = o.version->part(i);
        o.parts.push_back({.extent = o.version->layout.at(i),
                           .home = here.node.store.home_of(key),
                           .chunks = co_await here.node.store.look(key),
                           .candidates = {}});
    }
}

// Who may be asked for a part, in the order in which they are.
void list_candidates(const clustering& here, const hash128& part, located_object::part& into) {
    const cluster::view& view = *here.peers.view();
    for (const cluster::member_index who :
         view.candidates_of(part, here.here.node.settings.cluster.candidates)) {
        const std::string& name = view[who].name;
        located_object::candidate c{.name = name, .chunks = {}};
        const auto peer = here.peers.all().find(name);
        if (peer != here.peers.all().end()) {
            c.state = peer->second->health.state();
        } else {
            c.is_self = true;
            c.state = state_of(here) == peer::node_state::draining ? cluster::peer_state::draining
                                                                   : cluster::peer_state::up;
            c.chunks = into.chunks;
        }
        into.candidates.push_back(std::move(c));
    }
}

// A part with a candidate that is asked.
struct place {
    std::size_t part;
    std::size_t candidate;
};

engine::task<void> look_around(clustering& here, located_object& o) {
    peer_round round(here.peers);
    std::vector<place> places;
    for (std::uint32_t i = 0; i < o.parts.size(); ++i) {
        peer::part_question question = peer::question_about(o.name, *o.version, i);
        question.want = peer::part_question::want_kind::held;
        list_candidates(here, question.id, o.parts[i]);
        for (std::size_t c = 0; c < o.parts[i].candidates.size(); ++c) {
            const auto peer = here.peers.all().find(o.parts[i].candidates[c].name);
            if (peer == here.peers.all().end()) continue;
            places.push_back({.part = i, .candidate = c});
            round.add(question, peer->second);
        }
    }
    co_await round.run(engine::now() + look_around_max);
    for (std::size_t n = 0; n < places.size(); ++n) {
        const auto& answer = round.errands()[n].answer;
        if (answer) o.parts[places[n].part].candidates[places[n].candidate].chunks = answer->held;
    }
}

engine::task<void> look(serving& here, located_object& o) {
    co_await look_here(here, o);
    if (here.cluster != nullptr) co_await look_around(*here.cluster, o);
}

std::string print_candidate(const located_object::candidate& c) {
    const std::string who =
        fmt::format("{} ({}{})", c.name, name_of(c.state), c.is_self ? ", this node" : "");
    if (!c.chunks) return fmt::format("{:>6} {}: ?\n", "", who);
    return fmt::format("{:>6} {}: {} in memory, {} on disk, {} filling, {} absent\n", "", who,
                       c.chunks->memory, c.chunks->disk, c.chunks->filling, c.chunks->absent);
}

std::string presence_in_json(const engine::presence& p) {
    return fmt::format(R"("memory":{},"disk":{},"filling":{},"absent":{})", p.memory, p.disk,
                       p.filling, p.absent);
}

std::string candidates_in_json(const located_object::part& p) {
    std::string out;
    for (const located_object::candidate& c : p.candidates) {
        out += fmt::format(R"({}{{"node":{},"self":{},"state":"{}","held":{}}})",
                           out.empty() ? "" : ",", in_json(c.name), c.is_self, name_of(c.state),
                           c.chunks ? "{" + presence_in_json(*c.chunks) + "}" : "null");
    }
    return out;
}

bool is_filling(const located_object::candidate& c) { return c.chunks && c.chunks->filling > 0; }

}  // namespace

bool located_object::being_filled() const {
    return prestaging || std::ranges::any_of(parts, [](const part& p) {
               return p.chunks.filling > 0 || std::ranges::any_of(p.candidates, is_filling);
           });
}

engine::task<std::optional<located_object>> locate(serving& here, origin::object_name name,
                                                   time_point until) {
    located_object found{
        .name = std::move(name), .version = nullptr, .parts = {}, .prestaging = {}};
    found.version = co_await here.gateway.describe(found.name);
    if (found.version == nullptr) co_return std::nullopt;
    co_await look(here, found);
    while (found.being_filled() && engine::now() < until && !here.stopping) {
        co_await engine::sleep_for(here.cluster == nullptr ? between_looks : between_looks_around);
        co_await look(here, found);
    }
    co_return found;
}

std::string print_located(const located_object& o) {
    std::string text = fmt::format("s3://{}/{}\n{} bytes, ETag {}, {} parts ({})\n", o.name.bucket,
                                   o.name.key, o.version->size.count(), o.version->etag,
                                   o.version->layout.parts(), words_for(o.version->layout.known()));
    if (o.prestaging) {
        text += fmt::format("pre-staging: {} of {} parts done\n", o.prestaging->done,
                            o.prestaging->parts);
    }
    if (o.parts.empty()) return text;
    text += fmt::format("{:>6} {:>16} {:>14} {:>5} {:>8} {:>8} {:>8} {:>8}\n", "part", "first byte",
                        "bytes", "core", "memory", "disk", "filling", "absent");
    for (std::size_t i = 0; i < o.parts.size(); ++i) {
        const located_object::part& p = o.parts[i];
        text += fmt::format("{:>6} {:>16} {:>14} {:>5} {:>8} {:>8} {:>8} {:>8}\n", i + 1,
                            p.extent.first.value(), p.extent.length.count(), p.home.value(),
                            p.chunks.memory, p.chunks.disk, p.chunks.filling, p.chunks.absent);
        for (const located_object::candidate& c : p.candidates) text += print_candidate(c);
    }
    return text + "Memory, disk, filling and absent are in chunks of 1 MiB.\n";
}

std::string print_located_json(const located_object& o) {
    std::string parts;
    for (const located_object::part& p : o.parts) {
        parts +=
            fmt::format(R"({}{{"first":{},"length":{},"core":{},{},"candidates":[{}]}})",
                        parts.empty() ? "" : ",", p.extent.first.value(), p.extent.length.count(),
                        p.home.value(), presence_in_json(p.chunks), candidates_in_json(p));
    }
    const std::string staging = o.prestaging ? fmt::format(R"({{"parts":{},"done":{}}})",
                                                           o.prestaging->parts, o.prestaging->done)
                                             : "null";
    return fmt::format(
        R"({{"bucket":{},"key":{},"size":{},"etag":{},"layout":{},"prestaging":{},"parts":[{}]}})"
        "\n",
        in_json(o.name.bucket), in_json(o.name.key), o.version->size.count(),
        in_json(o.version->etag), in_json(words_for(o.version->layout.known())), staging, parts);
}

}  // namespace lode::frontend
