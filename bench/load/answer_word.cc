#include "bench/load/answer_word.h"

#include <string>

namespace lode::bench {
namespace {

using frontend::http::equal_ignoring_case;
using frontend::http::find_header;
using frontend::http::trim;

// The value of detail= in the list's last member.
std::string_view last_detail(std::string_view cache_status) {
    const auto comma = cache_status.rfind(',');
    if (comma != std::string_view::npos) cache_status.remove_prefix(comma + 1);
    constexpr std::string_view name = "detail=";
    const auto at = cache_status.find(name);
    if (at == std::string_view::npos) return {};
    cache_status.remove_prefix(at + name.size());
    return trim(cache_status.substr(0, cache_status.find(';')));
}

answer_word hit_from(std::string_view detail) {
    if (detail == "memory") return answer_word::hit_memory;
    if (detail == "disk") return answer_word::hit_disk;
    if (detail == "peer") return answer_word::hit_peer;
    return answer_word::hit;
}

}  // namespace

std::string_view name_of(answer_word w) {
    switch (w) {
        case answer_word::hit: return "HIT";
        case answer_word::hit_memory: return "HIT memory";
        case answer_word::hit_disk: return "HIT disk";
        case answer_word::hit_peer: return "HIT peer";
        case answer_word::filling: return "FILLING";
        case answer_word::miss: return "MISS";
        case answer_word::bypass: return "BYPASS";
        case answer_word::unsaid: return "unsaid";
    }
    return "unsaid";
}

answer_word word_of(std::span<const frontend::http::header> headers) {
    const auto word = find_header(headers, "X-Cache");
    if (!word) return answer_word::unsaid;
    if (equal_ignoring_case(*word, "MISS")) return answer_word::miss;
    if (equal_ignoring_case(*word, "FILLING")) return answer_word::filling;
    if (equal_ignoring_case(*word, "BYPASS")) return answer_word::bypass;
    if (!equal_ignoring_case(*word, "HIT")) return answer_word::unsaid;
    return hit_from(last_detail(find_header(headers, "Cache-Status").value_or("")));
}

cache_words named(const word_counts& counts) {
    cache_words words;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] > 0) words[std::string(name_of(static_cast<answer_word>(i)))] = counts[i];
    }
    return words;
}

}  // namespace lode::bench
