// Where the operator accepts an older word of the origin: when it is used, and when not.
#include <chrono>

#include "tests/catch.h"
#include "tests/frontend/access/local_world.h"

using namespace lode;
using namespace lode::frontend;
using namespace std::chrono_literals;

namespace {

// The origin answers whatever changes something, and what becomes of its objects is the test's to say.
void takes_writes(small_world& world) {
    world.instead = [](const origin_request& r) -> std::optional<std::string> {
        if (r.method == "GET" || r.method == "HEAD") return std::nullopt;
        return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    };
}

client_request read_of(std::string target) { return {.target = std::move(target)}; }

}  // namespace

TEST_CASE("a word that is recent enough is not asked for again, and an older one is") {
    local_world w(bounded(10s));
    w.world.objects["/data/k"] = {.body = "old"};
    (void)w.ask(writer_key, read_of("/data/k"));
    w.world.asked.clear();
    w.world.objects["/data/k"] = {.body = "newer", .etag = "\"v2\""};

    const std::string soon = w.ask(writer_key, read_of("/data/k"));
    const std::size_t asked = w.world.asked.size();
    w.world.pass(11s);
    const std::string late = w.ask(writer_key, read_of("/data/k"));

    CHECK(body_of(soon) == "old");
    CHECK(header_of(soon, "X-Cache") == "HIT");
    CHECK(asked == 0);
    CHECK(body_of(late) == "newer");
    CHECK(w.world.serving().gateway.stats().recent.value() == 1);
}

TEST_CASE("who says no-cache has even a recent word confirmed") {
    local_world w(bounded(1h));
    w.world.objects["/data/k"] = {.body = "old"};
    (void)w.ask(writer_key, read_of("/data/k"));
    w.world.objects["/data/k"] = {.body = "newer", .etag = "\"v2\""};

    const std::string unasked = w.ask(writer_key, read_of("/data/k"));
    const std::string confirmed =
        w.ask(writer_key, {.target = "/data/k", .unsigned_lines = "Cache-Control: no-cache\r\n"});

    CHECK(body_of(unasked) == "old");
    CHECK(body_of(confirmed) == "newer");
}

TEST_CASE("a write that passes by is seen at once, whatever version it names") {
    struct write {
        std::string method;
        std::string target;
    };
    const write writes[] = {{"PUT", "/data/k"},
                            {"DELETE", "/data/k"},
                            {"DELETE", "/data/k?versionId=v7"},
                            {"POST", "/data/k?uploadId=u"},
                            {"POST", "/data?delete"}};
    for (const auto& [method, target] : writes) {
        for (const auto* read : {"/data/k", "/data/k?versionId=null"}) {
            INFO(method << " " << target << ", then " << read);
            local_world w(bounded(1h));
            w.world.objects["/data/k"] = {.body = "old"};
            (void)w.ask(writer_key, read_of(read));
            CHECK(body_of(w.ask(writer_key, read_of(read))) == "old");
            takes_writes(w.world);

            const std::string written =
                w.ask(chief_key, {.method = method, .target = target, .body = "x"});
            w.world.objects["/data/k"] = {.body = "newer", .etag = "\"v2\""};

            CHECK(status_of(written) == 200);
            CHECK(body_of(w.ask(writer_key, read_of(read))) == "newer");
        }
    }
}

TEST_CASE("a write whose answer got lost counts as one") {
    local_world w(bounded(1h));
    w.world.objects["/data/k"] = {.body = "old"};
    (void)w.ask(writer_key, read_of("/data/k"));
    w.world.instead = [](const origin_request& r) -> std::optional<std::string> {
        if (r.method == "PUT") return "nonsense\r\n\r\n";
        return std::nullopt;
    };

    (void)w.ask(writer_key, {.method = "PUT", .target = "/data/k", .body = "newer"});
    w.world.objects["/data/k"] = {.body = "newer", .etag = "\"v2\""};

    CHECK(body_of(w.ask(writer_key, read_of("/data/k"))) == "newer");
}

TEST_CASE("what the operator says of a prefix counts for it alone") {
    settings s = with_mode(auth_mode::local);
    s.consistency.rules = {
        {.bucket = "data", .prefix = "slow/", .mode = consistency_mode::bounded, .max_stale = 1h},
        {.bucket = "data", .prefix = "slow/but/"}};
    local_world w(s);
    for (const auto& [target, asks] :
         {std::pair{"/data/slow/k", false}, {"/data/slow/but/k", true}, {"/data/k", true}}) {
        INFO(target);
        w.world.objects[target] = {.body = "content"};
        (void)w.ask(writer_key, read_of(target));
        w.world.asked.clear();

        CHECK(header_of(w.ask(writer_key, read_of(target)), "X-Cache") == "HIT");

        CHECK(w.world.asked.empty() == !asks);
    }
}
