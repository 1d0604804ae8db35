#include "bench/report/html.h"

#include <cmath>
#include <string_view>

#include "bench/report/axis.h"
#include "bench/report/charts.h"
#include "bench/report/headline.h"
#include "bench/report/svg_chart.h"
#include "tests/bench/report/sample.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;
using lode::bench::testing::run;

namespace {

report odd_comparison() {
    report r;
    r.title = "compare";
    r.baseline = "<script>alert(\"1\")</script>";
    r.command = {"lode-bench", "a'b", "</code><img>"};
    r.remarks = {"<b>bold</b>"};
    for (std::uint32_t round = 1; round <= 3; ++round) {
        r.runs.push_back({round, run(r.baseline, 1000)});
        r.runs.push_back({round, run("R&D 'x'", 2000)});
        r.runs.back().seen.errors = {{"<i>", 1}};
        r.runs.back().seen.words = {{"<u>", 1}};
    }
    return r;
}

report ladder() {
    report r;
    r.title = "overload";
    for (unsigned step = 1; step <= 2048; step *= 2) {
        run_result seen = run("lode", std::min(step, 64U) * 100);
        seen.in_flight = step;
        if (step > 512) seen.errors = {{"503 SlowDown", step}};
        r.runs.push_back({0, std::move(seen)});
    }
    return r;
}

std::size_t count_of(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("whatever labels, words and commands hold, none of it is markup") {
    const std::string page = print_html(odd_comparison());

    for (const char* markup : {"<script", "<img", "<b>", "<i>", "<u>", "R&D", "'x'"}) {
        INFO(markup);
        CHECK_FALSE(page.contains(markup));
    }
    CHECK(page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"));
    CHECK(page.contains("R&amp;D &#39;x&#39;"));
    CHECK(escaped("a\nb\x01") == "ab");
}

TEST_CASE("a page asks for nothing from elsewhere") {
    const std::string page = print_html(odd_comparison());

    for (const char* outside : {"src=", "href=", "url(", "@import", "<link"}) {
        INFO(outside);
        CHECK_FALSE(page.contains(outside));
    }
}

TEST_CASE("what a page opens it closes") {
    for (const report& r : {odd_comparison(), ladder(), report{}}) {
        const std::string page = print_html(r);
        for (const std::string element :
             {"svg", "table", "div", "tr", "td", "text", "title", "li"}) {
            INFO(element);
            CHECK(count_of(page, "<" + element + ">") + count_of(page, "<" + element + " ") ==
                  count_of(page, "</" + element + ">"));
        }
        CHECK_FALSE(page.contains("nan"));
        CHECK_FALSE(page.contains("inf\""));
    }
}

TEST_CASE("a ladder is drawn as a ladder, with its failures where there are some") {
    CHECK(draw_charts(ladder()).size() == 1);
    CHECK(draw_charts(ladder()).front().size() == 3);
    report clean = ladder();
    for (measured_run& each : clean.runs) each.seen.errors.clear();
    CHECK(draw_charts(clean).front().size() == 2);
    CHECK(
        headlines(ladder()).front().starts_with("lode peaks at 6,400 requests/s (0.419 GB/s) with "
                                                "64 in flight; with 2,048 it keeps 100 %"));
}

TEST_CASE("a comparison has ratios, time and percentiles") {
    CHECK(draw_charts(odd_comparison()).size() == 3);
    report one;
    one.runs = {{0, run("lode", 1000)}};
    CHECK(draw_charts(one).size() == 2);
    CHECK(headlines(one) ==
          std::vector<std::string>{"lode: 1,000 requests/s and 0.0655 GB/s with 16 in flight; p50 "
                                   "800 \u00b5s, p99 4.00 ms."});
}

TEST_CASE("a percentile that the samples do not support is not drawn") {
    report few;
    few.runs = {{0, run("lode", 10)}};  // 100 requests: nothing lies above p99.9 but the maximum

    const std::string page = print_html(few);

    CHECK(page.contains("99 % within"));
    CHECK_FALSE(page.contains("99.9 % within"));
}

TEST_CASE("a run of a day is drawn with a bounded number of points") {
    report day;
    day.runs = {{0, run("lode", 1000)}};
    auto& timeline = day.runs[0].seen.timeline;
    timeline.resize(86'400, timeline.front());
    for (std::size_t i = 0; i < timeline.size(); ++i)
        timeline[i].begin = i * std::chrono::seconds(1);

    CHECK(print_html(day).size() < 400'000);
}

TEST_CASE("nines are as far apart as people count them") {
    CHECK(std::abs(nines(0.9) - 1) < 1e-9);
    CHECK(std::abs(nines(0.99) - 2) < 1e-9);
    CHECK(std::abs(nines(0.999) - 3) < 1e-9);
}

TEST_CASE("a linear axis begins at zero and ends on a round number that nothing exceeds") {
    const axis a = make_axis(scale::linear, 3, 47, plain_tick);

    CHECK(a.least == 0);
    CHECK(a.most == 50);
    CHECK(a.ticks.size() == 6);
    CHECK(a.ticks[1].text == "10");
    CHECK(a.place(25) == 0.5);
    CHECK(a.place(99) == 1);
}

TEST_CASE("a logarithmic axis counts in tens, or in twos") {
    const axis tens = make_axis(scale::decades, 1e-4, 1, time_tick);
    const axis twos = make_axis(scale::doublings, 1, 2048, plain_tick);

    CHECK(tens.ticks.size() == 5);
    CHECK(tens.ticks[1].text == "1 ms");
    CHECK(std::abs(tens.place(1e-2) - 0.5) < 1e-9);
    CHECK(twos.ticks.size() <= axis_ticks_max);
    CHECK(twos.ticks.front().text == "1");
}

TEST_CASE("an axis of nothing, of one value or of no number is an axis all the same") {
    for (const scale how : {scale::linear, scale::decades, scale::doublings}) {
        for (const auto& [least, most] :
             {std::pair{0.0, 0.0}, {5.0, 5.0}, {1.0, NAN}, {-3.0, -1.0}}) {
            const axis a = make_axis(how, least, most, plain_tick);
            CHECK(a.least < a.most);
            CHECK(a.ticks.size() <= axis_ticks_max);
            CHECK(std::isfinite(a.place(most)));
        }
    }
}
