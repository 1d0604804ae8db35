#include "tools/lode-origin/storage/upload_store.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>

namespace lode::dev_origin {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view part_prefix = "part.";

// Only names that random_name() makes ever become part of a path.
bool is_upload_id(std::string_view id) {
    return id.size() == 32 && std::ranges::all_of(id, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

std::string part_name(std::uint32_t number) { return fmt::format("{}{:05}", part_prefix, number); }

std::optional<std::uint32_t> part_number_of(std::string_view file_name) {
    if (!file_name.starts_with(part_prefix)) return std::nullopt;
    file_name.remove_prefix(part_prefix.size());
    std::uint32_t number = 0;
    const auto [end, failed] =
        std::from_chars(file_name.data(), file_name.data() + file_name.size(), number);
    if (failed != std::errc() || end != file_name.data() + file_name.size()) return std::nullopt;
    return number;
}

}  // namespace

engine::task<result<std::string>> upload_store::begin(std::string bucket,
                                                      object_record record) const {
    const std::string made = where_.temporary();
    if (::mkdir(made.c_str(), 0755) != 0) co_return fail_errno(errno);
    const std::string id = random_name();

    auto writer = object_writer::create(made + "/upload.new");
    if (!writer) co_return std::unexpected(writer.error());
    auto done = co_await writer->finish(record, durability::process_crash);
    if (done) done = writer->publish(made + "/upload");
    if (done) done = rename_file(made, where_.upload(bucket, id), replacing::refused);
    if (done) co_return id;

    std::error_code ignored;
    fs::remove_all(made, ignored);
    if (done.error().code == errc::not_found) co_return fail(errc::unavailable);
    co_return std::unexpected(done.error());
}

result<object_record> upload_store::find(std::string_view bucket, std::string_view id) const {
    if (!is_upload_id(id)) return fail(errc::not_found);
    auto opened = open_object(where_.upload(bucket, id) + "/upload");
    if (!opened) return std::unexpected(opened.error());
    return std::move(opened->record);
}

result<std::vector<upload>> upload_store::all(std::string_view bucket) const {
    std::vector<upload> found;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(where_.uploads(bucket), failed)) {
        std::string id = entry.path().filename().string();
        auto record = find(bucket, id);
        if (record) found.push_back({.id = std::move(id), .record = std::move(*record)});
    }
    if (failed) return fail_errno(failed.value());
    std::ranges::sort(found, [](const upload& a, const upload& b) {
        return a.record.key == b.record.key ? a.id < b.id : a.record.key < b.record.key;
    });
    return found;
}

result<> upload_store::remove(std::string_view bucket, std::string_view id) const {
    if (!is_upload_id(id)) return fail(errc::not_found);
    const std::string gone = where_.temporary();
    auto moved = rename_file(where_.upload(bucket, id), gone, replacing::refused);
    if (!moved) return moved;
    std::error_code ignored;
    fs::remove_all(gone, ignored);
    return {};
}

result<> upload_store::publish_part(std::string_view bucket, std::string_view id,
                                    std::uint32_t number, object_writer& finished) const {
    if (!is_upload_id(id)) return fail(errc::not_found);
    return finished.publish(where_.upload(bucket, id) + "/" + part_name(number));
}

result<opened_object> upload_store::open_part(std::string_view bucket, std::string_view id,
                                              std::uint32_t number) const {
    if (!is_upload_id(id)) return fail(errc::not_found);
    return open_object(where_.upload(bucket, id) + "/" + part_name(number));
}

result<std::vector<std::uint32_t>> upload_store::part_numbers(std::string_view bucket,
                                                              std::string_view id) const {
    if (!is_upload_id(id)) return fail(errc::not_found);
    std::vector<std::uint32_t> numbers;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(where_.upload(bucket, id), failed)) {
        if (const auto number = part_number_of(entry.path().filename().string())) {
            numbers.push_back(*number);
        }
    }
    if (failed) return fail(errc::not_found, failed.value());
    std::ranges::sort(numbers);
    return numbers;
}

}  // namespace lode::dev_origin
