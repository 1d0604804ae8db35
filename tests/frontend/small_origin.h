// tests/frontend/small_origin.h
//
// An origin of a few lines: keeps objects in a map, honours conditions and ranges, writes down what it was
// asked, and misbehaves when told. Whoever dials it gets a simulated stream.
//
//   Lifetime  end() must have been awaited before destruction, when nobody is connected any more.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/runtime/scope.h"
#include "engine/runtime/simulated_stream.h"
#include "frontend/http/dialer.h"
#include "frontend/http/message.h"

namespace lode::frontend {

struct stored_object {
    std::string body;
    std::string etag = "\"v1\"";
    std::string modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    std::string metadata;                 // further header lines
    std::vector<std::size_t> parts = {};  // lengths; none: the origin does not answer part numbers
    std::string checksum = {};  // a line that is sent with whole answers to those who want it
    // MD5 of the customer's key without which no byte is given out. As at radosgw, conditions come first:
    // who asks with the right ETag gets a 304 without a key.
    std::string customer_key_md5 = {};
};

struct origin_request {
    std::string place;  // which server was asked: "origin" for the gateway, else its authority
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    unsigned status = 0;       // what it answered
    std::size_t body_out = 0;  // with how many bytes of body

    [[nodiscard]] std::string header(std::string_view name) const;

    // Whether it is a fetch: the question about the version has been answered before.
    [[nodiscard]] bool is_fetch() const { return !header("if-match").empty(); }
};

class small_origin {
  public:
    // Objects by target ("/bucket/key").
    std::map<std::string, stored_object> objects;
    // What the origin was asked, in order.
    std::vector<origin_request> asked;
    // Where set, and where it returns something, this is the raw answer.
    std::function<std::optional<std::string>(const origin_request&)> instead;
    // The origin closes the connection after this many bytes of a body.
    std::optional<std::size_t> break_body_after;
    bool reachable = true;
    // It keeps finer times than it tells, so that nothing is unmodified since the second that it told.
    bool keeps_fractions = false;
    // Other servers that cannot be reached, by authority; and every attempt to reach one. All of them
    // have the origin's objects.
    std::set<std::string> unreachable;
    std::vector<std::string> dialled;
    // Whether the origin says 100 Continue; else it answers on the head alone.
    bool invites = true;
    // How long it thinks before it answers, and how much longer about a fetch.
    duration thinks{0};
    duration fetch_thinks{0};
    // What the wire to it is like.
    engine::simulated_stream::options wire = {};

    // `place`: which of the servers is dialled, "origin" for the gateway.
    [[nodiscard]] std::unique_ptr<http::dialer> way_to(std::string place);

    // Bytes of bodies that it has sent, and those of fetches.
    [[nodiscard]] std::size_t body_bytes() const;
    [[nodiscard]] std::size_t fetched_bytes() const;

    engine::task<void> end();

  private:
    class dialer;

    std::string answer_of(origin_request& request, std::span<const http::header> headers,
                          bool& keep);

    engine::scope connections_;
};

// A request without a body and with extra header lines ("Range: bytes=0-1\r\n").
[[nodiscard]] std::string request_text(std::string_view method, std::string_view target,
                                       std::string_view lines = {});

// Of a raw answer.
[[nodiscard]] unsigned status_of(std::string_view answer);
[[nodiscard]] std::string header_of(std::string_view answer, std::string_view name);
[[nodiscard]] std::string body_of(std::string_view answer);

// Deterministic content.
[[nodiscard]] std::string content(std::size_t length, std::uint64_t seed = 1);

}  // namespace lode::frontend
