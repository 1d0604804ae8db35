// frontend/peer/secret.h
//
// What all nodes of a cluster know and nobody else: whoever has it may read every cached byte.
//
//   Memory   Wiped on destruction; never copied. Nothing prints it.
//   Errors   One sentence for the operator, with the path and nothing of the content.
//   Limits   16 to 4,096 bytes, without the white space at the file's end. The file may be read and written
//            by its owner and group only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lode::frontend::peer {

inline constexpr std::size_t secret_length_min = 16;
inline constexpr std::size_t secret_length_max = 4096;

class secret {
  public:
    // Copies; the caller wipes its own.
    explicit secret(std::string_view text) : text_(text) {}
    ~secret();
    secret(const secret&) = delete;
    secret& operator=(const secret&) = delete;

    [[nodiscard]] std::span<const std::uint8_t> key() const {
        return {reinterpret_cast<const std::uint8_t*>(text_.data()), text_.size()};
    }

  private:
    std::string text_;
};

using secret_ptr = std::shared_ptr<const secret>;

// Blocks.
[[nodiscard]] std::expected<secret_ptr, std::string> load_secret(const std::string& path);

}  // namespace lode::frontend::peer
