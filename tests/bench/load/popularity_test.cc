#include "bench/load/popularity.h"

#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;

namespace {

// Pearson's statistic of what was drawn, beside what should have been; `probability` adds up to 1.
double chi_square(const std::vector<std::uint64_t>& seen, const std::vector<double>& probability) {
    const auto draws = static_cast<double>(std::accumulate(seen.begin(), seen.end(), 0ULL));
    double sum = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const double expected = draws * probability[i];
        sum += (static_cast<double>(seen[i]) - expected) *
               (static_cast<double>(seen[i]) - expected) / expected;
    }
    return sum;
}

std::vector<double> zipf_probabilities(std::size_t n, double s) {
    std::vector<double> p(n);
    for (std::size_t i = 0; i < n; ++i) p[i] = std::pow(static_cast<double>(i + 1), -s);
    const double sum = std::accumulate(p.begin(), p.end(), 0.0);
    for (double& each : p) each /= sum;
    return p;
}

}  // namespace

TEST_CASE("ranks are drawn in proportion to a power of themselves") {
    constexpr std::size_t n = 100;
    for (const double s : {0.5, 0.99, 1.0, 1.2, 3.0}) {
        const zipf law(n, s);
        lode::random chance(17);
        std::vector<std::uint64_t> seen(n);
        for (int i = 0; i < 400'000; ++i) ++seen[law.draw(chance) - 1];

        // 99 degrees of freedom: above 161 by chance once in ten thousand.
        CHECK(chi_square(seen, zipf_probabilities(n, s)) < 161);
    }
}

TEST_CASE("ranks stay within their bounds, of one object and of billions") {
    lode::random chance(3);
    const zipf one(1, 0.99);
    const zipf many(std::uint64_t{1} << 32U, 0.99);
    std::uint64_t highest = 0;
    for (int i = 0; i < 100'000; ++i) {
        REQUIRE(one.draw(chance) == 1);
        const std::uint64_t rank = many.draw(chance);
        REQUIRE(rank >= 1);
        REQUIRE(rank <= std::uint64_t{1} << 32U);
        highest = std::max(highest, rank);
    }

    CHECK(highest > std::uint64_t{1} << 30U);
}

TEST_CASE("uniform draws favour nobody") {
    popularity law({.law = popularity_law::uniform, .count = 100, .seed = 5});
    std::vector<std::uint64_t> seen(100);
    for (int i = 0; i < 400'000; ++i) ++seen[law.next()];

    CHECK(chi_square(seen, std::vector<double>(100, 0.01)) < 161);
}

TEST_CASE("a permutation names every number once") {
    for (const std::uint64_t n : {1U, 2U, 3U, 4U, 5U, 64U, 1000U, 4097U}) {
        const permutation order(n, 11);
        std::set<std::uint64_t> seen;
        for (std::uint64_t i = 0; i < n; ++i) seen.insert(order.at(i));

        CHECK(seen.size() == n);
        CHECK(*seen.rbegin() == n - 1);
    }
}

TEST_CASE("the cores of a run name each object once in every epoch, each time in another order") {
    constexpr std::uint64_t count = 1000;
    for (const unsigned cores : {1U, 3U, 7U}) {
        std::vector<std::uint64_t> first;
        std::vector<int> seen(count);
        std::vector<std::uint64_t> second;
        for (unsigned core = 0; core < cores; ++core) {
            popularity law({.law = popularity_law::epoch,
                            .count = count,
                            .seed = 9,
                            .share = {.index = core, .of = cores}});
            // This core's places of two epochs.
            for (std::uint64_t place = core; place < 2 * count; place += cores) {
                const std::uint64_t object = law.next();
                ++seen[object];
                (place < count ? first : second).push_back(object);
            }
        }

        CHECK(std::ranges::all_of(seen, [](int times) { return times == 2; }));
        CHECK(std::set(first.begin(), first.end()).size() == count);
        CHECK(std::set(second.begin(), second.end()).size() == count);
        CHECK(first != second);
        CHECK_FALSE(std::ranges::is_sorted(first));
    }
}

TEST_CASE("more cores than objects leave no epoch incomplete") {
    std::vector<std::uint64_t> seen;
    for (unsigned core = 0; core < 5; ++core) {
        popularity law({.law = popularity_law::epoch,
                        .count = 2,
                        .seed = 1,
                        .share = {.index = core, .of = 5}});
        seen.push_back(law.next());  // places 0 to 4: two epochs and a half
    }

    CHECK(seen[0] != seen[1]);
    CHECK(seen[2] != seen[3]);
}
