#include "tools/lode-origin/storage/layout.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>

#include "engine/base/assert.h"
#include "tools/lode-origin/storage/key_path.h"

namespace lode::dev_origin {

result<layout> layout::open(const std::string& root, directory_use use) {
    namespace fs = std::filesystem;
    std::error_code failed;
    const std::string path = fs::absolute(root, failed).lexically_normal().string();
    if (failed || path.size() > root_path_length_max) return fail(errc::invalid);
    if (use == directory_use::reader) {
        if (!fs::is_directory(path + "/buckets", failed)) return fail(errc::not_found);
        return layout(path, file_descriptor());
    }
    fs::create_directories(path + "/buckets", failed);
    if (failed) return fail_errno(failed.value());
    fs::create_directories(path + "/temporary", failed);
    if (failed) return fail_errno(failed.value());

    file_descriptor lock(::open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (lock.get() < 0) return fail_errno(errno);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return fail(errc::unavailable, errno);

    for (const auto& left : fs::directory_iterator(path + "/temporary", failed)) {
        fs::remove_all(left.path(), failed);
    }
    return layout(path, std::move(lock));
}

std::string layout::bucket(std::string_view name) const {
    LODE_ASSERT(is_bucket_name(name));
    return buckets().append("/").append(name);
}

std::string layout::objects(std::string_view bucket_name) const {
    return bucket(bucket_name) + "/objects";
}

std::string layout::uploads(std::string_view bucket_name) const {
    return bucket(bucket_name) + "/uploads";
}

std::string layout::upload(std::string_view bucket_name, std::string_view id) const {
    return uploads(bucket_name).append("/").append(id);
}

}  // namespace lode::dev_origin
