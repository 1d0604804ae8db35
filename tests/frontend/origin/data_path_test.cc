#include "frontend/origin/data_path.h"

#include <algorithm>
#include <utility>

#include "engine/base/log.h"
#include "tests/catch.h"
#include "tests/frontend/small_world.h"

using namespace lode;
using namespace lode::frontend;
using namespace std::chrono_literals;

namespace {

// Backends that go and come are told of in the log, and these do so all the time.
const bool quiet = (log::set_level(log::level::failure), true);

constexpr std::size_t data_mib = std::size_t{1} << 20U;

constexpr std::string_view authorisation =
    "Authorization: AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=00\r\nx-amz-date: 20260101T000000Z\r\n";

// The same with a signature that covers Range: the client's own answer must come from the store.
constexpr std::string_view hundred_signed =
    "Authorization: AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host;range;x-amz-date, Signature=00\r\nRange: bytes=0-99\r\n";

settings with_backends(std::vector<std::string> backends) {
    settings s;
    s.origin.backends = std::move(backends);
    return s;
}

// More than comes with the gateway's word.
constexpr std::size_t some = 100'000;
const std::string some_bytes = content(some);

std::string pointing_to(std::string_view location) {
    return "HTTP/1.1 307 Temporary Redirect\r\nLocation: " + std::string(location) +
           "\r\nContent-Length: 3\r\n\r\nfar";
}

// Whom bytes were fetched from, in order.
std::vector<std::string> places_of_data(const small_world& world) {
    std::vector<std::string> places;
    for (const auto& r : world.asked) {
        if (r.is_fetch()) places.push_back(r.place);
    }
    return places;
}

// The gateway points at `location` for data.
void redirect_data(small_world& world, std::string location) {
    world.instead = [location](const origin_request& r) -> std::optional<std::string> {
        if (r.place != "origin" || !r.is_fetch()) return std::nullopt;
        return pointing_to(location);
    };
}

}  // namespace

TEST_CASE("the gateway gives its word and a backend the bytes, as the client asked") {
    small_world world(1, with_backends({"http://b1:1"}));
    world.objects["/data/k"] = {.body = content(3 * data_mib)};

    const std::string answer = world.get("/data/k", authorisation);

    CHECK((body_of(answer) == content(3 * data_mib)));
    REQUIRE(world.asked.size() == 2);
    CHECK(world.asked[0].place == "origin");
    CHECK(world.asked[0].header("x-lode-location") == "zone=;node=n");
    CHECK(world.asked[1].place == "b1:1");
    CHECK(world.asked[1].header("host") == "127.0.0.1");
    CHECK(world.asked[1].header("authorization") == world.asked[0].header("authorization"));
    CHECK(world.asked[1].header("if-match") == "\"v1\"");
    CHECK(world.asked[1].header("x-lode-location").empty());
}

TEST_CASE("lode's own identity signs for the server that is asked") {
    small_world world(1, with_backends({"http://b1:1"}), own_identity);
    world.objects["/data/k"] = {.body = some_bytes};

    CHECK((body_of(world.get("/data/k", authorisation)) == some_bytes));

    REQUIRE(world.asked.size() == 2);
    CHECK(world.asked[1].place == "b1:1");
    CHECK(world.asked[1].header("host") == "b1:1");
    CHECK(world.asked[1].header("authorization").find("Credential=LODESOWNKEY/") !=
          std::string::npos);
}

TEST_CASE("idle backends are asked in turn") {
    small_world world(1, with_backends({"http://b1:1", "http://b2:1", "http://b3:1"}));
    for (const char* key : {"/data/1", "/data/2", "/data/3"}) {
        world.objects[key] = {.body = some_bytes};
        world.get(key);
    }

    auto places = places_of_data(world);
    std::ranges::sort(places);
    CHECK(places == std::vector<std::string>{"b1:1", "b2:1", "b3:1"});
}

