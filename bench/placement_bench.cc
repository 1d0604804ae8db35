// Large clusters on paper: which node would own which part, computed by the production code, without
// nodes and without bytes.
//
// Balance counts the owner of every part, up to --parts of them; nothing is sampled there. Movement looks
// at the owners of --sample parts, drawn at random, before and after a change: of a share p of them that
// moved, sqrt(p / sample) is chance. Relief of a hot part runs readers and candidates in virtual time.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cluster/candidates.h"
#include "cluster/choice.h"
#include "cluster/hot_parts.h"
#include "cluster/slot_claim.h"
#include "cluster/spread_memory.h"

using namespace lode;
using namespace lode::cluster;

namespace {

struct command_line {
    std::uint32_t nodes = 10'000;
    std::uint64_t parts = 100'000'000;
    std::uint64_t sample = 10'000'000;
    std::uint64_t seed = 1;
};

constexpr bytes unit = default_slot_unit;

// Part number n. The row of a counter is as good as a random one, once it is hashed.
hash128 part_number(std::uint64_t seed, std::uint64_t n) { return {.high = seed, .low = n}; }

member numbered(std::uint32_t number, std::uint32_t slots) {
    const std::string name = std::to_string(1'000'000 + number);
    return {.name = name, .address = name, .capacity = unit * slots};
}

// Node n has as many slots as `slots` says for it, one node after the other.
template <class Slots>
std::vector<member> nodes_with(std::uint32_t count, const Slots& slots) {
    std::vector<member> members;
    std::uint32_t first = 0;
    for (std::uint32_t n = 0; n < count; ++n) {
        members.push_back(numbered(n, slots(n)));
        members.back().slots = {{.first = first, .count = slots(n)}};
        first += slots(n);
    }
    return members;
}

std::vector<member> equal_nodes(std::uint32_t count) {
    return nodes_with(count, [](std::uint32_t) { return 1U; });
}

std::uint32_t slots_of(const member& m) {
    std::uint32_t count = 0;
    for (const slot_range& range : m.slots) count += range.count;
    return count;
}

// --- balance ---------------------------------------------------------------------------------------

void balance(const command_line& given, const std::string& what, const std::vector<member>& nodes) {
    const slot_table table(nodes, "");
    const std::uint64_t parts = std::min(given.parts, table.occupied() * std::uint64_t{100'000});
    const auto begun = std::chrono::steady_clock::now();
    std::vector<std::uint64_t> owned(nodes.size());
    for (std::uint64_t n = 0; n < parts; ++n) {
        ++owned[candidates_of(part_number(given.seed, n), table, 1)[0].value()];
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;

    double most = 0;
    double least = 1e9;
    double squares = 0;
    double chance = 0;
    for (std::size_t n = 0; n < nodes.size(); ++n) {
        const double due =
            static_cast<double>(parts) * slots_of(nodes[n]) / static_cast<double>(table.occupied());
        const double share = static_cast<double>(owned[n]) / due;
        most = std::max(most, share);
        least = std::min(least, share);
        squares += (share - 1) * (share - 1);
        chance += 1 / due;
    }
    const auto count = static_cast<double>(nodes.size());
    fmt::print("| {} | {} | {} | {:.3f} | {:.3f} | {:.4f} | {:.4f} | {:.0f} |\n", what,
               nodes.size(), parts, most, least, std::sqrt(squares / count),
               std::sqrt(chance / count), took.count() * 1e9 / static_cast<double>(parts));
}

void all_balances(const command_line& given) {
    fmt::print(
        "Balance: parts of a node / its due share; the last but one column is what chance "
        "alone would do\n\n"
        "| nodes are | nodes | parts | largest | smallest | deviation | by chance | "
        "ns/part |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (std::uint32_t count = 3; count < given.nodes; count = count == 3 ? 10 : count * 10) {
        balance(given, "equal", equal_nodes(count));
    }
    balance(given, "equal", equal_nodes(given.nodes));
    balance(given, "of 1, 2, 4 and 8 slots",
            nodes_with(given.nodes / 10, [](std::uint32_t n) { return 1U << n % 4; }));
    std::vector<member> some_gone = equal_nodes(given.nodes);
    std::erase_if(some_gone, [](const member& m) { return m.slots[0].first % 10 == 3; });
    balance(given, "equal, a tenth is gone", some_gone);
}

// --- movement --------------------------------------------------------------------------------------

void movement(const command_line& given, const std::string& what, const std::vector<member>& before,
              const std::vector<member>& after, double due) {
    const slot_table old_table(before, "");
    const slot_table new_table(after, "");
    std::uint64_t moved = 0;
    std::uint64_t foreign = 0;
    const auto keeps_its_slots = [](const member& m, const std::vector<member>& others) {
        const auto same = std::ranges::lower_bound(others, m.name, {}, &member::name);
        return same != others.end() && same->name == m.name && same->slots == m.slots;
    };
    for (std::uint64_t n = 0; n < given.sample; ++n) {
        const hash128 part = part_number(given.seed + 1, n);
        const member& from = before[candidates_of(part, old_table, 1)[0].value()];
        const member& to = after[candidates_of(part, new_table, 1)[0].value()];
        if (from.name == to.name) continue;
        ++moved;
        if (keeps_its_slots(from, after) && keeps_its_slots(to, before)) ++foreign;
    }
    const auto share = static_cast<double>(moved) / static_cast<double>(given.sample);
    fmt::print("| {} | {} | {:.4f}% | {:.4f}% | {} |\n", what, before.size(), share * 100,
               due * 100, foreign);
}

// Sorted by name, with what it claims.
std::vector<member> joined(std::vector<member> nodes, member newcomer) {
    newcomer.slots = claim_slots(newcomer, nodes, unit);
    nodes.push_back(std::move(newcomer));
    std::ranges::sort(nodes, {}, &member::name);
    return nodes;
}

void all_movements(const command_line& given) {
    fmt::print(
        "\nMovement of {} sampled parts; foreign: between nodes whose slots are the same as "
        "before\n\n"
        "| change | nodes before | moved | due | foreign |\n"
        "| --- | ---: | ---: | ---: | ---: |\n",
        given.sample);
    for (std::uint32_t count = 10; count <= given.nodes; count *= 10) {
        const std::vector<member> before = equal_nodes(count);
        const double one = 1.0 / count;
        std::vector<member> fewer = before;
        fewer.erase(fewer.begin() + count / 2);
        movement(given, "one joins", before, joined(before, numbered(count, 1)), 1.0 / (count + 1));
        movement(given, "one leaves", before, fewer, one);
        movement(given, "one is replaced", before, joined(fewer, numbered(count, 1)), one);
        std::vector<member> last_leaves = before;
        last_leaves.erase(last_leaves.end() - count / 10 - 1, last_leaves.end() - 1);
        std::vector<member> last_left = last_leaves;
        last_left.pop_back();
        movement(given, "the last leaves, the tenth before it is gone", last_leaves, last_left,
                 1.0 / static_cast<double>(last_leaves.size()));
    }
}

// --- relief of hot parts ---------------------------------------------------------------------------

struct crowd {
    std::uint32_t nodes;
    double hot_per_second;  // of all nodes together, for one part
    unsigned spread_max;
};

struct outcome {
    double busiest = 0;        // what the busiest node served / what a node serves on average
    double hot_largest = 0;    // hot requests per second at the candidate that gets most of them
    double spread = 0;         // of the readers, on average, in the end
    double settled_after = 0;  // seconds until the spread was what it is in the end
};

// Each node reads 1 MiB of some part, 20 times per second, and all read one hot part besides. What a node
// serves queues up when it is more than 4 GiB/s, and is told as its load with every answer.
class crowd_on_paper {
  public:
    crowd_on_paper(const crowd& given, std::uint64_t seed)
        : given_(given),
          nodes_(equal_nodes(given.nodes)),
          table_(nodes_, ""),
          random_(seed),
          hot_part_{.high = seed, .low = 77},
          hot_candidates_(candidates_of(hot_part_, table_, candidates_max)) {
        for (std::uint32_t n = 0; n < given.nodes; ++n) {
            serving_.emplace_back(hot_parts_options{.parts = 64, .spread_max = given.spread_max});
            reading_.emplace_back(64);
        }
        told_.resize(given.nodes);
        queues_.resize(given.nodes);
        served_.resize(given.nodes);
    }

    outcome run() {
        const double per_second = cold_per_second * given_.nodes + given_.hot_per_second;
        const auto step =
            std::chrono::duration_cast<duration>(std::chrono::duration<double>(1 / per_second));
        const std::uint64_t hot_in_a_million =
            static_cast<std::uint64_t>(1e6 * given_.hot_per_second / per_second);
        std::vector<double> spreads;
        time_point measured_from = start + warm_up;
        for (time_point now = start; now < measured_from + measured; now += step) {
            const bool counts = now >= measured_from;
            const auto reader = static_cast<std::uint32_t>(random_.below(given_.nodes));
            if (random_.below(1'000'000) < hot_in_a_million) {
                read_hot(reader, now, counts);
            } else {
                read_cold(now, counts);
            }
            if ((now - start) / sampling != (now + step - start) / sampling) {
                spreads.push_back(mean_spread(now));
            }
        }
        return judge(spreads);
    }

  private:
    static constexpr double cold_per_second = 20;
    static constexpr bytes amount{1U << 20U};
    static constexpr double bytes_per_second = 4.0 * (1ULL << 30U);
    static constexpr time_point start{std::chrono::hours(1)};
    static constexpr duration warm_up = std::chrono::seconds(10);
    static constexpr duration measured = std::chrono::seconds(10);
    static constexpr duration sampling = std::chrono::milliseconds(50);

    struct queue {
        double waiting = 0;  // bytes
        time_point at = start;
    };

    void read_hot(std::uint32_t reader, time_point now, bool counts) {
        const unsigned spread = reading_[reader].spread_of(hot_part_, now);
        const auto load_of = [&](member_index who) {
            const auto n = std::ranges::find(hot_candidates_, who) - hot_candidates_.begin();
            return told_[reader][static_cast<std::size_t>(n)];
        };
        const auto who = choose(
            hot_candidates_, spread, [](member_index) { return standing::ask; }, load_of, random_);
        const std::uint16_t at = who->value();
        serve(at, hot_part_, spread, now);
        reading_[reader].told(hot_part_, serving_[at].spread_of(hot_part_, now), now);
        const auto n = std::ranges::find(hot_candidates_, *who) - hot_candidates_.begin();
        told_[reader][static_cast<std::size_t>(n)] =
            bytes(static_cast<std::uint64_t>(queues_[at].waiting));
        if (!counts) return;
        ++served_[at];
        ++hot_served_[static_cast<std::size_t>(n)];
    }

    void read_cold(time_point now, bool counts) {
        const hash128 part{.high = random_.next(), .low = 5};
        const std::uint16_t at = candidates_of(part, table_, 1)[0].value();
        serve(at, part, 1, now);
        if (counts) ++served_[at];
    }

    void serve(std::uint16_t at, hash128 part, unsigned spread, time_point now) {
        queue& q = queues_[at];
        const std::chrono::duration<double> passed = now - q.at;
        q.waiting = std::max(0.0, q.waiting - passed.count() * bytes_per_second) +
                    static_cast<double>(amount.count());
        q.at = now;
        serving_[at].asked(part, amount, spread, now);
    }

    [[nodiscard]] double mean_spread(time_point now) const {
        double sum = 0;
        for (const spread_memory& memory : reading_) sum += memory.spread_of(hot_part_, now);
        return sum / given_.nodes;
    }

    [[nodiscard]] outcome judge(const std::vector<double>& spreads) const {
        const std::chrono::duration<double> over = measured;
        outcome result;
        double sum = 0;
        for (const std::uint64_t served : served_) sum += static_cast<double>(served);
        result.busiest = static_cast<double>(std::ranges::max(served_)) * given_.nodes / sum;
        result.hot_largest = static_cast<double>(std::ranges::max(hot_served_)) / over.count();
        result.spread = spreads.back();
        std::size_t n = spreads.size();
        while (n > 0 && std::abs(spreads[n - 1] - result.spread) < 0.1 * result.spread) --n;
        result.settled_after =
            static_cast<double>(n) * std::chrono::duration<double>(sampling).count();
        return result;
    }

    crowd given_;
    std::vector<member> nodes_;
    slot_table table_;
    lode::random random_;
    hash128 hot_part_;
    candidates hot_candidates_;
    std::vector<hot_parts> serving_;
    std::vector<spread_memory> reading_;
    std::vector<std::array<bytes, candidates_max>> told_;  // by reader and candidate
    std::vector<queue> queues_;
    std::vector<std::uint64_t> served_;
    std::array<std::uint64_t, candidates_max> hot_served_{};
};

void relief(const command_line& given) {
    fmt::print(
        "\nRelief: {} requests per second and node for cold parts, and of all nodes together "
        "so many for a hot one\n\n"
        "| nodes | hot requests/s | busiest/mean, spread 1 | adaptive | hot requests/s at one "
        "node | adaptive | spread | settled after |\n"
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        20);
    for (const std::uint32_t nodes : {100U, 1000U}) {
        if (nodes > given.nodes) continue;
        for (const double hot : {100.0, 500.0, 2000.0, 20'000.0}) {
            const auto run = [&](unsigned spread_max) {
                return crowd_on_paper({nodes, hot, spread_max}, given.seed).run();
            };
            const outcome alone = run(1);
            const outcome spread = run(candidates_max);
            fmt::print("| {} | {:.0f} | {:.1f} | {:.1f} | {:.0f} | {:.0f} | {:.1f} | {:.2f} s |\n",
                       nodes, hot, alone.busiest, spread.busiest, alone.hot_largest,
                       spread.hot_largest, spread.spread, spread.settled_after);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    command_line given;
    CLI::App app("Balance, movement and relief of hot parts in large clusters, on paper");
    app.add_option("--nodes", given.nodes, "of the largest cluster")
        ->check(CLI::Range(10U, members_max - 1));
    app.add_option("--parts", given.parts, "whose owners are counted, at most")
        ->check(CLI::PositiveNumber);
    app.add_option("--sample", given.sample, "parts that are watched while nodes come and go")
        ->check(CLI::PositiveNumber);
    app.add_option("--seed", given.seed, "of all that is drawn");
    CLI11_PARSE(app, argc, argv);

    all_balances(given);
    all_movements(given);
    relief(given);
    return 0;
}
