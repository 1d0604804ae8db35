#include "engine/runtime/file_device.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/assert.h"
#include "engine/base/log.h"
#include "engine/runtime/operations.h"

namespace lode::engine {
namespace {

constexpr bytes smallest_alignment{4096};

// What O_DIRECT wants of offsets, lengths and memory; at least a page, so that slots always fit.
bytes direct_alignment(int fd) {
    struct statx facts{};
    if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &facts) != 0 ||
        (facts.stx_mask & STATX_DIOALIGN) == 0) {
        return smallest_alignment;
    }
    return std::max(
        {smallest_alignment, bytes(facts.stx_dio_offset_align), bytes(facts.stx_dio_mem_align)});
}

// Grows a regular file to `wanted` with its blocks reserved, so that a later write cannot find it
// full.
result<bytes> grown(int fd, const struct stat& facts, bytes wanted) {
    const bytes present(static_cast<std::uint64_t>(facts.st_size));
    if (wanted == bytes(0)) return present;
    if (fallocate(fd, 0, 0, static_cast<off_t>(wanted.count())) == 0)
        return std::max(present, wanted);
    if (errno == EOPNOTSUPP) {
        if (present >= wanted || ftruncate(fd, static_cast<off_t>(wanted.count())) == 0) {
            return std::max(present, wanted);
        }
    }
    return fail(errno == ENOSPC || errno == EFBIG ? errc::no_space : errc::io, errno);
}

// All of the device, or as much of it as is wanted.
result<bytes> block_device_size(int fd, bytes wanted) {
    std::uint64_t size = 0;
    if (ioctl(fd, BLKGETSIZE64, &size) != 0) return fail_errno(errno);
    if (wanted > bytes(size)) return fail(errc::no_space);
    return wanted == bytes(0) ? bytes(size) : wanted;
}

// A file may be created. A block device must exist, and must not be in use: O_EXCL refuses one that
// is mounted.
int opening_flags(const device_file::options& o) {
    if (o.mode == device_file::options::access::read_only) return O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    struct stat facts{};
    const bool is_block = stat(o.path.c_str(), &facts) == 0 && S_ISBLK(facts.st_mode);
    return O_RDWR | O_CLOEXEC | (is_block ? O_EXCL : O_CREAT);
}

// The size that is used, after a file has grown to it.
result<bytes> settled_size(int fd, const device_file::options& o) {
    const bytes wanted = o.mode == device_file::options::access::read_only ? bytes(0) : o.size;
    const bool now = o.grow == device_file::options::growth::at_once;
    struct stat facts{};
    if (fstat(fd, &facts) != 0) return fail_errno(errno);
    if (S_ISREG(facts.st_mode)) return grown(fd, facts, now ? wanted : bytes(0));
    return S_ISBLK(facts.st_mode) ? block_device_size(fd, wanted) : fail(errc::invalid);
}

// A short transfer is an error.
result<> whole(const result<std::uint32_t>& moved, std::size_t length) {
    if (!moved) return std::unexpected(moved.error());
    if (*moved != length) return fail(errc::io, EIO);
    return {};
}

}  // namespace

bool lock_for_one(int fd) {
    using namespace std::chrono_literals;
    const auto until = std::chrono::steady_clock::now() + 1s;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(10ms);
    }
    return true;
}

result<std::shared_ptr<device_file>> device_file::open(const options& o) {
    auto made = std::shared_ptr<device_file>(new device_file);
    made->path_ = o.path;
    const int flags = opening_flags(o);
    made->fd_ = ::open(o.path.c_str(), flags | O_DIRECT, 0600);
    if (made->fd_ < 0 && errno == EINVAL) {
        if (o.direct == options::direct_io::required) return fail(errc::invalid, EINVAL);
        made->direct_ = false;
        made->fd_ = ::open(o.path.c_str(), flags, 0600);
    }
    if (made->fd_ < 0) return fail(errno == EBUSY ? errc::unavailable : errc::io, errno);
    if (o.mode == options::access::exclusive && !lock_for_one(made->fd_)) {
        return fail(errc::unavailable, EWOULDBLOCK);
    }
    const auto size = settled_size(made->fd_, o);
    if (!size) return std::unexpected(size.error());
    made->size_ = *size;
    made->polled_ = o.completion == io_completion::poll;
    if (!made->direct_) made->stop_polling({.code = errc::invalid, .sys = EINVAL});
    made->alignment_ = made->direct_ ? direct_alignment(made->fd_) : smallest_alignment;
    return made;
}

result<> device_file::reserve(bytes size) {
    struct stat facts{};
    if (fstat(fd_, &facts) != 0) return fail_errno(errno);
    if (!S_ISREG(facts.st_mode)) return {};
    const auto reserved = grown(fd_, facts, size);
    if (!reserved) return std::unexpected(reserved.error());
    size_ = *reserved;
    return {};
}

bool device_file::held_elsewhere() const {
    if (flock(fd_, LOCK_SH | LOCK_NB) != 0) return true;
    flock(fd_, LOCK_UN);
    return false;
}

device_file::~device_file() {
    if (fd_ >= 0) ::close(fd_);
}

void device_file::stop_polling(error why) {
    if (!polled_.exchange(false)) return;
    log::warning("{} cannot be polled ({}); its reads and writes end by interrupt instead.", path_,
                 describe(why));
}

file_device::file_device(std::shared_ptr<device_file> file) : file_(std::move(file)) {
    if (!file_->polled()) return;
    if (const auto opened = ring::current().polled()) {
        polled_ = *opened;
    } else {
        file_->stop_polling(opened.error());
    }
}

// Some file systems say no at once, some queues only when a transfer reaches the device.
bool file_device::refused(const result<std::uint32_t>& polled_transfer) {
    if (polled_transfer) return false;
    const error why = polled_transfer.error();
    if (why.sys != EOPNOTSUPP && why.sys != EINVAL) return false;
    file_->stop_polling(why);
    return true;
}

task<result<>> file_device::read(device_offset from, std::span<std::byte> into) {
    if (file_->polled()) {
        const auto got = co_await read_at(file_->fd(), into, from.value(), *polled_);
        if (!refused(got)) co_return whole(got, into.size());
    }
    co_return whole(co_await read_at(file_->fd(), into, from.value()), into.size());
}

task<result<>> file_device::write(device_offset to, std::span<const std::byte> from) {
    if (file_->polled()) {
        const auto put = co_await write_at(file_->fd(), from, to.value(), *polled_);
        if (!refused(put)) co_return whole(put, from.size());
    }
    co_return whole(co_await write_at(file_->fd(), from, to.value()), from.size());
}

task<result<>> file_device::flush() {
    auto done = co_await fsync(file_->fd(), sync_what::data);
    if (!done) co_return std::unexpected(done.error());
    co_return result<>{};
}

}  // namespace lode::engine
