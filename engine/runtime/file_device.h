// engine/runtime/file_device.h
//
// A block_device over a file or a block device of the kernel, with O_DIRECT through the core's
// ring.
//
//   Core    open_file() may run anywhere (it blocks, at start); each core makes its own file_device
//           over the shared descriptor.
//   Errors  As block_device.h says. Where the kernel or the file refuses to be polled, transfers
//           are repeated and go on by interrupt, and the operator is warned.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "engine/runtime/block_device.h"
#include "engine/runtime/ring.h"

namespace lode::engine {

// Blocks. Whether the file could be had for this process alone. A process that was killed keeps its
// lock until its last writes have reached the device, so this waits for a second before it says no.
[[nodiscard]] bool lock_for_one(int fd);

// An opened cache file: exclusively locked, or only to be looked at. Shared by the cores' file_devices.
class device_file {
  public:
    struct options {
        std::string path;
        // A regular file is created or grown to this, with its space reserved; of a block device
        // this much is used, or all of it when 0.
        bytes size;
        enum class growth : std::uint8_t { at_once, by_reserve } grow = growth::at_once;
        enum class direct_io : std::uint8_t { required, preferred } direct = direct_io::preferred;
        // read_only changes nothing, takes no lock and succeeds beside a running server; `size` then
        // means nothing.
        enum class access : std::uint8_t { exclusive, read_only } mode = access::exclusive;
        io_completion completion = io_completion::interrupt;
    };

    // Blocks. unavailable when another process holds it (EBUSY: it is mounted); no_space when the
    // space cannot be reserved; invalid when O_DIRECT is required and refused, or the path is
    // neither a file nor a block device.
    [[nodiscard]] static result<std::shared_ptr<device_file>> open(const options& o);
    ~device_file();
    device_file(const device_file&) = delete;
    device_file& operator=(const device_file&) = delete;

    // Grows a file that was opened with growth::by_reserve. Blocks. no_space as open().
    [[nodiscard]] result<> reserve(bytes size);

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] bytes size() const { return size_; }
    [[nodiscard]] bytes alignment() const { return alignment_; }
    // False where the file system refused O_DIRECT: reads then go through the page cache.
    [[nodiscard]] bool direct() const { return direct_; }
    [[nodiscard]] const std::string& path() const { return path_; }

    // Of a file that was opened read_only: whether a process has it for its own at this moment.
    // Whoever wants it for its own in that same instant may be refused.
    [[nodiscard]] bool held_elsewhere() const;

    // Whether transfers are polled: when it was asked for, and until it is refused.
    [[nodiscard]] bool polled() const { return polled_.load(std::memory_order_relaxed); }
    // On any core. Warns, once.
    void stop_polling(error why);

  private:
    device_file() = default;

    std::string path_;
    int fd_ = -1;
    bytes size_;
    bytes alignment_{4096};
    bool direct_ = true;
    std::atomic<bool> polled_{false};  // one core's refusal spares the others theirs
};

class file_device final : public block_device {
  public:
    explicit file_device(std::shared_ptr<device_file> file);

    task<result<>> read(device_offset from, std::span<std::byte> into) override;
    task<result<>> write(device_offset to, std::span<const std::byte> from) override;
    task<result<>> flush() override;
    [[nodiscard]] bytes size() const override { return file_->size(); }
    [[nodiscard]] bytes alignment() const override { return file_->alignment(); }

  private:
    [[nodiscard]] bool refused(const result<std::uint32_t>& polled_transfer);

    std::shared_ptr<device_file> file_;
    ring* polled_ = nullptr;  // where the file asks for it
};

}  // namespace lode::engine
