#include "frontend/origin/redirect.h"

#include <vector>

#include "frontend/origin/node_location.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::origin;

namespace {

std::optional<redirect> to(std::string_view location, unsigned status = 307,
                           std::vector<http::header> more = {}) {
    more.push_back({"Location", location});
    http::response_head head;
    head.status = status;
    head.headers = more;
    return redirect_of(head);
}

}  // namespace

TEST_CASE("a redirect says which server to ask, and for what") {
    const auto plain = to("https://far.example/b/a%20b?partNumber=2#top");

    REQUIRE(plain);
    CHECK(plain->where.url() == "https://far.example");
    CHECK(plain->target == "/b/a%20b?partNumber=2");
    CHECK(!plain->carries_signature);
    CHECK(to("http://[::1]:9/k", 302)->where.authority() == "[::1]:9");
    CHECK(to("http://far")->target == "/");
    CHECK(to("http://far?x=1")->target == "/?x=1");
}

TEST_CASE("a signature in the query of a Location is noticed, whatever its version") {
    CHECK(to("http://far/k?X-Amz-Signature=00")->carries_signature);
    CHECK(to("http://far/k?a=b&Signature=00&Expires=1")->carries_signature);
    CHECK(!to("http://far/k?NoSignature=00")->carries_signature);
    CHECK(!to("http://far/Signature=00")->carries_signature);
}

TEST_CASE("what is not lode's to follow is no redirect") {
    CHECK(!to("http://far/k", 301));
    CHECK(!to("http://far/k", 200));
    CHECK(!to("/b/k"));
    CHECK(!to("//far/k"));
    CHECK(!to("ftp://far/k"));
    CHECK(!to("http://me:secret@far/k"));
    CHECK(!to("http://far/a b"));
    CHECK(!to("http://far/a\r\nX: y"));
    CHECK(!to(""));
    CHECK(to("http://far/" + std::string(8192 - 11, 'a')));
    CHECK(!to("http://far/" + std::string(8192 - 10, 'a')));
    // Another region's endpoint wants another signature of the client.
    CHECK(!to("http://far/k", 307, {{"x-amz-bucket-region", "eu-west-1"}}));
}

TEST_CASE("the direct path is a URL of a server, or nothing") {
    const auto stated = [](std::string_view value) {
        const http::header field{.name = "X-Lode-Direct-Path", .value = value};
        return direct_path_of({&field, 1});
    };

    CHECK(stated("http://10.0.0.1:8000") == "http://10.0.0.1:8000");
    CHECK(stated("10.0.0.1:8000").empty());
    CHECK(stated("http://10.0.0.1/path").empty());
    CHECK(direct_path_of({}).empty());
}

TEST_CASE("a node's location is plain text, whatever the names are") {
    CHECK(node_location("rack-7", "n12.lan") == "zone=rack-7;node=n12.lan");
    CHECK(node_location("", "n") == "zone=;node=n");
    CHECK(node_location("a;node=b", "x\r\ny z") == "zone=a_node_b;node=x__y_z");
    CHECK(node_location(std::string(65, 'z'), "n") == "zone=" + std::string(64, 'z') + ";node=n");
}
