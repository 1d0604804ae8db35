#include "frontend/peer/layout_question.h"

#include <vector>

#include "frontend/peer/wire.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::peer;
using origin::part_layout;
using certainty = part_layout::certainty;

namespace {

constexpr std::string_view layout_store = "http://origin:8000";
constexpr std::string_view etag = "\"0123456789abcdef0123456789abcdef-3\"";

layout_question some_question() {
    const origin::object_name name{
        .bucket = "train", .key = "a b/ü&=+%\n.tar", .version_id = "v/1"};
    origin::object_version version{
        .etag = std::string(etag), .size = bytes(1000), .version_id = "v/1"};
    version.identity =
        origin::identity_of(layout_store, name, version.etag, version.version_id, version.size);
    return layout_question_about(name, version);
}

std::string target_of(const layout_question& q) {
    std::string target = "what was there before";
    REQUIRE(write_layout_question(q, 1, target));
    return target;
}

std::expected<layout_question, std::string> read_back(const std::string& target) {
    return parse_layout_question(parse_path(target)->query);
}

std::string written(const part_layout& layout) {
    std::string text = "what was there before";
    write_layout(layout, text);
    return text;
}

part_layout of(const std::vector<bytes>& lengths) { return *part_layout::of_lengths(lengths); }

void check_reads_back(const part_layout& layout) {
    const auto read = parse_layout(written(layout), layout.size(), layout.parts());
    REQUIRE(read);
    CHECK((*read == layout));
    CHECK(read->known() == layout.known());
}

}  // namespace

TEST_CASE("a question about a layout reads as it was written") {
    const layout_question q = some_question();

    const auto read = read_back(target_of(q));

    REQUIRE(read);
    CHECK(read->name == q.name);
    CHECK(read->etag == q.etag);
    CHECK(read->stored_version == q.stored_version);
    CHECK(read->size == q.size);
    CHECK(read->id == q.id);
}

TEST_CASE("a question about a layout is a line that a person can read") {
    layout_question q = some_question();
    q.name = {.bucket = "train", .key = "k"};
    q.stored_version.clear();
    q.id = {.high = 1, .low = 2};

    CHECK(target_of(q) ==
          "/lode/1/layout?bucket=train&key=k&etag=%220123456789abcdef0123456789abcdef-3%22&"
          "size=1000&id=00000000000000010000000000000002");
}

TEST_CASE("a name that fits into no request is not asked about") {
    layout_question q = some_question();
    std::string target;
    q.name.key = std::string(1025, 'k');
    CHECK(write_layout_question(q, 1, target).error().code == errc::too_large);
    q.name.key = std::string(1024, '%');
    q.name.version_id = std::string(1024, '%');
    q.stored_version = std::string(1024, '%');
    CHECK(write_layout_question(q, 1, target).error().code == errc::too_large);
}

TEST_CASE("a question about a layout that lacks something or contradicts itself is refused") {
    const std::string good = target_of(some_question());
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string text = good;
        const auto at = text.find(from);
        REQUIRE(at != std::string::npos);
        return text.replace(at, from.size(), to);
    };
    REQUIRE(read_back(with("size=1000", "size=1001")));
    for (const std::string& text :
         {with("bucket=train&", ""), with("bucket=train", "bucket="), with("size=1000", "size=0"),
          with("size=1000", "size=-1"), with("size=1000", "size=18446744073709551615"),
          with("size=1000&", ""), with("size=1000", "part=0-5"), with("-3%22", "-1%22"),
          with("-3%22", "-0%22"), with("-3%22", "-10001%22"), with("-3%22", "%22"),
          with("id=", "id=0"), with("key=", "key=%00"), good + "&size=1000"}) {
        CAPTURE(text);
        const auto read = read_back(text);
        REQUIRE(!read);
        CHECK(read.error().ends_with('.'));
    }
}

TEST_CASE("a node that reads from another origin does not tell layouts of its own") {
    const layout_question q = some_question();
    REQUIRE(version_of(q, layout_store));
    CHECK(version_of(q, layout_store)->etag == etag);
    CHECK(version_of(q, "http://elsewhere:8000").error().code == errc::invalid);
}

TEST_CASE("a layout reads as it was written, and keeps its certainty") {
    check_reads_back(part_layout::uniform(bytes(1000), bytes(300), certainty::ends));
    check_reads_back(part_layout::uniform(bytes(1000), bytes(300), certainty::exact));
    check_reads_back(part_layout::computed(bytes(1000), 3));
    check_reads_back(of({bytes(5), bytes(6)}));
    check_reads_back(of({bytes(6), bytes(5), bytes(6), bytes(1)}));
    std::vector<bytes> many(origin::parts_max, bytes(5ULL << 30U));
    many.front() = bytes(1);
    check_reads_back(of(many));
    CHECK(written(of(many)).size() <= layout_text_max);

    CHECK(written(part_layout::uniform(bytes(1000), bytes(300), certainty::ends)) ==
          "known=ends&part=300");
    CHECK(written(of({bytes(6), bytes(5), bytes(6)})) == "known=exact&lengths=6.5.6");
    CHECK(written(part_layout::computed(bytes(1000), 3)) == "known=computed");
}

TEST_CASE("a layout that does not fit the object is refused") {
    REQUIRE(parse_layout("known=exact&lengths=6.5.6", bytes(17), 3));
    REQUIRE(parse_layout("known=ends&part=6", bytes(17), 3));
    for (const std::string_view text : {"",
                                        "known=",
                                        "known=sure&part=6",
                                        "known=ends",
                                        "known=exact",
                                        "part=6",
                                        "lengths=6.5.6",
                                        "known=computed&part=6",
                                        "known=computed&lengths=6.5.6",
                                        "known=ends&lengths=6.5.6",
                                        "known=exact&part=6&lengths=6.5.6",
                                        "known=exact&part=6&part=6",
                                        "known=exact&part=0",
                                        "known=exact&part=5",
                                        "known=exact&part=9",
                                        "known=exact&part=18",
                                        "known=exact&lengths=",
                                        "known=exact&lengths=17",
                                        "known=exact&lengths=6.11",
                                        "known=exact&lengths=6.5.5",
                                        "known=exact&lengths=6.5.7",
                                        "known=exact&lengths=6.5.0.6",
                                        "known=exact&lengths=6.5.6.",
                                        "known=exact&lengths=.6.5.6",
                                        "known=exact&lengths=6..11",
                                        "known=exact&lengths=17.0.0",
                                        "known=exact&lengths=6.5.06",
                                        "known=exact&lengths=6.5.-6",
                                        "known=exact&lengths=18446744073709551615.1.17",
                                        "known=exact&lengths=6.5.1.5"}) {
        CAPTURE(text);
        const auto read = parse_layout(text, bytes(17), 3);
        REQUIRE(!read);
        CHECK(read.error().ends_with('.'));
    }
}
