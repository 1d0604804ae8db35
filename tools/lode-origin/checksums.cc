#include "tools/lode-origin/checksums.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include <openssl/evp.h>

#include "engine/base/assert.h"
#include "frontend/http/header.h"
#include "frontend/s3/percent.h"

namespace lode::dev_origin {
namespace {

constexpr std::array<std::pair<checksum_kind, std::string_view>, 5> headers = {{
    {checksum_kind::sha1, "x-amz-checksum-sha1"},
    {checksum_kind::sha256, "x-amz-checksum-sha256"},
    {checksum_kind::crc32, "x-amz-checksum-crc32"},
    {checksum_kind::crc32c, "x-amz-checksum-crc32c"},
    {checksum_kind::crc64nvme, "x-amz-checksum-crc64nvme"},
}};

// Slicing by eight (Kounavis and Berry, 2005) for a reflected CRC of up to 64 bits.
using crc_tables = std::array<std::array<std::uint64_t, 256>, 8>;

constexpr crc_tables tables_of(std::uint64_t reflected_polynomial) {
    crc_tables tables{};
    for (std::uint64_t byte = 0; byte < 256; ++byte) {
        std::uint64_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 1U) != 0 ? crc >> 1U ^ reflected_polynomial : crc >> 1U;
        }
        tables[0][byte] = crc;
    }
    for (std::size_t slice = 1; slice < 8; ++slice) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint64_t before = tables[slice - 1][byte];
            tables[slice][byte] = before >> 8U ^ tables[0][before & 0xFFU];
        }
    }
    return tables;
}

constexpr crc_tables crc32_tables = tables_of(0xEDB88320U);
constexpr crc_tables crc32c_tables = tables_of(0x82F63B78U);
constexpr crc_tables crc64nvme_tables = tables_of(0x9A6C9329AC4BC9B5U);

std::uint64_t advance(const crc_tables& tables, std::uint64_t crc,
                      std::span<const std::byte> data) {
    while (data.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, data.data(), sizeof word);
        word ^= crc;
        crc = tables[7][word & 0xFFU] ^ tables[6][word >> 8U & 0xFFU] ^
              tables[5][word >> 16U & 0xFFU] ^ tables[4][word >> 24U & 0xFFU] ^
              tables[3][word >> 32U & 0xFFU] ^ tables[2][word >> 40U & 0xFFU] ^
              tables[1][word >> 48U & 0xFFU] ^ tables[0][word >> 56U];
        data = data.subspan(8);
    }
    for (const std::byte byte : data) {
        crc = crc >> 8U ^ tables[0][(crc ^ std::to_integer<std::uint64_t>(byte)) & 0xFFU];
    }
    return crc;
}

const crc_tables* tables_for(checksum_kind kind) {
    switch (kind) {
        case checksum_kind::crc32: return &crc32_tables;
        case checksum_kind::crc32c: return &crc32c_tables;
        case checksum_kind::crc64nvme: return &crc64nvme_tables;
        default: return nullptr;
    }
}

const EVP_MD* digest_for(checksum_kind kind) {
    switch (kind) {
        case checksum_kind::md5: return EVP_md5();
        case checksum_kind::sha1: return EVP_sha1();
        case checksum_kind::sha256: return EVP_sha256();
        default: return nullptr;
    }
}

static_assert(std::endian::native == std::endian::little);

}  // namespace

std::string_view header_of(checksum_kind kind) {
    for (const auto& [k, name] : headers) {
        if (k == kind) return name;
    }
    return {};
}

std::optional<checksum_kind> checksum_of_header(std::string_view header_name) {
    for (const auto& [kind, name] : headers) {
        if (frontend::http::equal_ignoring_case(name, header_name)) return kind;
    }
    return std::nullopt;
}

void checksum::freer::operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }

checksum::checksum(checksum_kind kind) : kind_(kind) {
    if (tables_for(kind) != nullptr) {
        crc_ = kind == checksum_kind::crc64nvme ? ~std::uint64_t{0} : 0xFFFFFFFFU;
        return;
    }
    context_.reset(EVP_MD_CTX_new());
    LODE_ASSERT(context_ != nullptr);
    LODE_ASSERT(EVP_DigestInit_ex(context_.get(), digest_for(kind), nullptr) == 1);
}

void checksum::add(std::span<const std::byte> data) {
    if (const crc_tables* tables = tables_for(kind_)) {
        crc_ = advance(*tables, crc_, data);
        return;
    }
    LODE_ASSERT(EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1);
}

std::string checksum::finish() {
    if (tables_for(kind_) != nullptr) {
        const std::size_t length = kind_ == checksum_kind::crc64nvme ? 8 : 4;
        const std::uint64_t value = ~crc_;
        std::string raw(length, '\0');
        for (std::size_t i = 0; i < length; ++i) {
            raw[length - 1 - i] = static_cast<char>(value >> (8 * i) & 0xFFU);
        }
        return raw;
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
    unsigned length = 0;
    LODE_ASSERT(EVP_DigestFinal_ex(context_.get(), raw.data(), &length) == 1);
    return {reinterpret_cast<const char*>(raw.data()), length};
}

std::string to_hex(std::string_view raw) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : raw) {
        const auto byte = static_cast<unsigned char>(c);
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string raw;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const auto high = frontend::s3::hex_digit(text[i]);
        const auto low = frontend::s3::hex_digit(text[i + 1]);
        if (!high || !low) return std::nullopt;
        raw += static_cast<char>(*high << 4U | *low);
    }
    return raw;
}

std::string to_base64(std::string_view raw) {
    std::string text((raw.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(raw.data()),
                                       static_cast<int>(raw.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    constexpr std::size_t length_max = 64 << 10;
    if (text.empty() || text.size() % 4 != 0 || text.size() > length_max) return std::nullopt;
    std::string raw(text.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(raw.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    raw.resize(static_cast<std::size_t>(length));
    const auto padded = text.size() - std::min(text.size(), text.find_last_not_of('=') + 1);
    if (padded > 2) return std::nullopt;
    raw.resize(raw.size() - padded);
    // OpenSSL overlooks misplaced padding and bits that nobody would write.
    if (to_base64(raw) != text) return std::nullopt;
    return raw;
}

}  // namespace lode::dev_origin
