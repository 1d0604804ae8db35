#include "tools/lode-origin/storage/bucket_store.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include "tools/lode-origin/storage/key_path.h"

namespace lode::dev_origin {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t bucket_file_length_max = 4096;

}  // namespace

result<> bucket_store::create(const bucket_record& bucket) const {
    if (!is_bucket_name(bucket.name)) return fail(errc::invalid);
    // Made whole under a temporary name; a rename onto a bucket that has content fails.
    const std::string made = where_.temporary();
    for (const std::string& folder : {made, made + "/objects", made + "/uploads"}) {
        if (::mkdir(folder.c_str(), 0755) != 0) return fail_errno(errno);
    }
    const std::string text =
        std::to_string(bucket.created.time_since_epoch().count()) + "\n" + bucket.owner;
    auto written = write_small_file(made + "/bucket", made + "/bucket.new", text);
    if (written) written = rename_file(made, where_.bucket(bucket.name), replacing::refused);
    if (!written) {
        std::error_code ignored;
        fs::remove_all(made, ignored);
    }
    return written;
}

result<> bucket_store::remove(std::string_view name) const {
    if (!exists(name)) return fail(errc::not_found);
    // Without its folder of objects nothing can be stored in the bucket any more.
    if (::rmdir(where_.objects(name).c_str()) != 0) return fail_errno(errno);
    const std::string gone = where_.temporary();
    if (auto moved = rename_file(where_.bucket(name), gone, replacing::refused); !moved) {
        return moved;
    }
    std::error_code ignored;
    fs::remove_all(gone, ignored);
    return {};
}

result<bucket_record> bucket_store::find(std::string_view name) const {
    if (!is_bucket_name(name)) return fail(errc::not_found);
    const auto text = read_small_file(where_.bucket(name) + "/bucket", bucket_file_length_max);
    if (!text) return std::unexpected(text.error());
    std::int64_t seconds = 0;
    const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    if (failed != std::errc()) return fail(errc::corrupt);
    const auto line = text->find('\n');
    return bucket_record{
        .name = std::string(name),
        .owner = line == std::string::npos ? "" : text->substr(line + 1),
        .created = frontend::s3::http_seconds(std::chrono::seconds(seconds)),
    };
}

bool bucket_store::exists(std::string_view name) const {
    return is_bucket_name(name) && dev_origin::exists(where_.objects(name));
}

result<std::vector<bucket_record>> bucket_store::all() const {
    std::vector<bucket_record> found;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(where_.buckets(), failed)) {
        auto bucket = find(entry.path().filename().string());
        if (bucket) found.push_back(std::move(*bucket));
    }
    if (failed) return fail_errno(failed.value());
    std::ranges::sort(found, {}, &bucket_record::name);
    return found;
}

result<> bucket_store::set_visibility(std::string_view name, visibility v) const {
    if (!exists(name)) return fail(errc::not_found);
    const std::string marker = where_.bucket(name) + "/public";
    if (v == visibility::everybody_reads) return write_small_file(marker, where_.temporary(), "");
    if (::unlink(marker.c_str()) != 0 && errno != ENOENT) return fail_errno(errno);
    return {};
}

visibility bucket_store::visibility_of(std::string_view name) const {
    return is_bucket_name(name) && dev_origin::exists(where_.bucket(name) + "/public")
               ? visibility::everybody_reads
               : visibility::owner_only;
}

}  // namespace lode::dev_origin
