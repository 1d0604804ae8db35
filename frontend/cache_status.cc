#include "frontend/cache_status.h"

#include <array>

namespace lode::frontend {

std::string cache_name_of(std::string_view node) {
    std::string made = "\"";
    for (const char c : node) {
        if (c < ' ' || c > '~') continue;
        if (c == '"' || c == '\\') made += '\\';
        made += c;
    }
    return made += '"';
}

void add_cache_status(http::head_writer& writer, std::string_view cache_name, cache_word word,
                      cache_detail detail, std::string& scratch, std::string_view peer) {
    writer.field("X-Cache", name_of(word));
    std::string_view what;
    switch (word) {
        case cache_word::hit: what = "; hit"; break;
        case cache_word::filling: what = "; fwd=miss; collapsed"; break;
        case cache_word::miss: what = "; fwd=miss; stored"; break;
        case cache_word::bypass: what = "; fwd=bypass"; break;
    }
    if (peer.empty()) {
        scratch.assign(cache_name).append(what);
    } else {
        scratch.assign(cache_name_of(peer)).append(what);
    }
    if (detail != cache_detail::none) scratch.append("; detail=").append(name_of(detail));
    if (!peer.empty()) scratch.append(", ").append(cache_name).append("; fwd=miss; detail=peer");
    writer.field("Cache-Status", scratch);
}

}  // namespace lode::frontend
