// tools/lode-origin/storage/files.h
//
// Descriptors that close themselves, and the few blocking calls on names that the stores share.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/error.h"

namespace lode::dev_origin {

class file_descriptor {
  public:
    file_descriptor() = default;
    explicit file_descriptor(int fd) : fd_(fd) {}
    ~file_descriptor();
    file_descriptor(file_descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    file_descriptor& operator=(file_descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    file_descriptor(const file_descriptor&) = delete;
    file_descriptor& operator=(const file_descriptor&) = delete;

    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_ = -1;
};

// not_found when there is no such file; everything else as its errno.
[[nodiscard]] result<file_descriptor> open_for_reading(const std::string& path);
[[nodiscard]] result<std::string> read_small_file(const std::string& path, std::size_t length_max);
// Replaces `path` in one step, by way of a file called `temporary`.
[[nodiscard]] result<> write_small_file(const std::string& path, const std::string& temporary,
                                        std::string_view text);
[[nodiscard]] result<> read_exactly(int fd, std::span<std::byte> into, std::uint64_t offset);

enum class replacing : std::uint8_t { allowed, refused };
// With `refused` an existing target is EEXIST. not_found when a folder of the target is missing.
[[nodiscard]] result<> rename_file(const std::string& from, const std::string& to, replacing r);

// Makes the folders between `base`, which must exist, and base/relative's last component.
// not_found when base does not exist.
[[nodiscard]] result<> make_folders(const std::string& base, std::string_view relative);
// Removes the folders of base/relative that have become empty, innermost first; never base.
void prune_folders(const std::string& base, std::string_view relative);

[[nodiscard]] bool exists(const std::string& path);

// 32 hexadecimal digits from the kernel's generator.
[[nodiscard]] std::string random_name();

}  // namespace lode::dev_origin