TEST_CASE("a backend that refuses costs one attempt, is left out, and is tried again later") {
    small_world world(1, with_backends({"http://b1:1", "http://b2:1"}));
    world.unreachable = {"b1:1"};
    for (int i = 0; i < 6; ++i) {
        const std::string key = "/data/" + std::to_string(i);
        world.objects[key] = {.body = some_bytes};
        CHECK((body_of(world.get(key)) == some_bytes));
    }

    CHECK(std::ranges::count(world.dialled, "b1:1") == 1);
    CHECK(places_of_data(world) == std::vector<std::string>(6, "b2:1"));

    world.unreachable.clear();
    world.pass(2s);
    world.asked.clear();
    for (int i = 6; i < 10; ++i) {
        const std::string key = "/data/" + std::to_string(i);
        world.objects[key] = {.body = some_bytes};
        world.get(key);
    }
    CHECK(std::ranges::count(places_of_data(world), "b1:1") == 2);
}

TEST_CASE("without a backend that answers, the gateway gives the bytes") {
    small_world world(1, with_backends({"http://b1:1", "http://b2:1"}));
    world.unreachable = {"b1:1", "b2:1"};
    world.objects["/data/k"] = {.body = content(2 * data_mib)};

    CHECK((body_of(world.get("/data/k")) == content(2 * data_mib)));

    CHECK(places_of_data(world) == std::vector<std::string>{"origin"});
}

TEST_CASE("the gateway is asked once when a backend contradicts it") {
    const std::vector<std::string> contradictions = {
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 206 P\r\nETag: \"v0\"\r\nContent-Range: bytes 0-99999/100000\r\nContent-Length: "
        "100000\r\n\r\n" +
            std::string(some, 'X')};
    for (const std::string& said : contradictions) {
        CAPTURE(said);
        small_world world(1, with_backends({"http://b1:1", "http://b2:1"}));
        world.objects["/data/k"] = {.body = some_bytes};
        world.instead = [&](const origin_request& r) -> std::optional<std::string> {
            if (r.place == "origin") return std::nullopt;
            return said;
        };

        CHECK((body_of(world.get("/data/k")) == some_bytes));

        const auto places = places_of_data(world);
        REQUIRE(places.size() == 2);
        CHECK(places[0] != "origin");
        CHECK(places[1] == "origin");
    }
}

TEST_CASE("a backend that answers 503 is passed over for the next") {
    small_world world(1, with_backends({"http://b1:1", "http://b2:1"}));
    world.objects["/data/k"] = {.body = some_bytes};
    world.instead = [](const origin_request& r) -> std::optional<std::string> {
        if (r.place != "b1:1") return std::nullopt;
        return "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n";
    };

    for (int i = 0; i < 3; ++i) {
        CHECK((body_of(world.get("/data/k")) == some_bytes));
        world.drop_memory();
    }

    CHECK(std::ranges::count(places_of_data(world), "b1:1") == 1);
    CHECK(std::ranges::count(places_of_data(world), "origin") == 0);
}

TEST_CASE("a redirect is followed without the client's signature, and no client sees it") {
    small_world world;
    world.objects["/data/k"] = {.body = content(2 * data_mib)};
    world.objects["/elsewhere/k?x=1"] = world.objects["/data/k"];
    redirect_data(world, "http://far:9/elsewhere/k?x=1");

    const std::string answer = world.get("/data/k", std::string(authorisation) + "Cookie: a=b\r\n");

    CHECK(status_of(answer) == 200);
    CHECK((body_of(answer) == content(2 * data_mib)));
    REQUIRE(world.asked.size() == 3);
    const origin_request& far = world.asked[2];
    CHECK(far.place == "far:9");
    CHECK(far.target == "/elsewhere/k?x=1");
    CHECK(far.header("host") == "far:9");
    CHECK(far.header("authorization").empty());
    CHECK(far.header("x-amz-date").empty());
    CHECK(far.header("cookie").empty());
    CHECK(far.header("if-match") == "\"v1\"");
}

TEST_CASE("lode's identity signs anew where a redirect points, but not beside a signature") {
    for (const bool presigned : {false, true}) {
        CAPTURE(presigned);
        const std::string target = presigned ? "/data/k?X-Amz-Signature=00" : "/data/k";
        small_world world(1, {}, own_identity);
        world.objects["/data/k"] = {.body = some_bytes};
        world.objects[target] = {.body = some_bytes};
        redirect_data(world, "http://far:9" + target);

        CHECK((body_of(world.get("/data/k", authorisation)) == some_bytes));

        const origin_request& far = world.asked.back();
        CHECK(far.place == "far:9");
        CHECK(far.target == target);
        CHECK(far.header("host") == "far:9");
        CHECK(far.header("authorization").empty() == presigned);
        CHECK(far.header("authorization").find("Credential=K/") == std::string::npos);
    }
}

