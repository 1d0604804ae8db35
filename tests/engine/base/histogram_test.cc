#include "engine/base/histogram.h"

#include "engine/base/counters.h"
#include "tests/catch.h"

using namespace lode;

TEST_CASE("every value lies in its own bucket and the bucket's bound is within a sixteenth") {
    for (std::uint64_t v : {0UL, 1UL, 15UL, 16UL, 17UL, 31UL, 32UL, 33UL, 1000UL, 65535UL, 65536UL,
                            1UL << 40U, ~0UL - 1, ~0UL}) {
        const auto b = histogram::bucket_of(v);
        REQUIRE(b < histogram::bucket_count);
        CHECK(histogram::highest_of(b) >= v);
        CHECK(histogram::highest_of(b) - v <= v / 16);
        if (b > 0) CHECK(histogram::highest_of(b - 1) < v);
    }
}

TEST_CASE("quantiles of known records come out within a sixteenth") {
    histogram h;
    for (std::uint64_t v = 1; v <= 1000; ++v) h.record(v);

    CHECK(h.count() == 1000);
    CHECK(h.sum() == 500500);
    CHECK(h.quantile(0.5) >= 500);
    CHECK(h.quantile(0.5) <= 532);
    CHECK(h.quantile(1.0) >= 1000);
    CHECK(histogram().quantile(0.99) == 0);
}

TEST_CASE("a metrics page names each family once and escapes label values") {
    metrics_page page;

    page.add(metrics_page::kind::counter, "lode_x_total", "What x is.", 1, {{"k", "a\"b\\\n"}});
    page.add(metrics_page::kind::counter, "lode_x_total", "What x is.", 2, {{"k", "c"}});

    CHECK(page.text() ==
          "# HELP lode_x_total What x is.\n# TYPE lode_x_total counter\n"
          "lode_x_total{k=\"a\\\"b\\\\\\n\"} 1\nlode_x_total{k=\"c\"} 2\n");
}

TEST_CASE("a histogram is published in seconds with cumulative buckets") {
    histogram h;
    h.record(100'000);        // 100 us
    h.record(2'000'000'000);  // 2 s
    metrics_page page;

    page.add_seconds("lode_t_seconds", "Time.", h);

    CHECK(page.text().find("lode_t_seconds_bucket{le=\"6.5536e-05\"} 0\n") != std::string::npos);
    CHECK(page.text().find("lode_t_seconds_bucket{le=\"0.000131072\"} 1\n") != std::string::npos);
    CHECK(page.text().find("lode_t_seconds_bucket{le=\"+Inf\"} 2\n") != std::string::npos);
    CHECK(page.text().find("lode_t_seconds_count 2\n") != std::string::npos);
}
