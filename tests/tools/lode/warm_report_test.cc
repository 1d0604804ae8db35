#include "tools/lode/warm_report.h"

#include "tests/catch.h"

using namespace lode;
using namespace lode::tools;

TEST_CASE("while objects are being listed there is no share of a whole that nobody knows") {
    const warm_tally t{.listed = 1000,
                       .listed_bytes = bytes(4096),
                       .ended = 12,
                       .ended_bytes = bytes(1536),
                       .brought_bytes = bytes(2'000'000'000)};

    CHECK(print_warm_progress(t, 4) == "12 of 1000+ objects, 1.5KiB, 0.50 GB/s");
}

TEST_CASE("the bar is as full as the bytes that have ended, and failures are said") {
    warm_tally t{.listed = 4,
                 .listed_bytes = bytes(4096),
                 .all_listed = true,
                 .ended = 1,
                 .ended_bytes = bytes(2048),
                 .failed = 1};

    CHECK(print_warm_progress(t, 0) ==
          "[##########..........]  50%  1 of 4 objects, 2KiB, 0.00 GB/s, 1 failed");
    t.ended_bytes = bytes(4096);
    CHECK(print_warm_progress(t, 1).starts_with("[####################] 100%  "));
}

TEST_CASE("objects that are all empty are counted") {
    const warm_tally t{.listed = 4, .all_listed = true, .ended = 1};

    CHECK(print_warm_progress(t, 1).starts_with("[#####...............]  25%  1 of 4"));
}

TEST_CASE("more bytes than were listed do not overflow the bar") {
    const warm_tally t{.listed = 1,
                       .listed_bytes = bytes(1),
                       .all_listed = true,
                       .ended = 1,
                       .ended_bytes = bytes(3)};

    CHECK(print_warm_progress(t, 1).starts_with("[####################] 100%"));
}

TEST_CASE("the summary says what became of all objects and leaves out what did not happen") {
    const warm_tally t{.listed = 10,
                       .listed_bytes = bytes(10U << 20U),
                       .ended = 10,
                       .brought = 7,
                       .brought_bytes = bytes(7U << 20U),
                       .were_there = 2,
                       .failed = 1};

    CHECK(print_warm_summary(t, 2, "s3://b/p") ==
          "s3://b/p: 10 objects, 10MiB\n"
          "           7 brought in, 7MiB\n"
          "           2 were there already\n"
          "           1 failed\n"
          "         2.0 seconds, 0.00 GB/s\n");
}