TEST_CASE("two hops are followed, three are not") {
    for (const int hops : {2, 3}) {
        CAPTURE(hops);
        small_world world;
        world.objects["/data/k"] = {.body = some_bytes};
        world.instead = [&](const origin_request& r) -> std::optional<std::string> {
            if (!r.is_fetch()) return std::nullopt;
            if (r.place == "origin") return pointing_to("http://far1/data/k");
            if (r.place == "far1") return pointing_to("http://far2/data/k");
            if (r.place == "far2" && hops == 3) return pointing_to("http://far3/data/k");
            return std::nullopt;
        };

        const std::string answer = world.get("/data/k");

        CHECK((body_of(answer) == some_bytes) == (hops == 2));
        CHECK(std::ranges::count(places_of_data(world), "far3") == 0);
    }
}

TEST_CASE("a redirect is no permission: the gateway must give its word first") {
    for (const bool allowed : {true, false}) {
        CAPTURE(allowed);
        small_world world(1, {}, own_identity);
        world.objects["/data/k"] = {.body = content(1000)};
        world.instead = [&](const origin_request& r) -> std::optional<std::string> {
            if (r.place != "origin") return std::nullopt;
            if (r.header("if-none-match") != "*") return pointing_to("http://far:9/data/k");
            return allowed ? "HTTP/1.1 304 Not Modified\r\n\r\n"
                           : "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
        };

        const std::string answer = world.get("/data/k", hundred_signed);

        CHECK(status_of(answer) == (allowed ? 206 : 307));
        if (allowed) CHECK((body_of(answer) == content(1000).substr(0, 100)));
        const auto far = std::ranges::count(world.asked, "far:9", &origin_request::place);
        CHECK((far > 0) == allowed);
    }
}

TEST_CASE("the gateway's own signature in a Location is its word") {
    small_world world;
    world.objects["/data/k"] = {.body = content(1000)};
    world.objects["/data/k?X-Amz-Signature=00"] = world.objects["/data/k"];
    world.instead = [](const origin_request& r) -> std::optional<std::string> {
        if (r.place != "origin") return std::nullopt;
        return pointing_to("http://far:9/data/k?X-Amz-Signature=00");
    };

    CHECK((body_of(world.get("/data/k", hundred_signed)) == content(1000).substr(0, 100)));
    const std::string head =
        world.talk("HEAD /data/k HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");

    CHECK(status_of(head) == 200);
    CHECK(header_of(head, "Content-Length") == "1000");
    CHECK(world.asked.back().place == "far:9");
    CHECK(world.asked.back().method == "HEAD");
}

TEST_CASE("redirects of anything but an object's bytes, and to another region, are the client's") {
    small_world world(1, {}, own_identity);
    world.instead = [](const origin_request& r) -> std::optional<std::string> {
        std::string answer = pointing_to("http://far:9" + r.target + "?X-Amz-Signature=00");
        if (r.target == "/data/k") answer.insert(answer.find("Loc"), "x-amz-bucket-region: eu\r\n");
        return answer;
    };
    const std::string rest = " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n";

    for (const char* what : {"GET /data/", "PUT /data/new", "DELETE /data/new", "HEAD /data"}) {
        CAPTURE(what);
        const std::string answer = world.talk(what + rest);
        CHECK(status_of(answer) == 307);
        CHECK(header_of(answer, "Location").starts_with("http://far:9/data"));
    }
    CHECK(status_of(world.get("/data/k")) == 307);
    CHECK(std::ranges::count(world.asked, "far:9", &origin_request::place) == 0);
}

TEST_CASE("the bytes of a version are where the gateway said last") {
    small_world world;
    const auto points_to = [](const char* where) {
        return "x-lode-direct-path: http://" + std::string(where) + "\r\n";
    };
    world.objects["/data/k"] = {.body = content(2 * data_mib), .metadata = points_to("d1:1")};

    const std::string first = world.get("/data/k", authorisation);
    CHECK((body_of(first) == content(2 * data_mib)));
    CHECK(header_of(first, "x-lode-direct-path").empty());
    CHECK(places_of_data(world) == std::vector<std::string>{"d1:1"});
    CHECK(world.asked.back().header("host") == "127.0.0.1");
    CHECK(world.asked.back().header("authorization") ==
          world.asked.front().header("authorization"));

    // A 304 that points elsewhere, and then nowhere.
    for (const std::string where : {"d2:1", "origin"}) {
        CAPTURE(where);
        world.drop_memory();
        world.asked.clear();
        world.instead = [&](const origin_request& r) -> std::optional<std::string> {
            if (r.is_fetch()) return std::nullopt;
            return "HTTP/1.1 304 Not Modified\r\n" +
                   (where == "origin" ? std::string() : points_to(where.c_str())) + "\r\n";
        };
        CHECK((body_of(world.get("/data/k")) == content(2 * data_mib)));
        CHECK(places_of_data(world) == std::vector<std::string>{where});
    }
}

