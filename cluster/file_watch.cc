#include "cluster/file_watch.h"

#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lode::cluster {
namespace {

class descriptor {
  public:
    explicit descriptor(const std::string& path)
        : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    ~descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
};

result<std::string> read_all(int fd, bytes most) {
    // One byte more than allowed tells a file that is too long from one that just fits.
    std::string text;
    while (text.size() <= most.count()) {
        constexpr std::size_t step = std::size_t{64} << 10U;
        const std::size_t length = text.size();
        text.resize(length + step);
        const ssize_t got = ::read(fd, text.data() + length, step);
        text.resize(length + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(errno);
        if (got == 0) return text;
    }
    return fail(errc::too_large);
}

}  // namespace

result<std::optional<std::string>> file_watch::look() {
    struct stat found{};
    const descriptor file(path_);
    if (file.fd() < 0 || ::fstat(file.fd(), &found) != 0) {
        const int failed = errno;
        seen_.reset();
        text_.reset();
        return fail_errno(failed);
    }
    const file_mark now{.inode = found.st_ino,
                        .size = static_cast<std::uint64_t>(found.st_size),
                        .modified_s = found.st_mtim.tv_sec,
                        .modified_ns = found.st_mtim.tv_nsec};
    if (seen_ == now && settled_) return std::optional<std::string>();
    auto text = read_all(file.fd(), most_);
    if (!text) {
        seen_.reset();
        text_.reset();
        return std::unexpected(text.error());
    }
    seen_ = now;
    settled_ = now.is_settled(std::chrono::system_clock::now());
    if (text_ == *text) return std::optional<std::string>();
    text_ = std::move(*text);
    return text_;
}

}  // namespace lode::cluster
