#include "tools/lode/small_file.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "tools/lode/descriptor.h"

namespace lode::tools {
result<std::string> read_small_file(const std::string& path, bytes most) {
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(errno);

    // One byte more than allowed tells a file that is too long from one that just fits.
    std::string text(most.count() + 1, '\0');
    std::size_t length = 0;
    while (length < text.size()) {
        const ssize_t got = ::read(file.fd(), text.data() + length, text.size() - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(errno);
        if (got == 0) break;
        length += static_cast<std::size_t>(got);
    }
    if (length > most.count()) return fail(errc::too_large);
    text.resize(length);
    return text;
}

}  // namespace lode::tools
