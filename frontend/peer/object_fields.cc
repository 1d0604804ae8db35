#include "frontend/peer/object_fields.h"

namespace lode::frontend::peer {
namespace {

constexpr std::size_t bucket_max = 255;
constexpr std::size_t key_max = 1024;
constexpr std::size_t version_max = 1024;
constexpr std::size_t etag_max = 256;

}  // namespace

bool fits(const origin::object_name& name) {
    return name.bucket.size() <= bucket_max && name.key.size() <= key_max &&
           name.version_id.size() <= version_max;
}

void write_name(field_writer& fields, const origin::object_name& name) {
    fields.add("bucket", name.bucket).add("key", name.key).add_some("version", name.version_id);
}

origin::object_name read_name(field_reader& fields) {
    using enum field_reader::may_be;
    origin::object_name name;
    name.bucket = fields.text("bucket", bucket_max);
    name.key = fields.raw_text("key", key_max);
    name.version_id = fields.text("version", version_max, empty);
    return name;
}

bool fits(const named_content& c) {
    return fits(c.name) && c.stored_version.size() <= version_max && c.etag.size() <= etag_max;
}

void write_content(field_writer& fields, const named_content& c) {
    write_name(fields, c.name);
    fields.add_some("stored", c.stored_version).add("etag", c.etag);
}

void read_content(field_reader& fields, origin::object_name& name, std::string& stored_version,
                  std::string& etag) {
    using enum field_reader::may_be;
    name = read_name(fields);
    stored_version = fields.text("stored", version_max, empty);
    etag = fields.text("etag", etag_max);
}

}  // namespace lode::frontend::peer
