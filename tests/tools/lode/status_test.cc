#include "tools/lode/status.h"

#include "tests/catch.h"
#include "tools/lode/admin_client.h"

using namespace lode::tools;

namespace {

constexpr std::string_view page = R"(# HELP lode_info Which node this is
# TYPE lode_info gauge
lode_info{node="node a",version="0.1.0"} 1
lode_uptime_seconds 3725
lode_cores 2
lode_requests_total{status="2xx"} 90
lode_requests_total{status="4xx"} 8
lode_requests_total{status="5xx"} 2
lode_object_reads_total{cache="HIT"} 30
lode_object_reads_total{cache="MISS"} 10
lode_object_read_bytes_total{cache="HIT"} 1024
lode_object_read_bytes_total{cache="MISS"} 1024
lode_sent_bytes_total 1610612736
lode_received_bytes_total 0
lode_connections 5
lode_connections_refused_total 0
lode_origin_connections_total{event="opened"} 99
lode_origin_connections{state="in_use"} 3
lode_origin_connections{state="idle"} 4
lode_request_seconds_bucket{le="+Inf"} 7
lode_request_seconds_sum 0.125
lode_store_memory_used_bytes 1073741824
lode_store_memory_capacity_bytes 4294967296
)";

std::string status_of(std::string_view text) {
    const auto parsed = parse_metrics(text);
    return parsed ? print_status(*parsed) : parsed.error();
}

std::string answer(std::string_view text) {
    const auto parsed = parse_admin_answer(text);
    return parsed ? std::to_string(parsed->status) + " " + parsed->body : parsed.error();
}

}  // namespace

TEST_CASE("the status sums up the metrics for people") {
    CHECK(status_of(page) ==
          "lode node a, version 0.1.0, up 1 h 2 min, 2 cores\n"
          "\n"
          "  clients       5 connected, 100 requests (8 of them 4xx, 2 5xx)\n"
          "  object reads  40; served from the cache: 75.0% of them, 50.0% of their bytes\n"
          "  bytes         1.5GiB sent to clients, 0B received from them\n"
          "  memory        1GiB of 4GiB used\n"
          "  devices       none\n"
          "  origin        3 connections in use, 4 idle\n");
}

TEST_CASE("the status names each device that is out of service, and what brings it back") {
    const std::string said = status_of(
        "lode_info{} 1\n"
        "lode_store_device_in_service{device=\"/dev/nvme0n1\"} 1\n"
        "lode_store_device_in_service{device=\"/var/lib/lode/cache 1\"} 0\n");

    CHECK(
        said.contains("  trouble       /var/lib/lode/cache 1 is out of service; "
                      "`lode device in /var/lib/lode/cache 1` takes it back\n"));
    CHECK_FALSE(said.contains("nvme0n1"));
}

TEST_CASE("the status says how many backends serve, how much came from there, and which do not") {
    const std::string said = status_of(
        "lode_info{} 1\n"
        "lode_backend_bytes_total{backend=\"http://a:1\"} 1024\n"
        "lode_backend_bytes_total{backend=\"pointed at\"} 1024\n"
        "lode_backend_bytes_total{backend=\"gateway\"} 77777\n"
        "lode_backend_in_service{backend=\"http://a:1\"} 1\n"
        "lode_backend_in_service{backend=\"http://b:1\"} 0\n");

    CHECK(said.contains("  backends      1 of 2 in service; 2KiB read past the gateway\n"));
    CHECK(said.contains("  trouble       backend http://b:1 is out of service\n"));
    CHECK_FALSE(status_of(page).contains("backends"));
}

TEST_CASE("a node that has served nothing has no shares") {
    CHECK(status_of("lode_info{} 1\n").contains("served from the cache: none of them"));
}

TEST_CASE("the status names trouble, and only trouble that there is") {
    CHECK_FALSE(status_of(page).contains("trouble"));
    CHECK(status_of(std::string(page) + "lode_store_checksum_failures_total 2\n")
              .ends_with("  trouble       2 chunks came off a device damaged\n"));
}

TEST_CASE("a page that is not lode's is refused") {
    CHECK(status_of("") == "The metrics page has no lode_info: it is not lode's.");
    CHECK(status_of("go_threads 7\n") == "The metrics page has no lode_info: it is not lode's.");
    CHECK(status_of("<html>\n") == "The metrics page has a line that is no sample: \"<html>\".");
    CHECK(status_of("lode_cores two\n") ==
          "The metrics page has a line that is no sample: \"lode_cores two\".");
    CHECK(status_of(" 1\n") == "The metrics page has a line that is no sample: \" 1\".");
}

TEST_CASE("an answer of the admin port has a status and a body of its length") {
    CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc") == "200 abc");
    CHECK(answer("HTTP/1.1 404 Not Found\r\nX: y\r\ncontent-LENGTH:0\r\n\r\n") == "404 ");
}

TEST_CASE("an answer that is cut off or not from lode is refused") {
    const std::string strange = "does not answer as lode's admin port does.";
    CHECK(answer("") == strange);
    CHECK(answer("HTTP/1.1 200 OK\r\n") == strange);
    CHECK(answer("SSH-2.0-x\r\n\r\n") == strange);
    CHECK(answer("HTTP/1.1 xyz\r\nContent-Length: 0\r\n\r\n") == strange);
    CHECK(answer("HTTP/1.1 200 OK\r\n\r\nabc") == strange);
    CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n") == strange);
    CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n") == strange);
    CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc") ==
          "sent 3 bytes of an answer of 4.");
    CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc") ==
          "sent 3 bytes of an answer of 2.");
}

TEST_CASE("an admin port is asked only by a plain URL, and nobody there is said so") {
    const auto other = ask_admin("https://127.0.0.1:1", "GET", "/metrics");
    REQUIRE_FALSE(other);
    CHECK(other.error() ==
          "https://127.0.0.1:1 is not the URL of an admin port; expected one such as "
          "http://127.0.0.1:9002.");

    const auto nobody = ask_admin("http://127.0.0.1:1", "GET", "/metrics");
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error() ==
          "lode's admin port at http://127.0.0.1:1 cannot be reached: Connection refused.");
}

TEST_CASE("a lode that does not authenticate its clients says so first") {
    const std::string text = std::string(page) + "lode_auth_mode{mode=\"trust\"} 1\n";

    CHECK(status_of(text).starts_with("WARNING: clients are NOT authenticated"));
    CHECK_FALSE(
        status_of(std::string(page) + "lode_auth_mode{mode=\"local\"} 1\n").starts_with("WARNING"));
}

TEST_CASE("a key file that cannot be used is said first, and how many keys there are") {
    const std::string local = std::string(page) +
                              "lode_access_keys 3\n"
                              "lode_admissions_total{outcome=\"admitted\"} 10\n"
                              "lode_admissions_total{outcome=\"anonymous\"} 2\n"
                              "lode_admissions_total{outcome=\"no_right\"} 1\n"
                              "lode_admissions_total{outcome=\"expired\"} 4\n";

    CHECK(status_of(local + "lode_key_file_current 0\n").starts_with("WARNING: the key file"));
    const std::string good = status_of(local + "lode_key_file_current 1\n");
    CHECK_FALSE(good.starts_with("WARNING"));
    CHECK(good.find("keys          3 of clients; 10 requests admitted, 2 anonymous, 5 refused") !=
          std::string::npos);
}