TEST_CASE("the direct path comes before the backends, and they before the gateway") {
    small_world world(1, with_backends({"http://b1:1"}));
    world.objects["/data/k"] = {.body = some_bytes,
                                .metadata = "x-lode-direct-path: http://d1:1\r\n"};
    world.unreachable = {"d1:1"};

    world.get("/data/k");
    CHECK(world.dialled == std::vector<std::string>{"origin", "d1:1", "b1:1"});

    world.objects["/data/l"] = world.objects["/data/k"];
    world.unreachable = {"b1:1"};
    world.pass(2s);
    world.get("/data/l");
    CHECK(world.asked.back().place == "d1:1");
}

TEST_CASE("a direct path that is shown to a client that is passed through is not") {
    small_world world;
    world.objects["/data/k"] = {.body = some_bytes,
                                .metadata = "x-lode-direct-path: http://d1:1\r\n"};

    const std::string answer = world.get("/data/k", "Cache-Control: no-store\r\n");

    CHECK(header_of(answer, "ETag") == "\"v1\"");
    CHECK(header_of(answer, "x-lode-direct-path").empty());
}

TEST_CASE("no more places are remembered than the limit, and new ones can still be asked") {
    small_world world;
    for (int i = 0; i < 70; ++i) {
        const std::string key = "/data/" + std::to_string(i);
        world.objects[key] = {
            .body = some_bytes,
            .metadata = "x-lode-direct-path: http://d" + std::to_string(i) + "\r\n"};
        CHECK((body_of(world.get(key)) == some_bytes));
        CHECK(world.asked.back().place == "d" + std::to_string(i));
    }

    CHECK(world.serving().data.hosts().value() == 64);
    CHECK(world.serving().data.pointed().requests.value() == 70);
    CHECK(world.serving().data.pointed().bytes.value() == 70 * some);
}

TEST_CASE("a backend that breaks off in a body is a failure like any other") {
    small_world world(1, with_backends({"http://b1:1"}));
    world.objects["/data/k"] = {.body = content(3 * data_mib)};
    bool broke_off = false;
    world.instead = [&](const origin_request& r) -> std::optional<std::string> {
        if (r.place != "b1:1" || std::exchange(broke_off, true)) return std::nullopt;
        return "HTTP/1.1 206 P\r\nETag: \"v1\"\r\nContent-Range: bytes 0-3145727/3145728\r\n"
               "Content-Length: 3145728\r\n\r\n" +
               content(3 * data_mib).substr(0, data_mib + 5);
    };

    const std::string answer = world.get("/data/k");

    CHECK(content(3 * data_mib).starts_with(body_of(answer)));
    CHECK(world.serving().data.backend(0).failures.value() == 1);
    CHECK(world.serving().data.backend(0).up.value() == 0);
    CHECK((body_of(world.get("/data/k")) == content(3 * data_mib)));
    CHECK(std::ranges::count(places_of_data(world), "b1:1") == 1);
}

TEST_CASE("a backend that answers for other bytes than it was asked for is one that fails") {
    small_world world(1, with_backends({"http://b1:1"}));
    world.objects["/data/k"] = {.body = some_bytes};
    world.instead = [&](const origin_request& r) -> std::optional<std::string> {
        if (r.place != "b1:1") return std::nullopt;
        return "HTTP/1.1 206 P\r\nETag: \"v1\"\r\nContent-Range: bytes 1-99999/100000\r\n"
               "Content-Length: 99999\r\n\r\n" +
               content(some - 1);
    };

    CHECK((body_of(world.get("/data/k")) == some_bytes));
    CHECK(world.serving().data.backend(0).failures.value() == 1);
}
