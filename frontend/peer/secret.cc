#include "frontend/peer/secret.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontend/s3/digest.h"

namespace lode::frontend::peer {
namespace {

std::unexpected<std::string> cannot_read(const std::string& path, int why) {
    return std::unexpected(
        fmt::format("{}: cannot be read: {}", path, std::generic_category().message(why)));
}

bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Reads until the end or until `into` is full; negative: the errno of what failed.
ssize_t read_all(int fd, std::span<char> into) {
    std::size_t length = 0;
    while (length < into.size()) {
        const ssize_t got = ::read(fd, into.data() + length, into.size() - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        if (got == 0) break;
        length += static_cast<std::size_t>(got);
    }
    return static_cast<ssize_t>(length);
}

std::expected<secret_ptr, std::string> read_open_file(int fd, const std::string& path) {
    struct stat found{};
    if (::fstat(fd, &found) != 0) return cannot_read(path, errno);
    if (!S_ISREG(found.st_mode)) {
        return std::unexpected(fmt::format("{}: expected a file that holds the secret", path));
    }
    if ((found.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        return std::unexpected(fmt::format(
            "{}: every user of this host may use the secret; run `chmod 600` on it", path));
    }
    // Room for a line's end, and for one byte more than allowed, which tells a file that is too long.
    std::array<char, secret_length_max + 3> buffer;
    const ssize_t got = read_all(fd, buffer);
    if (got < 0) return cannot_read(path, static_cast<int>(-got));
    std::string_view text(buffer.data(), static_cast<std::size_t>(got));
    while (!text.empty() && is_white(text.back())) text.remove_suffix(1);
    secret_ptr made;
    if (text.size() >= secret_length_min && text.size() <= secret_length_max) {
        made = std::make_shared<const secret>(text);
    }
    s3::wipe({reinterpret_cast<std::uint8_t*>(buffer.data()), buffer.size()});
    if (made != nullptr) return made;
    return std::unexpected(fmt::format("{}: expected a secret of {} to {} bytes", path,
                                       secret_length_min, secret_length_max));
}

}  // namespace

std::expected<secret_ptr, std::string> load_secret(const std::string& path) {
    // A pipe would make us wait for its writer.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return cannot_read(path, errno);
    auto made = read_open_file(fd, path);
    ::close(fd);
    return made;
}

secret::~secret() { s3::wipe(text_); }

}  // namespace lode::frontend::peer
