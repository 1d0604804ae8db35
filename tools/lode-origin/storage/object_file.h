// tools/lode-origin/storage/object_file.h
//
// One stored object is one file: its data, its record, a footer. It is written under a temporary
// name and gets its own name by one rename, so it is there whole or not at all; whoever has opened
// it keeps reading that version, whatever is renamed over it later.
//
//   Core     One. Data moves through the core's ring; opening, renaming and the few kilobytes of
//            record are blocking calls.
//   Memory   The record. Data passes through the caller's buffers.
//   Errors   not_found, no_space, corrupt (no sound footer), or the kernel's errno.
//   Lifetime A writer that is destroyed before publish() leaves nothing behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/units.h"
#include "engine/runtime/task.h"
#include "tools/lode-origin/storage/files.h"
#include "tools/lode-origin/storage/record.h"

namespace lode::dev_origin {

struct opened_object {
    file_descriptor file;
    object_record record;
};

[[nodiscard]] result<opened_object> open_object(const std::string& path);

// At least one byte of the object's data from `from` on. The caller stays within record.size.
engine::task<result<std::size_t>> read_some(int fd, std::span<std::byte> into, object_offset from);

enum class durability : std::uint8_t { process_crash, power_loss };

class object_writer {
  public:
    [[nodiscard]] static result<object_writer> create(const std::string& temporary_path);
    ~object_writer();
    object_writer(object_writer&& other) noexcept
        : file_(std::move(other.file_)),
          path_(std::exchange(other.path_, {})),
          written_(other.written_),
          finished_(other.finished_) {}
    object_writer& operator=(object_writer&&) = delete;

    // Runs of zeros become holes.
    engine::task<result<>> append(std::span<const std::byte> data);

    // `length` bytes of another object's data, by way of `buffer`.
    engine::task<result<>> append_from(int fd, object_offset from, bytes length,
                                       std::span<std::byte> buffer);

    // Writes record and footer; record.size must be what was appended. With `power_loss` everything
    // is on the device when it returns.
    engine::task<result<>> finish(const object_record& record, durability d);

    // Gives the file its name. Only after finish().
    [[nodiscard]] result<> publish(const std::string& path);

    [[nodiscard]] bytes written() const { return written_; }

  private:
    object_writer(file_descriptor file, std::string path)
        : file_(std::move(file)), path_(std::move(path)) {}

    engine::task<result<>> write_all(std::span<const std::byte> data, std::uint64_t offset) const;

    file_descriptor file_;
    std::string path_;  // empty once published or moved from
    bytes written_;
    bool finished_ = false;
};

}  // namespace lode::dev_origin
