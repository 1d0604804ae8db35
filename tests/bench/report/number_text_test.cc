#include "bench/report/number_text.h"

#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;
using namespace std::chrono_literals;

TEST_CASE("figures have three digits, or all before the point") {
    CHECK(figure_text(0) == "0");
    CHECK(figure_text(0.01234) == "0.0123");
    CHECK(figure_text(1.234) == "1.23");
    CHECK(figure_text(9.996) == "10.0");
    CHECK(figure_text(99.96) == "100");
    CHECK(figure_text(999.4) == "999");
    CHECK(figure_text(999.6) == "1,000");
    CHECK(figure_text(1'234'567.4) == "1,234,567");
    CHECK(figure_text(-2.5) == "-2.50");
    CHECK(figure_text(1.0 / 0.0) == "-");
}

TEST_CASE("thousands are set apart") {
    CHECK(count_text(0) == "0");
    CHECK(count_text(999) == "999");
    CHECK(count_text(1000) == "1,000");
    CHECK(count_text(1'234'567) == "1,234,567");
}

TEST_CASE("a time stands in the unit that keeps it short") {
    CHECK(time_text(0ns) == "0 ns");
    CHECK(time_text(850ns) == "850 ns");
    CHECK(time_text(1500ns) == "1.50 us");
    CHECK(time_text(1500ns, greek_micro) == "1.50 \u00b5s");
    CHECK(time_text(45'600us) == "45.6 ms");
    CHECK(time_text(12s) == "12.0 s");
}

TEST_CASE("a time that rounds up to the next unit stands in the next unit") {
    CHECK(time_text(999'400ns) == "999 us");
    CHECK(time_text(999'600ns) == "1.00 ms");
}

TEST_CASE("sizes are decimal") {
    CHECK(size_text(bytes(0)) == "0 B");
    CHECK(size_text(bytes(65'536)) == "65.5 kB");
    CHECK(size_text(bytes(8U << 20U)) == "8.39 MB");
}

TEST_CASE("a share is never rounded to nothing or to all") {
    CHECK(share_text(0, 10) == "0 %");
    CHECK(share_text(10, 10) == "100 %");
    CHECK(share_text(1, 3) == "33.3 %");
    CHECK(share_text(1, 100'000) == "<0.1 %");
    CHECK(share_text(99'999, 100'000) == ">99.9 %");
}
