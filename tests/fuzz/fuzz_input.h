// tests/fuzz/fuzz_input.h
//
// What the fuzzers share: a request's head made from arbitrary bytes, and a check that holds in
// every build.
//
// The first line is "METHOD TARGET", each further line "name:value". Nothing is validated: the code
// under test must cope with whatever comes out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "frontend/http/header.h"

namespace lode::fuzz {

inline void must_hold(bool fact, const char* promise) {
    if (fact) return;
    std::fprintf(stderr, "broken promise: %s\n", promise);
    std::abort();
}

struct head {
    std::string_view method;
    std::string_view target;
    std::vector<frontend::http::header> headers;
};

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

inline std::string_view take_until(std::string_view& rest, char separator) {
    const auto end = std::min(rest.find(separator), rest.size());
    const auto taken = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return taken;
}

inline head read_head(std::string_view text) {
    head out;
    std::string_view line = take_until(text, '\n');
    out.method = take_until(line, ' ');
    out.target = line;
    while (!text.empty()) {
        line = take_until(text, '\n');
        const auto name = take_until(line, ':');
        out.headers.push_back({name, line});
    }
    return out;
}

}  // namespace lode::fuzz
