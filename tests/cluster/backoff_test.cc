#include "cluster/backoff.h"

#include "tests/catch.h"

namespace lode::cluster {

using namespace std::chrono_literals;

TEST_CASE("pauses double up to their limit, less at most a half") {
    lode::random chance(7);
    backoff pause(100ms, 1s);
    for (const duration whole : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms, 1000ms}) {
        const duration got = pause.next(chance);
        CHECK(got >= whole / 2);
        CHECK(got <= whole);
    }
    pause.reset();
    CHECK(pause.next(chance) <= 100ms);
}

TEST_CASE("those that begin together do not ask together") {
    lode::random one(1);
    lode::random other(2);
    backoff a(100ms, 1s);
    backoff b(100ms, 1s);
    CHECK(a.next(one) != b.next(other));
}

}  // namespace lode::cluster
