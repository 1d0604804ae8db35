#include "cluster/etcd_answers.h"

#include <fmt/format.h>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace lode::cluster {
namespace {

constexpr auto* range_answer =
    R"({"header":{"cluster_id":"14841639068965178418","member_id":"10276657743932975437",)"
    R"("revision":"9007199254740993","raft_term":"2"},"kvs":[{"key":"L2EvMQ==","create_revision":"2",)"
    R"("mod_revision":"7","version":"1","value":"eyJ9","lease":"7587881829139079182"},)"
    R"({"key":"L2EvMg==","mod_revision":"8"},{"key":"???"},{"value":"eyJ9"}],"count":"4"})";

constexpr auto* event_line =
    R"({"result":{"header":{"revision":"9"},"events":[{"kv":{"key":"L2EvMQ==","value":"eA==",)"
    R"("mod_revision":"9"}},{"type":"DELETE","kv":{"key":"L2EvMg==","mod_revision":"9"}},)"
    R"({"type":"BURN","kv":{"key":"L2EvMg=="}},{}]}})";

// A text that was right, with some bytes changed and the end cut off.
template <class Parse>
void survives(std::string_view right, Parse parse) {
    lode::random chance(11);
    for (int i = 0; i < 10'000; ++i) {
        std::string broken(right);
        for (int changes = 0; changes <= 2; ++changes) {
            broken[chance.below(broken.size())] = static_cast<char>(chance.below(256));
        }
        broken.resize(chance.below(broken.size() + 1));
        parse(broken);
    }
}

}  // namespace

TEST_CASE("a range has a revision and entries, and counts those that cannot be read") {
    const auto found = parse_etcd_range(range_answer);

    REQUIRE(found);
    CHECK(found->revision == 9007199254740993ULL);
    REQUIRE(found->entries.size() == 2);
    CHECK(found->entries[0].key == "/a/1");
    CHECK(found->entries[0].value == "{\"}");
    CHECK(found->entries[0].revision == 7);
    CHECK(found->entries[0].lease == 7587881829139079182ULL);
    CHECK(found->entries[1].value.empty());
    CHECK(found->entries[1].lease == 0);
    CHECK(found->broken == 2);
}

TEST_CASE("a range of nothing is one, and what is no range is refused") {
    CHECK(parse_etcd_range(R"({"header":{"revision":"3"}})")->entries.empty());
    for (const auto* body :
         {"", "null", "[]", "{}", R"({"header":{}})", R"({"header":{"revision":"x"}})",
          R"({"header":{"revision":"-3"}})", R"({"header":{"revision":"3"},"kvs":{}})", "<html>"}) {
        INFO(body);
        CHECK_FALSE(parse_etcd_range(body));
    }
}

TEST_CASE("news are puts and removals") {
    const auto news = parse_etcd_news(event_line);

    REQUIRE(news);
    CHECK(news->revision == 9);
    REQUIRE(news->events.size() == 2);
    CHECK(news->events[0].what == etcd_event::kind::put);
    CHECK(news->events[0].entry.value == "x");
    CHECK(news->events[1].what == etcd_event::kind::removed);
    CHECK(news->events[1].entry.key == "/a/2");
    CHECK(news->broken == 2);
    CHECK_FALSE(news->is_over);
}

TEST_CASE("a watch tells that it has begun, was compacted, or is over") {
    const auto begun = parse_etcd_news(R"({"result":{"header":{"revision":"9"},"created":true}})");
    REQUIRE(begun);
    CHECK(begun->events.empty());
    CHECK_FALSE(begun->is_over);

    const auto compacted = parse_etcd_news(
        R"({"result":{"header":{"revision":"9"},"canceled":true,"compact_revision":"5"}})");
    REQUIRE(compacted);
    CHECK(compacted->is_over);
    CHECK(compacted->compacted);

    const auto denied = parse_etcd_news(
        R"({"result":{"header":{},"created":true,"canceled":true,"cancel_reason":"permission denied"}})");
    REQUIRE(denied);
    CHECK(denied->is_over);
    CHECK_FALSE(denied->compacted);
    CHECK(denied->reason == "permission denied");

    const auto failed =
        parse_etcd_news(R"({"error":{"grpc_code":14,"message":"transport\nis closing"}})");
    REQUIRE(failed);
    CHECK(failed->is_over);
    CHECK(failed->reason == "transport?is closing");

    for (const auto* line : {"", "{}", "{\"result\":{\"events\":{}}}", "x"}) {
        INFO(line);
        CHECK_FALSE(parse_etcd_news(line));
    }
}

