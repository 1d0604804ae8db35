#include "tools/lode/resume_file.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "frontend/s3/percent.h"

namespace lode::tools {
namespace {

constexpr std::size_t length_max = std::size_t{1} << 30U;

std::expected<std::string, int> read_all(int fd) {
    std::string text;
    std::array<char, 65536> piece{};
    while (true) {
        const ssize_t got = ::read(fd, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::unexpected(errno);
        if (got == 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.size() > length_max) return std::unexpected(EFBIG);
    }
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

std::expected<resume_file, std::string> resume_file::open(const std::string& path,
                                                          std::string_view subject) {
    const auto cannot = [&](int sys) {
        return std::unexpected(fmt::format("{} cannot be used to resume from: {}.", path,
                                           std::generic_category().message(sys)));
    };
    resume_file made(
        descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644)));
    if (!made.file_) return cannot(errno);
    const auto text = read_all(made.file_.fd());
    if (!text) return cannot(text.error());

    const std::string title = fmt::format("lode warm {}\n", subject);
    const auto whole = text->rfind('\n') + 1;  // 0 where there is no whole line
    std::string_view rest = std::string_view(*text).substr(0, whole);
    if (whole == 0 && title.starts_with(*text)) {
        if (::ftruncate(made.file_.fd(), 0) != 0) return cannot(errno);
        if (!write_all(made.file_.fd(), title)) return cannot(errno);
        return made;
    }
    if (!rest.starts_with(title)) {
        return std::unexpected(fmt::format(
            "{} is not of this `lode warm {}`: give another file, or remove it.", path, subject));
    }
    if (whole < text->size() && ::ftruncate(made.file_.fd(), static_cast<off_t>(whole)) != 0) {
        return cannot(errno);
    }
    rest.remove_prefix(title.size());
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        std::string key;
        if (frontend::s3::percent_decode(rest.substr(0, end), frontend::s3::plus_sign::literal,
                                         key)) {
            made.done_.insert(std::move(key));
        }
        rest.remove_prefix(end + 1);
    }
    return made;
}

bool resume_file::add(std::string_view key) {
    std::string line;
    frontend::s3::percent_encode(key, frontend::s3::slash::keep, line);
    return write_all(file_.fd(), line += '\n');
}

}  // namespace lode::tools
