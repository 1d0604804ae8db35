#include "frontend/peer/wire.h"

#include <limits>

#include "frontend/peer/fields.h"

namespace lode::frontend::peer {
namespace {

constexpr std::string_view root = "/lode/";
constexpr std::uint64_t protocol_max = std::numeric_limits<std::uint32_t>::max();

std::optional<std::uint32_t> protocol_in(std::string_view text) {
    const auto number = decimal(text, protocol_max);
    if (!number || *number == 0) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

}  // namespace

std::string path_of(std::uint32_t protocol, std::string_view word) {
    std::string path(root);
    path += std::to_string(protocol);
    path += '/';
    return path += word;
}

std::optional<peer_path> parse_path(std::string_view target) {
    if (!target.starts_with(root)) return std::nullopt;
    target.remove_prefix(root.size());
    const auto slash = target.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto protocol = protocol_in(target.substr(0, slash));
    if (!protocol) return std::nullopt;
    target.remove_prefix(slash + 1);
    const auto mark = target.find('?');
    peer_path path{.protocol = *protocol, .word = target.substr(0, mark)};
    if (mark != std::string_view::npos) path.query = target.substr(mark + 1);
    if (path.word.empty() || path.word.contains('/')) return std::nullopt;
    return path;
}

std::string text_of(const protocol_range& range) {
    std::string text = std::to_string(range.oldest);
    if (range.newest != range.oldest) text += "-" + std::to_string(range.newest);
    return text;
}

std::optional<protocol_range> parse_protocols(std::string_view text) {
    const auto dash = text.find('-');
    const auto oldest = protocol_in(text.substr(0, dash));
    if (!oldest) return std::nullopt;
    if (dash == std::string_view::npos) return protocol_range{.oldest = *oldest, .newest = *oldest};
    const auto newest = protocol_in(text.substr(dash + 1));
    if (!newest || *newest <= *oldest) return std::nullopt;
    return protocol_range{.oldest = *oldest, .newest = *newest};
}

}  // namespace lode::frontend::peer
