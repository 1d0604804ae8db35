#include "frontend/s3/percent.h"

#include <array>

namespace lode::frontend::s3 {
namespace {

// The next decoded byte of `text` at `at`, which moves behind it; nothing when it is broken.
std::optional<char> decode_one(std::string_view text, plus_sign plus, std::size_t& at) {
    const char c = text[at++];
    if (c == '+' && plus == plus_sign::space) return ' ';
    if (c != '%') return c;
    if (text.size() - at < 2) return std::nullopt;
    const auto high = hex_digit(text[at]);
    const auto low = hex_digit(text[at + 1]);
    if (!high || !low) return std::nullopt;
    at += 2;
    return static_cast<char>(*high << 4U | *low);
}

constexpr std::array<bool, 256> unreserved_table() {
    std::array<bool, 256> table{};
    for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
    for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
    for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
    for (const char c : {'-', '.', '_', '~'}) table[static_cast<unsigned char>(c)] = true;
    return table;
}

constexpr auto unreserved = unreserved_table();

void encode_one(char c, slash slashes, std::string& out) {
    const auto byte = static_cast<unsigned char>(c);
    if (unreserved[byte] || (c == '/' && slashes == slash::keep)) {
        out += c;
        return;
    }
    constexpr std::string_view digits = "0123456789ABCDEF";
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
}

}  // namespace

result<void> percent_decode(std::string_view text, plus_sign plus, std::string& out) {
    const std::size_t before = out.size();
    for (std::size_t at = 0; at < text.size();) {
        const auto byte = decode_one(text, plus, at);
        if (!byte) {
            out.resize(before);
            return fail(errc::invalid);
        }
        out += *byte;
    }
    return {};
}

result<std::string_view> percent_decode(std::string_view text, plus_sign plus,
                                        std::span<char> buffer) {
    std::size_t used = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto byte = decode_one(text, plus, at);
        if (!byte) return fail(errc::invalid);
        if (used == buffer.size()) return fail(errc::too_large);
        buffer[used++] = *byte;
    }
    return std::string_view(buffer.data(), used);
}

void percent_encode(std::string_view text, slash slashes, std::string& out) {
    for (const char c : text) encode_one(c, slashes, out);
}

result<void> percent_recode(std::string_view text, plus_sign plus, slash slashes,
                            std::string& out) {
    const std::size_t before = out.size();
    for (std::size_t at = 0; at < text.size();) {
        const auto byte = decode_one(text, plus, at);
        if (!byte) {
            out.resize(before);
            return fail(errc::invalid);
        }
        encode_one(*byte, slashes, out);
    }
    return {};
}

std::optional<std::uint8_t> hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
    return std::nullopt;
}

}  // namespace lode::frontend::s3
