#include "frontend/peer/nonce_memory.h"

#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend::peer;

namespace {

nonce numbered_nonce(std::uint8_t n) {
    nonce made{};
    made[31] = n;
    return made;
}

time_point at_second(int seconds) { return time_point(std::chrono::seconds(seconds)); }

}  // namespace

TEST_CASE("a nonce is new once within its lifetime") {
    nonce_memory memory(10, std::chrono::seconds(600));

    CHECK(memory.add(numbered_nonce(1), at_second(0)));
    CHECK(memory.add(numbered_nonce(2), at_second(1)));
    CHECK(!memory.add(numbered_nonce(1), at_second(2)));
    CHECK(!memory.add(numbered_nonce(1), at_second(599)));
    CHECK(memory.add(numbered_nonce(1), at_second(600)));
    CHECK(!memory.add(numbered_nonce(2), at_second(600)));
}

TEST_CASE("a full memory forgets the oldest nonce") {
    nonce_memory memory(3, std::chrono::seconds(600));
    for (std::uint8_t n = 1; n <= 4; ++n) CHECK(memory.add(numbered_nonce(n), at_second(n)));

    CHECK(memory.size() == 3);
    CHECK(!memory.add(numbered_nonce(2), at_second(5)));
    CHECK(memory.add(numbered_nonce(1), at_second(5)));
    CHECK(memory.size() == 3);
    CHECK(memory.add(numbered_nonce(2), at_second(5)));
}
