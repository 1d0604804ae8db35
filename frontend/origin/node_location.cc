#include "frontend/origin/node_location.h"

namespace lode::frontend::origin {
namespace {

constexpr std::size_t name_length_max = 64;

void append_name(std::string_view name, std::string& out) {
    for (const char c : name.substr(0, name_length_max)) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        out += plain ? c : '_';
    }
}

}  // namespace

std::string node_location(std::string_view zone, std::string_view node) {
    std::string text = "zone=";
    append_name(zone, text);
    text += ";node=";
    append_name(node, text);
    return text;
}

}  // namespace lode::frontend::origin