TEST_CASE("a lease that is over has no time left") {
    CHECK(parse_etcd_grant(R"({"header":{},"ID":"7","TTL":"10"})")->seconds == 10);
    CHECK_FALSE(parse_etcd_grant(R"({"header":{},"TTL":"10"})"));
    CHECK_FALSE(parse_etcd_grant(R"({"ID":"0","TTL":"10"})"));
    const auto kept =
        parse_etcd_keepalive("{\"result\":{\"header\":{},\"ID\":\"7\",\"TTL\":\"9\"}}\n");
    REQUIRE(kept);
    CHECK(kept->id == 7);
    CHECK(kept->seconds == 9);
    CHECK(parse_etcd_keepalive(R"({"result":{"header":{},"ID":"7"}})")->seconds == 0);
    CHECK_FALSE(parse_etcd_keepalive(R"({"error":{}})"));
}

TEST_CASE("a token fits into a header, or is none") {
    CHECK(*parse_etcd_token(R"({"header":{},"token":"abc.7"})") == "abc.7");
    for (const auto* body :
         {"", "{}", R"({"token":""})", R"({"token":"a\r\nb"})", R"({"token":7})"}) {
        CHECK_FALSE(parse_etcd_token(body));
    }
}

TEST_CASE("a transaction tells whether its conditions held") {
    CHECK(*parse_etcd_transaction(R"({"header":{"revision":"4"},"succeeded":true})"));
    CHECK_FALSE(*parse_etcd_transaction(R"({"header":{"revision":"4"}})"));
    CHECK_FALSE(parse_etcd_transaction("{}").has_value());
}

TEST_CASE("a complaint is one short line, whatever was said") {
    CHECK(parse_etcd_complaint(R"({"error":"e","code":5,"message":"etcdserver: x"})") ==
          "etcdserver: x");
    CHECK(parse_etcd_complaint(R"({"error":"only this"})") == "only this");
    CHECK(parse_etcd_complaint(R"({"error":{"message":"in a stream"}})") == "in a stream");
    CHECK(parse_etcd_complaint("<html>").empty());
    CHECK(parse_etcd_complaint(R"({"message":"a\nb"})") == "a?b");
    CHECK(
        parse_etcd_complaint(fmt::format(R"({{"message":"{}"}})", std::string(5000, 'x'))).size() ==
        200);
}

TEST_CASE("Base64 is that of RFC 4648") {
    const std::pair<std::string, std::string> pairs[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"},
                                                         {"\xff\xfe\xfb", "//77"}};
    for (const auto& [plain, coded] : pairs) {
        CHECK(to_base64(plain) == coded);
        CHECK(from_base64(coded) == plain);
    }
    for (const auto* text : {"Zg", "Zg=", "Z===", "====", "Zm9v!m8=", "Zg==Zg==", "Zm 9"}) {
        INFO(text);
        CHECK_FALSE(from_base64(text));
    }
}

TEST_CASE("the end of a prefix is behind all that begins with it") {
    CHECK(end_of_prefix("/lode/nodes/") == "/lode/nodes0");
    CHECK(end_of_prefix("a\xff") == "b");
}

TEST_CASE("answers that are broken anywhere are refused or read, and nothing else happens") {
    survives(range_answer, [](const std::string& text) { (void)parse_etcd_range(text); });
    survives(event_line, [](const std::string& text) { (void)parse_etcd_news(text); });
    survives(event_line, [](const std::string& text) { (void)parse_etcd_complaint(text); });
    survives(R"({"result":{"header":{},"ID":"7","TTL":"9"}})", [](const std::string& text) {
        (void)parse_etcd_keepalive(text);
        (void)parse_etcd_grant(text);
    });
    CHECK_FALSE(parse_etcd_range(std::string(1'000'000, '[')));
    CHECK_FALSE(parse_etcd_news(std::string(1'000'000, '{')));
}

}  // namespace lode::cluster
