// frontend/cache_status.h
//
// X-Cache for people, and Cache-Status (RFC 9211) for machines.
#pragma once

#include <string>
#include <string_view>

#include "frontend/http/cache_word.h"
#include "frontend/http/head_writer.h"

namespace lode::frontend {

// A node's name as a structured-field string: "node-a" with its quotes.
[[nodiscard]] std::string cache_name_of(std::string_view node);

// `peer`: the node that answered us so, where another one did. `scratch` is overwritten.
void add_cache_status(http::head_writer& writer, std::string_view cache_name, cache_word word,
                      cache_detail detail, std::string& scratch, std::string_view peer = {});

}  // namespace lode::frontend
