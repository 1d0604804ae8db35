#include "tools/lode-origin/storage/files.h"

#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/assert.h"

namespace lode::dev_origin {
namespace {

std::unexpected<error> failure(int sys) {
    if (sys == ENOENT || sys == ENOTDIR) return fail(errc::not_found, sys);
    if (sys == ENOSPC || sys == EDQUOT) return fail(errc::no_space, sys);
    return fail_errno(sys);
}

}  // namespace

file_descriptor::~file_descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

result<file_descriptor> open_for_reading(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return failure(errno);
    return file_descriptor(fd);
}

result<> read_exactly(int fd, std::span<std::byte> into, std::uint64_t offset) {
    while (!into.empty()) {
        const ssize_t got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure(errno);
        if (got == 0) return fail(errc::corrupt);
        into = into.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
    return {};
}

result<std::string> read_small_file(const std::string& path, std::size_t length_max) {
    auto file = open_for_reading(path);
    if (!file) return std::unexpected(file.error());
    struct stat about{};
    if (::fstat(file->get(), &about) != 0) return failure(errno);
    const auto length = static_cast<std::size_t>(about.st_size);
    if (length > length_max) return fail(errc::too_large);
    std::string text(length, '\0');
    if (auto read = read_exactly(file->get(), std::as_writable_bytes(std::span(text)), 0); !read) {
        return std::unexpected(read.error());
    }
    return text;
}

result<> write_small_file(const std::string& path, const std::string& temporary,
                          std::string_view text) {
    const file_descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) return failure(errno);
    while (!text.empty()) {
        const ssize_t put = ::write(file.get(), text.data(), text.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) {
            const int why = errno;
            (void)::unlink(temporary.c_str());
            return failure(why);
        }
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    auto renamed = rename_file(temporary, path, replacing::allowed);
    if (!renamed) (void)::unlink(temporary.c_str());
    return renamed;
}

result<> rename_file(const std::string& from, const std::string& to, replacing r) {
    const unsigned flags = r == replacing::refused ? RENAME_NOREPLACE : 0;
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) return {};
    return failure(errno);
}

result<> make_folders(const std::string& base, std::string_view relative) {
    for (auto cut = relative.find('/'); cut != std::string_view::npos;
         cut = relative.find('/', cut + 1)) {
        const std::string folder = base + "/" + std::string(relative.substr(0, cut));
        if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return failure(errno);
    }
    return {};
}

void prune_folders(const std::string& base, std::string_view relative) {
    for (auto cut = relative.rfind('/'); cut != std::string_view::npos;
         cut = cut == 0 ? std::string_view::npos : relative.rfind('/', cut - 1)) {
        const std::string folder = base + "/" + std::string(relative.substr(0, cut));
        if (::rmdir(folder.c_str()) != 0) return;
    }
}

bool exists(const std::string& path) {
    struct stat about{};
    return ::lstat(path.c_str(), &about) == 0;
}

std::string random_name() {
    std::array<unsigned char, 16> raw{};
    const ssize_t got = ::getrandom(raw.data(), raw.size(), 0);
    LODE_ASSERT(got == static_cast<ssize_t>(raw.size()));
    constexpr std::string_view digits = "0123456789abcdef";
    std::string name;
    for (const unsigned char byte : raw) {
        name += digits[byte >> 4U];
        name += digits[byte & 15U];
    }
    return name;
}

}  // namespace lode::dev_origin
