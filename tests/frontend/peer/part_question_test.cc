#include "frontend/peer/part_question.h"

#include "frontend/origin/object_version.h"
#include "frontend/peer/wire.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::peer;
using want_kind = part_question::want_kind;

namespace {

constexpr std::string_view store_name = "http://origin:8000";

// 100 MiB in parts of 8 MiB.
origin::version_ptr some_version(const origin::object_name& name,
                                 std::string_view version_id = "") {
    std::vector<http::header> headers = {{"Content-Range", "bytes 0-0/104857600"},
                                         {"ETag", "\"0123456789abcdef0123456789abcdef-13\""},
                                         {"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"}};
    if (!version_id.empty()) headers.push_back({"x-amz-version-id", version_id});
    const auto made = origin::describe_version(store_name, name, 206, headers);
    return origin::with_layout(**made, origin::part_layout::computed(bytes(104'857'600), 13));
}

part_question question_about_part(std::uint32_t part = 3) {
    const origin::object_name name{.bucket = "train", .key = "a b/ü&=+%\n.tar"};
    part_question q = question_about(name, *some_version(name), part);
    q.first = part_offset(10);
    q.end = part_offset(20);
    return q;
}

struct words {
    std::string target;
    std::string range;
};

words as_text(const part_question& q) {
    words out;
    REQUIRE(write_question(q, 1, out.target, out.range));
    return out;
}

std::expected<part_question, std::string> read_back(const words& w) {
    return parse_question(
        parse_path(w.target)->query,
        w.range.empty() ? std::nullopt : std::optional<std::string_view>(w.range));
}

void check_same(const part_question& a, const part_question& b) {
    CHECK(a.name == b.name);
    CHECK(a.etag == b.etag);
    CHECK(a.last_modified == b.last_modified);
    CHECK(a.stored_version == b.stored_version);
    CHECK(a.size == b.size);
    CHECK(a.direct_path == b.direct_path);
    CHECK(a.part == b.part);
    CHECK(a.id == b.id);
    CHECK(a.first == b.first);
    CHECK(a.end == b.end);
    CHECK(a.want == b.want);
    CHECK(a.spread == b.spread);
}

// The target of a question with one field replaced, or taken out where `with` is empty.
std::string altered(std::string_view field, std::string_view with) {
    std::string target = as_text(question_about_part()).target;
    const std::string begin = std::string(field) + "=";
    auto at = target.find("&" + begin);
    at = at == std::string::npos ? target.find("?" + begin) : at;
    REQUIRE(at != std::string::npos);
    const auto end = std::min(target.find('&', at + 1), target.size());
    target.replace(at + 1, end - at - 1, with);
    if (with.empty()) target.erase(at + 1 == target.size() ? at : at + 1, 1);
    return std::string(parse_path(target)->query);
}

}  // namespace

TEST_CASE("a question reads as it was written") {
    part_question q = question_about_part();
    check_same(*read_back(as_text(q)), q);

    q.direct_path = "http://10.0.0.9:8080";
    q.name.version_id = "3/L4+kq";
    q.stored_version = "null";
    q.spread = spread_max;
    q.want = want_kind::fill;
    q.end = part_offset(q.part.length.count());
    check_same(*read_back(as_text(q)), q);

    q.want = want_kind::held;
    q.first = q.end = part_offset(0);
    CHECK(as_text(q).range.empty());
    check_same(*read_back(as_text(q)), q);
}

TEST_CASE("a question is a line that a person can read") {
    const origin::object_name name{.bucket = "train", .key = "shard-1.tar"};
    part_question q = question_about(name, *some_version(name), 0);
    q.end = part_offset(1);
    q.id = {.high = 1, .low = 2};

    const words w = as_text(q);

    CHECK(w.target ==
          "/lode/1/part?bucket=train&key=shard-1.tar&"
          "etag=%220123456789abcdef0123456789abcdef-13%22&"
          "modified=Sun%2C%2006%20Nov%201994%2008%3A49%3A37%20GMT&size=104857600&part=0-8388608&"
          "id=00000000000000010000000000000002&want=bytes&spread=1");
    CHECK(w.range == "bytes=0-0");
}

TEST_CASE("the owner makes the version whose part has the asker's id") {
    const origin::object_name name{.bucket = "train", .key = "k", .version_id = "v1"};
    const auto version = some_version(name, "v1");
    for (const std::uint32_t part : {0U, 1U, 6U, 12U}) {
        CAPTURE(part);
        part_question q = question_about(name, *version, part);
        q.end = part_offset(1);

        const auto made = version_of(*read_back(as_text(q)), store_name);

        REQUIRE(made);
        const origin::object_version& v = *made->version;
        CHECK(v.part(made->index) == version->part(part));
        CHECK(v.layout.at(made->index) == version->layout.at(part));
        CHECK(v.layout.size() == v.size);
        CHECK(v.etag == version->etag);
        CHECK(v.identity == version->identity);
        CHECK(v.laid_out);
    }
}

