#include "frontend/peer/version_question.h"

#include "frontend/http/head_writer.h"
#include "frontend/peer/fields.h"
#include "frontend/peer/wire.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::peer;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view version_store = "http://origin:8000";

const origin::object_name odd_name{
    .bucket = "train", .key = "a b/ü&=+%\n.tar", .version_id = "v/1"};

origin::told_version some_told_version(duration age = 0s) {
    std::string lines;
    http::append_field(lines, "ETag", "\"0123456789abcdef0123456789abcdef-3\"");
    http::append_field(lines, "Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    http::append_field(lines, "x-amz-meta-note", "50 % & more=");
    origin::object_version version{.etag = "\"0123456789abcdef0123456789abcdef-3\"",
                                   .last_modified = "Sun, 06 Nov 1994 08:49:37 GMT",
                                   .size = bytes(1000),
                                   .headers = lines};
    return {.version = std::make_shared<const origin::object_version>(std::move(version)),
            .age = age};
}

std::string body_text(const origin::told_version& told) {
    std::string text = "what was there before";
    REQUIRE(write_version(told, text));
    return text;
}

std::string with_head(std::string_view head) {
    std::string text;
    field_writer(text).add("age", "0").add("sums", "0").add("head", head);
    return text;
}

}  // namespace

TEST_CASE("a question about a version reads as it was written") {
    const version_question q =
        version_question_about(version_store, odd_name, {.age = 1500ms, .checksums = true});
    std::string target = "what was there before";
    REQUIRE(write_version_question(q, 1, target));

    const auto read = parse_version_question(parse_path(target)->query);

    REQUIRE(read);
    CHECK(parse_path(target)->word == version_word);
    CHECK((read->name == odd_name));
    CHECK(read->wish.age == 1500ms);
    CHECK(read->wish.checksums);
    CHECK(is_about(*read, version_store));
    CHECK_FALSE(is_about(*read, "http://another:8000"));
}

TEST_CASE("the age of a word is rounded so that no word passes for younger than it is") {
    std::string target;
    REQUIRE(write_version_question(version_question_about(version_store, odd_name, {.age = 1999us}),
                                   1, target));

    CHECK(parse_version_question(parse_path(target)->query)->wish.age == 1ms);
    const auto told = parse_version(body_text(some_told_version(1001us)), version_store, odd_name);
    REQUIRE(told);
    CHECK(told->age == 2ms);
}

TEST_CASE("any age is one that can be asked for") {
    std::string target;
    REQUIRE(write_version_question(
        version_question_about(version_store, odd_name, {.age = duration::max()}), 1, target));

    CHECK(parse_version_question(parse_path(target)->query)->wish.age == origin::any_age);
}

TEST_CASE("a version reads as its home described it") {
    origin::told_version told = some_told_version();
    told.version = origin::with_direct_path(told.version, "http://10.0.0.7:8000");

    const auto read = parse_version(body_text(told), version_store, odd_name);

    REQUIRE(read);
    const origin::object_version& version = *read->version;
    CHECK(version.etag == "\"0123456789abcdef0123456789abcdef-3\"");
    CHECK(version.size == bytes(1000));
    CHECK(version.headers == told.version->headers);
    CHECK(version.direct_path == "http://10.0.0.7:8000");
    CHECK_FALSE(version.checksums);
    CHECK_FALSE(version.laid_out);
    CHECK((version.identity == origin::identity_of(version_store, odd_name,
                                                   "\"0123456789abcdef0123456789abcdef-3\"", "",
                                                   bytes(1000))));
}

TEST_CASE("that there are no checksums is another thing than not to know them") {
    for (const std::string_view line : {"", "x-amz-checksum-crc32: AAAAAA==\r\n"}) {
        origin::told_version told = some_told_version();
        told.version = origin::with_checksums(*told.version, std::string(line));

        const auto read = parse_version(body_text(told), version_store, odd_name);

        REQUIRE(read);
        REQUIRE(read->version->checksums);
        CHECK(*read->version->checksums == line);
        CHECK(read->version->headers == told.version->headers);
    }
}

TEST_CASE("headers that do not fit into an answer are not told") {
    origin::object_version large = *some_told_version().version;
    http::append_field(large.headers, "x-amz-meta-long", std::string(version_text_max, 'x'));
    std::string text;

    CHECK_FALSE(write_version(
        {.version = std::make_shared<const origin::object_version>(std::move(large))}, text));
}

TEST_CASE("a body that is not one head of an answer about a version is refused") {
    const std::string good =
        "Content-Length: 5\r\nETag: \"e\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    REQUIRE(parse_version(with_head(good), version_store, odd_name));

    for (const std::string& head :
         {std::string("nonsense"), good + "\r\n", good + "\r\n" + good, good + "ETag\r\n",
          good + "a: b\n", good + "a: b\r", good + " folded\r\n", good + "a: \x01\r\n",
          good + "Set-Cookie: a=b\r\n", good + "Content-Length: 6\r\n",
          good + "Transfer-Encoding: chunked\r\n", good.substr(good.find("ETag")),
          good.substr(0, good.find("ETag")), std::string("ETag: W/\"e\"\r\n") + good}) {
        INFO(head);
        CHECK_FALSE(parse_version(with_head(head), version_store, odd_name));
    }
    for (const std::string_view text :
         {"", "age=0", "age=0&sums=0", "age=-1&sums=0&head=a", "age=0&sums=2&head=a",
          "age=99999999999999&sums=0&head=a", "head=a&sums=0&age=0&more=1"}) {
        INFO(text);
        CHECK_FALSE(parse_version(text, version_store, odd_name));
    }
}

TEST_CASE("a question about a version that says too little, too much or nonsense is refused") {
    const std::string id = "&id=00000000000000000000000000000000";
    REQUIRE(parse_version_question("bucket=b&key=k&age=0&sums=0" + id));

    for (const std::string& query :
         {std::string(), "bucket=b&key=k&age=0&sums=0" + std::string(), "key=k&age=0&sums=0" + id,
          "bucket=b&age=0&sums=0" + id, "bucket=b&key=k&age=x&sums=0" + id,
          "bucket=b&key=k&age=0&sums=yes" + id, "bucket=b&key=k&age=0&sums=0&etag=e" + id,
          "bucket=b&key=" + std::string(1025, 'k') + "&age=0&sums=0" + id}) {
        INFO(query);
        CHECK_FALSE(parse_version_question(query));
    }
}