TEST_CASE("an object of one part is asked for, too") {
    const origin::object_name name{.bucket = "b", .key = "k"};
    std::vector<http::header> headers = {{"Content-Length", "5"},
                                         {"ETag", "\"abc\""},
                                         {"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"}};
    const auto version = *origin::describe_version(store_name, name, 200, headers);
    part_question q = question_about(name, *version, 0);
    q.end = part_offset(5);

    const auto made = version_of(*read_back(as_text(q)), store_name);

    REQUIRE(made);
    CHECK(made->version->part(made->index) == version->part(0));
    CHECK(made->version->layout.parts() == 1);
}

TEST_CASE("a node that reads from another origin says so instead of mixing two stores") {
    const auto made = version_of(question_about_part(), "http://elsewhere:8000");
    REQUIRE(!made);
    CHECK(made.error().code == errc::invalid);

    part_question other = question_about_part();
    other.stored_version = "v2";
    CHECK(!version_of(other, store_name));
    other = question_about_part();
    other.size = other.size + bytes(1);
    CHECK(!version_of(other, store_name));
}

TEST_CASE("a question with a field missing, beyond its limit or contradicting itself is refused") {
    struct wrong {
        const char* field;
        std::string with;
    };
    const std::vector<wrong> all = {
        {"bucket", ""},
        {"bucket", "bucket=" + std::string(256, 'b')},
        {"key", ""},
        {"key", "key="},
        {"key", "key=%00"},
        {"key", "key=" + std::string(1025, 'k')},
        {"etag", ""},
        {"etag", "etag=W%2F%22abc%22"},
        {"etag", "etag=%22abc"},
        {"etag", "etag=%22a%0Ac%22"},
        {"etag", "etag=" + std::string(257, 'e')},
        {"modified", ""},
        {"modified", "modified=yesterday"},
        {"size", ""},
        {"size", "size=-1"},
        {"size", "size=0"},
        {"size", "size=18446744073709551616"},
        {"size", "size=18446744073709551615"},
        {"part", ""},
        {"part", "part=1"},
        {"part", "part=0-0"},
        {"part", "part=5-104857600"},
        {"part", "part=104857601-1"},
        {"part", "part=-1-5"},
        {"part", "part=1-18446744073709551615"},
        {"id", ""},
        {"id", "id=12"},
        {"want", ""},
        {"want", "want=everything"},
        {"spread", ""},
        {"spread", "spread=0"},
        {"spread", "spread=9"},
        {"spread", "spread=1&direct=ftp%3A%2F%2Fx"},
        {"spread", "spread=1&direct=http%3A%2F%2Fx%2Fpath"},
        {"spread", "spread=1&direct=http%3A%2F%2F" + std::string(506, 'x')},
        {"spread", "spread=1&spread=1"},
        {"spread", "spread=1&colour=red"},
    };
    for (const wrong& w : all) {
        CAPTURE(w.field, w.with);
        const auto read = parse_question(altered(w.field, w.with), "bytes=0-0");
        REQUIRE(!read);
        CHECK(read.error().ends_with("."));
    }
    CHECK(parse_question(altered("part", "part=104857599-1"), "bytes=0-0"));
    CHECK(parse_question(altered("bucket", "bucket=" + std::string(255, 'b')), "bytes=0-0"));
    CHECK(parse_question(altered("key", "key=" + std::string(1024, 'k')), "bytes=0-0"));
    CHECK(parse_question(altered("spread", "spread=8"), "bytes=0-0"));
}

TEST_CASE("a range lies within the part, or there is none") {
    const std::string query(parse_path(as_text(question_about_part()).target)->query);
    const auto last = std::to_string(question_about_part().part.length.count() - 1);

    CHECK(parse_question(query, "bytes=0-" + last));
    CHECK(parse_question(query, "bytes=" + last + "-" + last));
    CHECK(parse_question(altered("want", "want=fill"), std::nullopt));
    CHECK(parse_question(altered("want", "want=held"), "bytes=0-0"));
    CHECK(!parse_question(query, std::nullopt));
    for (const std::string& range :
         {std::string(""), std::string("bytes="), std::string("bytes=-1"), std::string("bytes=0-"),
          std::string("bytes=5-4"), std::string("bytes=0-0,2-2"), std::string("bytes 0-0"),
          std::string("bytes=00-1"), std::string("Bytes=0-0"), std::string("bytes=0- 1"),
          "bytes=0-" + std::to_string(question_about_part().part.length.count())}) {
        CAPTURE(range);
        CHECK(!parse_question(query, range));
    }
}

TEST_CASE("a name that does not fit into a request is not asked for") {
    std::string target;
    std::string range;
    part_question q = question_about_part();
    q.name.key = std::string(1025, 'k');
    CHECK(write_question(q, 1, target, range).error().code == errc::too_large);

    // Every field within its limit, and together too much.
    q.name.key = std::string(1024, '\x7f');
    q.name.version_id = q.stored_version = std::string(1024, '+');
    CHECK(write_question(q, 1, target, range).error().code == errc::too_large);

    q.name.version_id = q.stored_version = "short";
    CHECK(write_question(q, 1, target, range));
    CHECK(target.size() <= wire_limits.uri.count());
}
